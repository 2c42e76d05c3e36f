// Owns what messages of one shape meet at readers of another: one direction, every codec.
// Never says how bad it is: that depends on who is older, and is told in compat.

import type { Fault, Healing } from './change.ts'
import { decimalFaults } from './decimal-faults.ts'
import { linked, resolved } from './link.ts'
import { lengthFaults, logicalFaults } from './logical-faults.ts'
import { pointerStep } from './names.ts'
import { isPlainInt, isWrapped, protoScalar } from './proto-types.ts'
import type {
  EnumShape,
  FieldShape,
  FloatShape,
  IntShape,
  RecordShape,
  Shape,
  UnionShape,
} from './shape.ts'

type Codec = Fault['codec']

const maxSteps = 1_000_000

/** Collects faults; `said` says one. */
class Walk {
  readonly faults: Fault[] = []
  readonly #seen = new Map<Shape, Set<Shape>>()
  #left = maxSteps

  /**
   * Have the two met before, at a place that is told of already? Only asked where one of them
   * stands for what is around it: there the walk would not end.
   */
  hasSeen(writer: Shape, reader: Shape): boolean {
    return this.#seen.get(writer)?.has(reader) === true || --this.#left < 0
  }

  see(writer: Shape, reader: Shape): void {
    this.#left--
    const known = this.#seen.get(writer) ?? new Set()
    this.#seen.set(writer, known.add(reader))
  }

  /** Was there more to compare than a contract that a person wrote can have? */
  get isEndless(): boolean {
    return this.#left < 0
  }

  found(path: string, told: readonly Omit<Fault, 'path'>[]): void {
    for (const fault of told) this.faults.push({ path, ...fault })
  }

  said(path: string, codec: Codec, healing: Healing, reason: string): void {
    this.faults.push({ path, codec, healing, reason })
  }
}

/** All that messages of `writer` meet at readers that hold `reader`; empty when nothing. */
export function faultsBetween(writer: Shape, reader: Shape): readonly Fault[] {
  const walk = new Walk()
  compare(walk, linked(writer), linked(reader), '')
  if (walk.isEndless) walk.said('', 'all', 'none', 'its types contain each other too often')
  return walk.faults
}

/** May it be missing from a message? Senders may leave out what has a default. */
function mayBeAbsent(field: FieldShape): boolean {
  return field.optional || field.nullable || field.fallback !== undefined
}

function compare(walk: Walk, from: Shape, to: Shape, path: string): void {
  const [writer, reader] = [resolved(from), resolved(to)]
  if ((from !== writer || to !== reader) && walk.hasSeen(writer, reader)) return
  walk.see(writer, reader)
  if (writer.kind !== reader.kind) {
    // In one order, so that both directions say the same.
    const names = [nameOf(writer), nameOf(reader)].sort()
    walk.said(path, 'all', 'none', `${names.join(' and ')} are two types`)
  } else if (writer.kind === 'int' && reader.kind === 'int') {
    compareInt(walk, writer, reader, path)
  } else if (writer.kind === 'enum' && reader.kind === 'enum') {
    compareEnum(walk, writer, reader, path)
  } else if (writer.kind === 'record' && reader.kind === 'record') {
    compareRecord(walk, writer, reader, path)
  } else if (writer.kind === 'union' && reader.kind === 'union') {
    compareUnion(walk, writer, reader, path)
  } else if (writer.kind === 'float' && reader.kind === 'float') {
    compareFloat(walk, writer, reader, path)
  } else if (writer.kind === 'list' && reader.kind === 'list') {
    compareBounds(walk, writer, reader, path, 'items', ['minItems', 'maxItems'])
    if (writer.packed !== reader.packed) {
      walk.said(path, 'protobuf', 'not needed', 'numbers are packed by one side alone')
    }
    compare(walk, writer.items, reader.items, `${path}/[]`)
  } else if (writer.kind === 'map' && reader.kind === 'map') {
    compare(walk, writer.values, reader.values, `${path}/{}`)
  } else if (writer.kind === 'string' && reader.kind === 'string') {
    walk.found(path, logicalFaults(writer, reader))
    compareBounds(walk, writer, reader, path, 'characters', ['minLength', 'maxLength'])
    if (reader.pattern !== undefined && reader.pattern !== writer.pattern) {
      const healing = writer.pattern === undefined ? 'by bounds' : 'none'
      walk.said(path, 'all', healing, `text need not match the reader's ${reader.pattern}`)
    }
  } else if (writer.kind === 'bytes' && reader.kind === 'bytes') {
    walk.found(path, logicalFaults(writer, reader))
    compareBounds(walk, writer, reader, path, 'bytes', ['maxLength'])
    walk.found(path, lengthFaults(writer, reader))
  } else if (writer.kind === 'decimal' && reader.kind === 'decimal') {
    walk.found(path, decimalFaults(writer, reader))
  }
}

function nameOf(shape: Shape): string {
  if (shape.kind === 'int') return shape.bigint ? 'bigint' : `int${shape.bits}`
  return shape.kind === 'float' ? `float${shape.bits}` : shape.kind
}

function boundOf(shape: Shape, key: string): unknown {
  return (shape as unknown as Readonly<Record<string, unknown>>)[key]
}

/** The least and the most that a type allows by itself; counts and lengths begin at 0. */
function ownRange(shape: Shape): readonly [least: number, most: number] {
  if (shape.kind === 'float') return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  if (shape.kind !== 'int') return [0, Number.POSITIVE_INFINITY]
  const most = shape.bigint ? 2 ** 63 : shape.bits === 32 ? 2 ** 31 : 2 ** 53
  // 2^53 itself is no safe integer, on neither side.
  return shape.bits === 64 && !shape.bigint ? [1 - most, most - 1] : [-most, most - 1]
}

/** Reader's bounds that are narrower than the writer's; keys come as least, most. */
function compareBounds(
  walk: Walk,
  writer: Shape,
  reader: Shape,
  path: string,
  unit: string,
  keys: readonly string[],
): void {
  for (const key of keys) {
    const [given, taken] = [boundOf(writer, key), boundOf(reader, key)]
    if (typeof taken !== 'number') continue
    const isLeast = key.startsWith('min')
    const bound = typeof given === 'number' ? given : ownRange(writer)[isLeast ? 0 : 1]
    if (isLeast ? bound >= taken : bound <= taken) continue
    const text = `the reader takes ${isLeast ? 'at least' : 'at most'} ${taken} ${unit}`
    const other = typeof given === 'number' ? String(given) : 'no bound'
    walk.said(path, 'all', 'by bounds', `${text.trimEnd()}, the writer has ${other}`)
  }
}

function compareInt(walk: Walk, writer: IntShape, reader: IntShape, path: string): void {
  const isWider = writer.bits > reader.bits
  if (writer.bigint !== reader.bigint || (isWider && !fits32(writer))) {
    walk.said(path, 'all', 'none', `${nameOf(writer)} is no ${nameOf(reader)}`)
    return
  }
  if (isWider) walk.said(path, 'avro', 'not needed', 'other Avro readers refuse a long for an int')
  const [from, to] = [protoScalar(writer), protoScalar(reader)]
  // Plain varints of 32 and 64 bits are the same bytes, and so are those with zigzag.
  const isSame = from === to || (isVarint(from) && isVarint(to) && isAlike(writer, reader))
  if (!isSame) walk.said(path, 'protobuf', 'by shape', `${from} is not read as ${to}`)
  walk.found(path, logicalFaults(writer, reader))
  compareBounds(walk, writer, reader, path, '', ['minimum', 'maximum'])
}

/** Do its own bounds keep it within 32 bits? */
function fits32({ minimum, maximum }: IntShape): boolean {
  return (minimum ?? -(2 ** 53)) >= -(2 ** 31) && (maximum ?? 2 ** 53) < 2 ** 31
}

function isVarint(type: string | undefined): boolean {
  return type !== undefined && !type.includes('fixed')
}

function isAlike(a: IntShape, b: IntShape): boolean {
  return isPlainInt(a) === isPlainInt(b)
}

function compareFloat(walk: Walk, writer: FloatShape, reader: FloatShape, path: string): void {
  if (writer.bits > reader.bits) {
    walk.said(path, 'all', 'none', 'float64 loses digits as float32')
  } else if (writer.bits < reader.bits) {
    walk.said(path, 'protobuf', 'by shape', 'float is not read as double')
  }
  compareBounds(walk, writer, reader, path, '', ['minimum', 'maximum'])
}

function compareEnum(walk: Walk, writer: EnumShape, reader: EnumShape, path: string): void {
  compareTypeNames(walk, writer, reader, path)
  const numbers = new Map(reader.symbols.map((symbol, index) => [symbol, reader.numbers[index]]))
  const owners = new Map(reader.symbols.map((symbol, index) => [reader.numbers[index], symbol]))
  if (writer.unknown !== reader.unknown) {
    const text = (one: EnumShape): string => (one.unknown ? `"${one.unknown}"` : 'refused')
    const others = `${text(writer)} to the writer, ${text(reader)} to the reader`
    const reason = `unknown symbols are ${others}`
    walk.said(path, 'all', 'not needed', reason)
  }
  writer.symbols.forEach((symbol, index) => {
    const number = writer.numbers[index]
    const known = numbers.get(symbol)
    if (known === undefined) {
      const [healing, then] =
        reader.unknown === undefined
          ? (['none', 'it has no symbol for the unknown'] as const)
          : (['not needed', `it takes "${reader.unknown}"`] as const)
      walk.said(path, 'all', healing, `the reader does not know "${symbol}": ${then}`)
    }
    const owner = owners.get(number)
    if (known !== undefined && known !== number) {
      const text = `"${symbol}" has the number ${number}, the reader's is ${known}`
      walk.said(path, 'protobuf', 'by shape', text)
    } else if (owner !== undefined && owner !== symbol) {
      const text = `the number ${number} of "${symbol}" is "${owner}" to the reader`
      walk.said(path, 'protobuf', 'by shape', text)
    }
  })
}

/** Other libraries find Avro types by name; ours do not look at it. */
function compareTypeNames(
  walk: Walk,
  writer: EnumShape | RecordShape | UnionShape,
  reader: EnumShape | RecordShape | UnionShape,
  path: string,
): void {
  if (writer.name === reader.name || writer.kind === 'union') return
  const text = `the type ${writer.name} is called ${reader.name} by the reader`
  walk.said(path, 'avro', 'not needed', text)
}

function compareRecord(walk: Walk, writer: RecordShape, reader: RecordShape, path: string): void {
  compareTypeNames(walk, writer, reader, path)
  const wanted = new Map(reader.fields.map((field) => [field.name, field]))
  const owners = new Map(reader.fields.map((field) => [field.tag, field]))
  const sent = new Set<string>()
  for (const field of writer.fields) {
    sent.add(field.name)
    const at = path + pointerStep(field.name)
    const other = wanted.get(field.name)
    if (other) compareField(walk, field, other, at)
    const owner = owners.get(field.tag)
    if (owner !== undefined && owner.name !== field.name) {
      const text = `the tag ${field.tag} of "${field.name}" is "${owner.name}" to the reader`
      walk.said(at, 'protobuf', 'by shape', text)
    }
    if (!other) walk.said(at, 'all', 'not needed', 'the reader does not know the field: skipped')
  }
  compareNulls(walk, writer, reader, path)
  for (const field of reader.fields) {
    if (sent.has(field.name)) continue
    const at = path + pointerStep(field.name)
    if (mayBeAbsent(field)) {
      const hasDefault = (field.missing ?? field.fallback) !== undefined
      const filled = hasDefault ? 'gets its default' : 'is absent'
      walk.said(at, 'all', 'not needed', `the writer does not send the field: it ${filled}`)
    } else walk.said(at, 'all', 'none', 'the reader demands the field, the writer does not send it')
  }
}

/** A field of null alone is not on the wire: other Avro readers look for it by name. */
function compareNulls(walk: Walk, writer: RecordShape, reader: RecordShape, path: string): void {
  for (const [some = [], others = []] of [
    [writer.nulls, reader.nulls],
    [reader.nulls, writer.nulls],
  ]) {
    for (const { name, wireName } of some) {
      if (others.some((other) => other.name === name && other.wireName === wireName)) continue
      const reason = 'one side alone has the field of which each value is null'
      walk.said(path + pointerStep(name), 'avro', 'not needed', reason)
    }
  }
}

function compareField(walk: Walk, writer: FieldShape, reader: FieldShape, at: string): void {
  if (writer.tag !== reader.tag) {
    const text = `the tag is ${writer.tag}, the reader's is ${reader.tag}`
    walk.said(at, 'protobuf', 'by shape', text)
  }
  if (writer.wireName !== reader.wireName) {
    const text = `the field ${writer.wireName} is called ${reader.wireName} by the reader`
    walk.said(at, 'avro', 'not needed', text)
  }
  if (writer.nullLast !== reader.nullLast) {
    walk.said(at, 'avro', 'not needed', 'null has another place: read by the shape of the writer')
  }
  if (isWrapped(writer) !== isWrapped(reader)) {
    const text = 'absent is told from empty by one side alone, with a message around the items'
    walk.said(at, 'protobuf', 'by shape', text)
  }
  if (writer.always !== reader.always && !mayBeAbsent(writer) && !mayBeAbsent(reader)) {
    const text = reader.always
      ? 'a zero is not written, the reader demands it'
      : 'a zero is written'
    walk.said(at, 'protobuf', reader.always ? 'by shape' : 'not needed', text)
  }
  if (mayBeAbsent(writer) && !mayBeAbsent(reader)) {
    walk.said(at, 'all', 'none', 'the writer may leave it out, the reader demands it')
  } else compareDefaults(walk, writer, reader, at)
  compare(walk, writer.shape, reader.shape, at)
}

function compareDefaults(walk: Walk, writer: FieldShape, reader: FieldShape, at: string): void {
  const [mine, theirs] = [writer, reader].map(({ missing }) => JSON.stringify(missing))
  if (mine !== theirs) {
    const text = `a writer without the field means ${mine ?? 'null'} to the writer`
    walk.said(at, 'all', 'not needed', `${text}, ${theirs ?? 'null'} to the reader`)
  }
  const [given, taken] = [writer, reader].map(({ fallback }) => JSON.stringify(fallback))
  if (given === taken) {
    if (writer.optional === reader.optional && writer.nullable === reader.nullable) return
    walk.said(at, 'all', 'not needed', 'it may be left out in another way')
  } else {
    const text = `left out, it means ${given ?? 'absent'} to the writer, ${taken ?? 'absent'} to`
    walk.said(at, 'all', 'not needed', `${text} the reader`)
  }
}

function compareUnion(walk: Walk, writer: UnionShape, reader: UnionShape, path: string): void {
  if (writer.discriminator !== reader.discriminator) {
    const text = `"${writer.discriminator}" tells the kinds apart, not "${reader.discriminator}"`
    walk.said(path, 'json', 'by shape', text)
    walk.said(path, 'msgpack', 'by shape', text)
  }
  const known = new Map(reader.branches.map((branch) => [branch.literal, branch]))
  const owners = new Map(reader.branches.map((branch) => [branch.tag, branch]))
  for (const branch of writer.branches) {
    const at = `${path}${pointerStep(`${writer.discriminator}=${branch.literal}`)}`
    const other = known.get(branch.literal)
    const owner = owners.get(branch.tag)
    if (owner !== undefined && owner.literal !== branch.literal) {
      const tag = `the tag ${branch.tag} of "${branch.literal}"`
      const text = `${tag} is "${owner.literal}" to the reader`
      walk.said(at, 'protobuf', 'by shape', text)
    }
    if (!other) {
      walk.said(at, 'all', 'none', `the reader does not know the kind "${branch.literal}"`)
      continue
    }
    if (other.bare !== branch.bare) {
      const text = 'the branch is a record to one side, the value in it to the other'
      walk.said(at, 'avro', 'by shape', text)
    }
    if (other.tag !== branch.tag) {
      const text = `the tag is ${branch.tag}, the reader's is ${other.tag}`
      walk.said(at, 'protobuf', 'by shape', text)
    }
    compareRecord(walk, branch.record, other.record, at)
  }
}

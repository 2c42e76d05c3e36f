// Owns pairs of shapes as versions of one contract have them: one made of the other by changes that
// people make, safe ones and others. Never random without a seed.

import fc from 'fast-check'
import { hasRef, linked } from '../../src/contract/link.ts'
import { isLogicalInt } from '../../src/contract/logical.ts'
import { isProtoInt } from '../../src/contract/proto-types.ts'
import type { FieldShape, RecordShape, Shape, UnionShape } from '../../src/contract/shape.ts'
import { holdsNull, shapes } from './arbitrary.ts'

export interface Pair {
  readonly old: Shape
  readonly next: Shape
}

/** Pairs that differ by one to `most` changes. */
export function pairs(most: number): fc.Arbitrary<Pair> {
  const parts = { old: shapes, seed: fc.nat(), times: fc.integer({ min: 1, max: most }) }
  return fc.record(parts).map(({ old, seed, times }) => {
    const random = randomOf(seed)
    let next = old
    for (let count = 0; count < times; count++) next = changed(next, random)
    return { old, next: linked(next) }
  })
}

type Random = (below: number) => number

function randomOf(seed: number): Random {
  let state = (seed + 0x9e37_79b9) >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
}

/** The shape with one change somewhere in it. */
function changed(shape: Shape, random: Random): Shape {
  const goDeeper = random(3) > 0
  switch (shape.kind) {
    case 'record':
      return goDeeper && shape.fields.length > 0
        ? deeperRecord(shape, random)
        : changedRecord(shape, random)
    case 'list':
      if (goDeeper) return { ...shape, items: changed(shape.items, random) }
      return bounded(shape, random, hasRef(shape.items) ? ['maxItems'] : ['minItems', 'maxItems'])
    case 'map':
      return { ...shape, values: changed(shape.values, random) }
    case 'union':
      return changedUnion(shape, random)
    case 'enum':
      return changedEnum(shape, random)
    case 'string':
      if (random(6) === 0) return { kind: 'bytes' }
      if (random(6) === 0) return renamed(shape, 'uuid')
      return bounded(shape, random, ['minLength', 'maxLength'])
    case 'bytes':
      if (shape.length !== undefined) return longer(shape)
      if (random(6) === 0) return renamed(shape, 'big-decimal')
      return random(6) === 0 ? { kind: 'string' } : bounded(shape, random, ['maxLength'])
    case 'decimal':
      return changedDecimal(shape, random)
    case 'float':
      if (random(4) === 0) return { ...shape, bits: shape.bits === 32 ? 64 : 32 }
      return bounded(shape, random, ['minimum', 'maximum'])
    case 'int':
      return withoutMisfit(changedInt(shape, random))
    case 'any':
      return { kind: 'string' }
    case 'ref':
      return shape
    case 'bool':
      return random(2) === 0 ? shape : { kind: 'string' }
  }
}

function bounded<S extends Shape>(shape: S, random: Random, keys: readonly string[]): S {
  const key = keys[random(keys.length)] as string
  const { [key]: was, ...rest } = shape as S & Record<string, unknown>
  if (was !== undefined && random(2) === 0) return rest as unknown as S
  const bound = key.startsWith('min') ? random(2) : 2 + random(3)
  return { ...shape, [key]: bound }
}

/** With the logical type, or without its own. */
function renamed<S extends Shape & { logical?: string }>(shape: S, name: S['logical']): S {
  const { logical, ...rest } = shape
  return logical === undefined ? { ...shape, logical: name } : (rest as unknown as S)
}

/** Another length is of no logical type. */
function longer({ logical, ...shape }: Shape & { kind: 'bytes' }): Shape {
  return { ...shape, length: Number(shape.length) + 1 }
}

/** Without the types of Protobuf and Avro where they do not fit any more. */
function withoutMisfit({ proto, logical, ...shape }: Shape & { kind: 'int' }): Shape {
  return {
    ...shape,
    ...(isLogicalInt(shape, logical) && { logical }),
    ...(isProtoInt(shape, proto) && { proto }),
  }
}

function changedDecimal(shape: Shape & { kind: 'decimal' }, random: Random): Shape {
  const { precision, scale, length } = shape
  switch (random(4)) {
    case 0:
      return precision === scale ? shape : { ...shape, scale: scale + 1 }
    case 1:
      return length === undefined ? { kind: 'string' } : { ...shape, length: length + 1 }
    case 2:
      return precision - 1 < Math.max(1, scale) ? shape : { ...shape, precision: precision - 1 }
    default:
      return length === 4 ? shape : { ...shape, precision: precision + 1 }
  }
}

function changedInt(shape: Shape & { kind: 'int' }, random: Random): Shape & { kind: 'int' } {
  switch (random(4)) {
    case 0:
      return { ...shape, bits: shape.bits === 32 || shape.bigint ? 64 : 32 }
    case 1:
      return renamed(shape, shape.bits === 32 ? 'time-millis' : 'timestamp-millis')
    case 2: {
      const { minimum, ...rest } = shape
      return minimum === undefined ? { ...shape, minimum: 0 } : rest
    }
    default: {
      const { maximum, ...rest } = shape
      return maximum === undefined ? { ...shape, maximum: 200 + random(200) } : rest
    }
  }
}

function changedEnum(shape: Shape & { kind: 'enum' }, random: Random): Shape {
  const last = Math.max(...shape.numbers)
  switch (random(4)) {
    case 0:
      return shape.symbols.length > 1
        ? { ...shape, symbols: shape.symbols.slice(1), numbers: shape.numbers.slice(1) }
        : shape
    case 1:
      return { ...shape, unknown: shape.symbols[random(shape.symbols.length)] as string }
    case 2:
      return { ...shape, numbers: shape.numbers.map((one) => one + 1) }
    default:
      return {
        ...shape,
        symbols: [...shape.symbols, `more${last}`],
        numbers: [...shape.numbers, last + 1],
      }
  }
}

function changedUnion(shape: UnionShape, random: Random): Shape {
  const { branches } = shape
  const at = random(branches.length)
  switch (random(4)) {
    case 0:
      return branches.length > 1
        ? { ...shape, branches: branches.filter((_, index) => index !== at) }
        : shape
    case 1: {
      const tag = Math.max(...branches.map((branch) => branch.tag)) + 1
      const record: RecordShape = { kind: 'record', name: `N${tag}`, fields: [] }
      return { ...shape, branches: [...branches, { literal: `more${tag}`, tag, record }] }
    }
    default:
      return {
        ...shape,
        branches: branches.map((branch, index) =>
          index === at && !branch.bare
            ? { ...branch, record: changed(branch.record, random) as RecordShape }
            : branch,
        ),
      }
  }
}

function deeperRecord(shape: RecordShape, random: Random): RecordShape {
  const at = random(shape.fields.length)
  const fields = shape.fields.map((field, index) => {
    if (index !== at) return field
    const inner = changed(field.shape, random)
    const { fallback, missing, ...rest } = field
    // A default of another type would be no shape at all.
    return inner.kind === field.shape.kind && fallback !== undefined && inner === field.shape
      ? { ...rest, shape: inner, fallback }
      : { ...rest, shape: inner, optional: field.optional || fallback !== undefined }
  })
  return { ...shape, fields }
}

const extras: readonly Partial<FieldShape>[] = [
  { optional: true },
  { optional: true },
  { nullable: true },
  { nullable: true, missing: 'more' },
  { optional: true, nullable: true },
  { fallback: 'more' },
  { optional: true, fallback: 'more' },
  {},
]

function changedRecord(shape: RecordShape, random: Random): RecordShape {
  const { fields } = shape
  const at = random(Math.max(1, fields.length))
  const last = fields.at(-1)?.tag ?? 0
  const edit = (change: (field: FieldShape) => FieldShape): RecordShape => ({
    ...shape,
    fields: fields.map((field, index) => (index === at ? change(field) : field)),
  })
  switch (random(6)) {
    case 0:
      return { ...shape, fields: fields.filter((_, index) => index !== at) }
    case 1:
      return edit((field) => ({ ...field, doc: 'told' }))
    case 2:
      return edit(({ fallback, missing, nullLast, always, ...field }) => ({
        ...field,
        optional: random(2) === 0 && !holdsNull(field.shape),
        nullable: random(2) === 0 && !holdsNull(field.shape),
      }))
    case 3:
      // Only the last one, so that fields stay in the order of their tags.
      return {
        ...shape,
        fields: fields.map((field) => (field.tag === last ? { ...field, tag: last + 5 } : field)),
      }
    default: {
      const name = `more${last + 1}`
      const tag = last >= 18_999 && last < 20_000 ? 20_000 : last + 1
      const base = { name, wireName: name, tag, optional: false, nullable: false }
      const field: FieldShape = {
        ...base,
        shape: { kind: 'string' },
        ...extras[random(extras.length)],
      }
      return { ...shape, fields: [...fields, field] }
    }
  }
}

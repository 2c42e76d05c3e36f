// Owns values as the libraries want them that tests compare with. Never used outside tests.

import { resolved, targetOf } from '../../src/contract/link.ts'
import { wireNameOf } from '../../src/contract/names.ts'
import { fieldNames } from '../../src/contract/proto-names.ts'
import { hasPresence, isWrapped } from '../../src/contract/proto-types.ts'
import type {
  DecimalShape,
  FieldShape,
  RecordShape,
  Shape,
  UnionBranch,
} from '../../src/contract/shape.ts'
import { protoNamesOf } from '../../src/contract/to-proto.ts'
import { wholeDecimal } from './values.ts'

type Keyed = Record<string, unknown>

function own(value: unknown, name: string): unknown {
  return Object.hasOwn(value as object, name) ? (value as Keyed)[name] : undefined
}

function branchOf(shape: Shape & { kind: 'union' }, value: unknown): UnionBranch {
  const literal = own(value, shape.discriminator)
  return shape.branches.find((branch) => branch.literal === literal) as UnionBranch
}

function mapped(value: unknown, convert: (item: unknown) => unknown): Keyed {
  const entries = Object.entries(value as object).map(([key, item]) => [key, convert(item)])
  return Object.fromEntries(entries)
}

/** Does the shape hold a bigint? The libraries need other settings for those. */
export function hasBigInt(shape: Shape): boolean {
  return JSON.stringify(shape).includes('"bigint":true')
}

/** For avsc with `wrapUnions: true`. */
export function forAvsc(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'bytes':
      return Buffer.from(value as Uint8Array)
    case 'decimal':
      return unscaledBytes(shape, value)
    case 'list':
      return (value as unknown[]).map((item) => forAvsc(shape.items, item))
    case 'map':
      return mapped(value, (item) => forAvsc(shape.values, item))
    case 'record':
      return avscRecord(shape, value)
    case 'ref':
      return forAvsc(targetOf(shape), value)
    case 'union': {
      const { record, bare } = branchOf(shape, value)
      const [only] = record.fields
      if (bare && !only) return null
      if (bare && only) return { [avscName(only.shape)]: forAvsc(only.shape, own(value, 'value')) }
      return { [record.name]: avscRecord(record, value) }
    }
    default:
      return value
  }
}

/** Two's complement byte by byte, with as few of them as hold the sign. */
function unscaledBytes(shape: DecimalShape, value: unknown): Buffer {
  let rest = BigInt(wholeDecimal(shape, value).replace('.', ''))
  const bytes: number[] = []
  do {
    bytes.unshift(Number(rest & 255n))
    rest >>= 8n
  } while (rest !== ((bytes[0] as number) > 127 ? -1n : 0n))
  while (bytes.length < (shape.length ?? 0)) bytes.unshift(Number(rest & 255n))
  return Buffer.from(bytes)
}

function avscRecord(record: RecordShape, value: unknown): Keyed {
  const made: Keyed = {}
  for (const { wireName } of record.nulls ?? []) made[wireName] = null
  for (const field of record.fields) {
    const item = own(value, field.name)
    const { shape } = field
    if (!field.optional && !field.nullable) {
      made[field.wireName] = forAvsc(shape, item ?? field.fallback)
    } else if (item === undefined || item === null) made[field.wireName] = null
    else {
      const inner = forAvsc(shape, item)
      made[field.wireName] = resolved(shape).kind === 'union' ? inner : { [avscName(shape)]: inner }
    }
  }
  return made
}

function avscName(shape: Shape): string {
  switch (shape.kind) {
    case 'bool':
      return 'boolean'
    case 'int':
      return shape.bits === 32 ? 'int' : 'long'
    case 'float':
      return shape.bits === 32 ? 'float' : 'double'
    case 'list':
      return 'array'
    case 'record':
    case 'enum':
    case 'ref':
      return shape.name
    case 'bytes':
    case 'decimal':
      return shape.name ?? 'bytes'
    default:
      return shape.kind
  }
}

/** For protobufjs, as a plain object of the root message. */
export function forProtobufjs(shape: Shape, value: unknown): Keyed {
  if (shape.kind === 'record' || shape.kind === 'union') return item(shape, value) as Keyed
  return { value: repeated(shape, value) }
}

function repeated(shape: Shape, value: unknown): unknown {
  if (shape.kind === 'list') return (value as unknown[]).map((one) => item(shape.items, one))
  if (shape.kind === 'map') return mapped(value, (one) => item(shape.values, one))
  return item(shape, value)
}

function item(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'int':
      return shape.bigint ? longOf(value as bigint) : value
    case 'decimal':
      return wholeDecimal(shape, value)
    case 'enum':
      return shape.numbers[shape.symbols.indexOf(value as string)]
    case 'list':
    case 'map':
      return { value: repeated(shape, value) }
    case 'ref':
      return item(targetOf(shape), value)
    case 'record':
      return protoRecord(shape.fields, value)
    case 'union': {
      const branch = branchOf(shape, value)
      const names = fieldNames(shape.branches.map(({ literal }) => wireNameOf(literal)))
      const name = names[shape.branches.indexOf(branch)] as string
      return { [name]: protoRecord(branch.record.fields, value) }
    }
    default:
      return value
  }
}

function protoRecord(fields: readonly FieldShape[], value: unknown): Keyed {
  // Without prototype: protobufjs takes an inherited `constructor` for a field.
  const made: Keyed = Object.create(null)
  const names = protoNamesOf(fields)
  fields.forEach((field, index) => {
    const one = own(value, field.name)
    if (one === undefined || one === null) return
    const isBoxed = !hasPresence(field) || !isWrapped(field)
    made[names[index] as string] = isBoxed ? repeated(field.shape, one) : item(field.shape, one)
  })
  return made
}

function longOf(value: bigint): object {
  return { low: Number(value & 0xffff_ffffn) | 0, high: Number(value >> 32n), unsigned: false }
}

/** For msgpackr: absent is left out, as our encoder does; required null stays. */
export function forMsgpackr(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'list':
      return (value as unknown[]).map((one) => forMsgpackr(shape.items, one))
    case 'map':
      return mapped(value, (one) => forMsgpackr(shape.values, one))
    case 'decimal':
      return wholeDecimal(shape, value)
    case 'bytes':
      return Buffer.from(value as Uint8Array)
    case 'ref':
      return forMsgpackr(targetOf(shape), value)
    case 'record':
      return plainRecord(shape.fields, value)
    case 'union': {
      const branch = branchOf(shape, value)
      return { [shape.discriminator]: branch.literal, ...plainRecord(branch.record.fields, value) }
    }
    default:
      return value
  }
}

function plainRecord(fields: readonly FieldShape[], value: unknown): Keyed {
  const made: Keyed = {}
  for (const field of fields) {
    const one = own(value, field.name)
    if (one !== undefined && one !== null) made[field.name] = forMsgpackr(field.shape, one)
    else if (field.nullable && !field.optional) made[field.name] = null
  }
  return made
}

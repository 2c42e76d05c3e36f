// Owns writing a shape as an Avro schema: for other languages, and for the oracle of the tests.
// Never used to encode: the Avro format is compiled from the shape itself. What Avro has no word
// for stands under attributes of our own, which other readers pass over and fromAvro reads back.

import { refuseAny } from './any.ts'
import { decimalBytes } from './decimal-bytes.ts'
import { checkShape } from './given.ts'
import { linked, resolved, targetOf } from './link.ts'
import { wireNameOf } from './names.ts'
import { isField, partsOf } from './null-field.ts'
import { isSameType } from './same-type.ts'
import type {
  BytesShape,
  DecimalShape,
  EnumShape,
  FieldShape,
  IntShape,
  NullField,
  RecordShape,
  Shape,
  StringShape,
  UnionShape,
} from './shape.ts'
import { bounds } from './to-json-schema.ts'
import { checkAvroTypes, typeWord } from './union-box.ts'

export type AvroSchema = string | readonly AvroSchema[] | { readonly [key: string]: unknown }

/** Named types that stand in the schema already, by name: Avro defines each once. */
type Seen = Map<string, Shape>

/**
 * The Avro schema whose binary encoding the `avro` codec writes.
 * @throws EARSHOT_SHAPE_UNSUPPORTED for names that Avro does not take
 */
export function avroSchemaOf(shape: Shape): AvroSchema {
  checkShape(shape)
  checkAvroTypes(shape)
  const root = linked(shape)
  return root.kind === 'union' ? rootOf(root) : typeOf(root, new Map())
}

function typeOf(shape: Shape, seen: Seen): AvroSchema {
  switch (shape.kind) {
    case 'bool':
      return 'boolean'
    case 'int': {
      const type = shape.bits === 32 && !shape.bigint ? 'int' : 'long'
      const { bigint, proto } = shape
      return withMore(type, {
        ...logicalType(shape),
        ...(bigint && { bigint }),
        ...bounds(shape),
        ...(proto && { proto }),
      })
    }
    case 'float':
      return withMore(shape.bits === 32 ? 'float' : 'double', bounds(shape))
    case 'bytes':
      if (shape.length !== undefined) return once(shape, seen, () => fixedType(shape))
      return withMore('bytes', { ...logicalType(shape), ...bounds(shape) })
    case 'decimal':
      if (shape.length !== undefined) return once(shape, seen, () => decimalType(shape))
      return decimalType(shape)
    case 'string':
      return withMore('string', { ...logicalType(shape), ...bounds(shape) })
    case 'list':
      return {
        type: 'array',
        items: typeOf(shape.items, seen),
        ...unionOf(shape.items),
        ...bounds(shape),
      }
    case 'map':
      return { type: 'map', values: typeOf(shape.values, seen), ...unionOf(shape.values) }
    case 'enum':
      return once(shape, seen, () => enumType(shape))
    case 'record':
      return once(shape, seen, () => recordType(shape, seen))
    case 'union':
      return branchesOf(shape, seen)
    case 'any':
      return refuseAny()
    case 'ref': {
      // A union has no name in Avro: its branches stand there again, by theirs.
      const target = targetOf(shape)
      return target.kind === 'record' ? target.name : branchesOf(target, seen)
    }
  }
}

/** A name, or an object where there is more to tell. */
function withMore(type: string, more: object): AvroSchema {
  return Object.keys(more).length === 0 ? type : { type, ...more }
}

function once(
  shape: EnumShape | RecordShape | BytesShape | DecimalShape,
  seen: Seen,
  make: () => AvroSchema,
): AvroSchema {
  const { name = 'fixed' } = shape
  const known = seen.get(name)
  if (known && isSameType(known, shape)) return name
  seen.set(name, shape)
  return make()
}

function fixedType(shape: BytesShape): AvroSchema {
  return { type: 'fixed', name: shape.name, size: shape.length, ...logicalType(shape) }
}

function logicalType({ logical }: IntShape | StringShape | BytesShape): object {
  return logical === undefined ? {} : { logicalType: logical }
}

function decimalType({ precision, scale, length, name }: DecimalShape): AvroSchema {
  const logical = { logicalType: 'decimal', precision, scale }
  if (length === undefined) return { type: 'bytes', ...logical }
  return { type: 'fixed', name, size: length, ...logical }
}

function enumType({ name, symbols, numbers, unknown }: EnumShape): AvroSchema {
  const wireNames = symbols.map(wireNameOf)
  const isPlain = numbers.every((number, index) => number === index + 1)
  return {
    type: 'enum',
    name,
    symbols: wireNames,
    ...(unknown === undefined ? {} : { default: wireNameOf(unknown) }),
    ...(isPlain ? {} : { numbers }),
    ...(symbols.every((symbol, index) => symbol === wireNames[index]) ? {} : { keys: symbols }),
  }
}

function recordType(record: RecordShape, seen: Seen): AvroSchema {
  const fields = partsOf(record).map((part, index) => {
    return isField(part) ? avroField(part, index, seen) : nullField(part, index)
  })
  return { type: 'record', name: record.name, fields }
}

/**
 * What a list of types cannot say: names and numbers of the union and its branches. It stands
 * beside the list: in the field, the array or the map around it; in the first branch of a body.
 */
function unionOf(shape: Shape): { readonly union?: object } {
  const union = resolved(shape)
  if (union.kind !== 'union') return {}
  const { name, discriminator, branches } = union
  const told = branches.map(({ literal, tag, record, bare }) => {
    const isPlain = !bare || record.name === `${name}_${typeWord(record)}`
    return { literal, tag, ...(isPlain ? {} : { box: record.name }) }
  })
  return { union: { name, discriminator, branches: told } }
}

function branchesOf({ branches }: UnionShape, seen: Seen): readonly AvroSchema[] {
  return branches.map(({ record, bare }) => {
    if (!bare) return once(record, seen, () => recordType(record, seen))
    const [field] = record.fields
    return field ? typeOf(field.shape, seen) : 'null'
  })
}

/** Of a body that is a union: there is nothing around it. */
function rootOf(shape: UnionShape): AvroSchema {
  const [first = 'null', ...others] = branchesOf(shape, new Map())
  const object = typeof first === 'string' ? { type: first } : first
  return [{ ...object, bodyUnion: unionOf(shape).union }, ...others]
}

function nullField(field: NullField, index: number): object {
  return { name: field.wireName, type: 'null', default: null, ...attributesOf(field, index) }
}

/** What of a field Avro has no word for, but for the documentation. */
function attributesOf({ name, wireName, tag, doc }: FieldShape | NullField, index: number): object {
  return {
    ...(doc === undefined ? {} : { doc }),
    ...(tag === index + 1 ? {} : { tag }),
    ...(name === wireName ? {} : { key: name }),
  }
}

/** What may be absent is a union with null first, so that null is its default. */
function avroField(field: FieldShape, index: number, seen: Seen): Record<string, unknown> {
  const { wireName, nullable, optional, fallback, missing } = field
  const type = typeOf(field.shape, seen)
  const more = {
    ...attributesOf(field, index),
    ...(field.always && { always: true }),
    ...unionOf(field.shape),
  }
  if (optional || nullable) {
    const inner = resolved(field.shape)
    const branches = inner.kind === 'union' ? (type as readonly AvroSchema[]) : [type]
    const absence = nullable ? { absent: optional ? 'both' : 'null' } : {}
    const filled = {
      ...(fallback !== undefined && { fallback }),
      ...(missing !== undefined && { missing }),
    }
    if (field.nullLast) {
      // Avro takes a default from the first branch alone: null can be none here.
      const last = optional && !nullable ? { absent: 'optional' } : absence
      const { default: own } = avroDefault(inner, missing)
      const first = own === undefined ? {} : { default: own }
      return { name: wireName, type: [...branches, 'null'], ...first, ...more, ...last, ...filled }
    }
    const base = { name: wireName, type: ['null', ...branches], default: null }
    return { ...base, ...more, ...absence, ...filled }
  }
  return { name: wireName, type, ...avroDefault(field.shape, fallback), ...more }
}

/** Avro allows a default for the first branch of a union only: others are left to our readers. */
function avroDefault(
  shape: Shape,
  form: unknown,
): { readonly default?: unknown; readonly fallback?: unknown } {
  if (form === undefined) return {}
  const isLater = (part: Shape, value: unknown): boolean =>
    part.kind === 'union' &&
    part.branches[0]?.literal !== (value as Record<string, unknown>)[part.discriminator]
  if (isLater(shape, form)) return { fallback: form }
  const own = defaultForm(shape, form)
  // Where the two forms differ, both are written: one for Avro, one for us.
  return JSON.stringify(own) === JSON.stringify(form)
    ? { default: own }
    : { default: own, fallback: form }
}

function defaultForm(shape: Shape, form: unknown): unknown {
  switch (shape.kind) {
    case 'int':
      return Number(form)
    case 'bytes':
      return Buffer.from(form as string, 'base64').toString('latin1')
    case 'decimal':
      return decimalBytes(form as string, shape).toString('latin1')
    case 'enum':
      return wireNameOf(form as string)
    case 'list':
      return (form as unknown[]).map((item) => defaultForm(shape.items, item))
    case 'map':
      return Object.fromEntries(
        Object.entries(form as object).map(([key, item]) => [key, defaultForm(shape.values, item)]),
      )
    case 'record':
      return recordForm(shape, form as Record<string, unknown>)
    case 'union': {
      const value = form as Record<string, unknown>
      const literal = value[shape.discriminator]
      const branch = shape.branches.find((candidate) => candidate.literal === literal)
      const [only] = branch?.record.fields ?? []
      if (branch?.bare) return only ? defaultForm(only.shape, value[only.name]) : null
      return branch ? recordForm(branch.record, value) : {}
    }
    default:
      return form
  }
}

function recordForm(record: RecordShape, value: Record<string, unknown>): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const part of partsOf(record)) {
    const item = value[part.name] ?? null
    made[part.wireName] = item !== null && isField(part) ? defaultForm(part.shape, item) : null
  }
  return made
}

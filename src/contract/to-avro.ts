// Owns writing a shape as an Avro schema: for other languages, and for the oracle of the tests.
// Never used to encode: the Avro format is compiled from the shape itself. What Avro has no word
// for stands under attributes of our own, which other readers pass over and fromAvro reads back.

import { linked, resolved, targetOf } from './link.ts'
import { wireNameOf } from './names.ts'
import { isSameType } from './same-type.ts'
import type {
  BytesShape,
  EnumShape,
  FieldShape,
  RecordShape,
  RefShape,
  Shape,
  UnionBranch,
  UnionShape,
} from './shape.ts'
import { bounds } from './to-json-schema.ts'
import { typeWord } from './union-box.ts'

export type AvroSchema = string | readonly AvroSchema[] | { readonly [key: string]: unknown }

/** Named types that stand in the schema already, by name: Avro defines each once. */
type Seen = Map<string, Shape>

/** The Avro schema whose binary encoding the `avro` codec writes. */
export function avroSchemaOf(shape: Shape): AvroSchema {
  return typeOf(linked(shape), new Map())
}

function typeOf(shape: Shape, seen: Seen): AvroSchema {
  switch (shape.kind) {
    case 'bool':
      return 'boolean'
    case 'int': {
      const type = shape.bits === 32 && !shape.bigint ? 'int' : 'long'
      const { logical, bigint, proto } = shape
      return withMore(type, {
        ...(logical && { logicalType: logical }),
        ...(bigint && { bigint }),
        ...bounds(shape),
        ...(proto && { proto }),
      })
    }
    case 'float':
      return withMore(shape.bits === 32 ? 'float' : 'double', bounds(shape))
    case 'bytes':
      if (shape.length !== undefined) return once(shape, seen, () => fixedType(shape))
      return withMore('bytes', bounds(shape))
    case 'string':
      return withMore('string', bounds(shape))
    case 'list':
      return { type: 'array', items: typeOf(shape.items, seen), ...bounds(shape) }
    case 'map':
      return { type: 'map', values: typeOf(shape.values, seen) }
    case 'enum':
      return once(shape, seen, () => enumType(shape))
    case 'record':
      return once(shape, seen, () => recordType(shape, seen, {}))
    case 'union':
      return shape.branches.map((branch) => branchType(shape, branch, seen))
    case 'ref':
      return refType(shape, seen)
  }
}

/** A record by its name; a union has none in Avro: its branches stand there again, by theirs. */
function refType(ref: RefShape, seen: Seen): AvroSchema {
  const target = targetOf(ref)
  if (target.kind === 'record') return target.name
  return target.branches.map((branch) => branchType(target, branch, seen))
}

/** A name, or an object where there is more to tell. */
function withMore(type: string, more: object): AvroSchema {
  return Object.keys(more).length === 0 ? type : { type, ...more }
}

function once(
  shape: EnumShape | RecordShape | BytesShape,
  seen: Seen,
  make: () => AvroSchema,
): AvroSchema {
  const { name = 'fixed' } = shape
  const known = seen.get(name)
  if (known && isSameType(known, shape)) return name
  seen.set(name, shape)
  return make()
}

function fixedType({ name, length }: BytesShape): AvroSchema {
  return { type: 'fixed', name, size: length }
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

function recordType(record: RecordShape, seen: Seen, more: object): AvroSchema {
  const fields = record.fields.map((field, index) => avroField(field, index, seen))
  return { type: 'record', name: record.name, fields, ...more }
}

/** The list of an Avro union has no room for more: each branch tells of it. */
function branchType(
  { name, discriminator }: UnionShape,
  { literal, tag, record, bare }: UnionBranch,
  seen: Seen,
): AvroSchema {
  const branch = { union: name, discriminator, literal, tag }
  if (bare) {
    const isPlain = record.name === `${name}_${typeWord(record)}`
    return bareType(record, isPlain ? branch : { ...branch, box: record.name }, seen)
  }
  return once(record, seen, () => recordType(record, seen, { branch }))
}

/** The type of the only field. A type that stands there by its name has no room to tell more. */
function bareType({ fields }: RecordShape, branch: object, seen: Seen): AvroSchema {
  const [field] = fields
  const type = field ? typeOf(field.shape, seen) : 'null'
  if (typeof type === 'string') return seen.has(type) ? type : { type, branch }
  return { ...type, branch }
}

/** What may be absent is a union with null first, so that null is its default. */
function avroField(field: FieldShape, index: number, seen: Seen): Record<string, unknown> {
  const { name, wireName, tag, nullable, optional, fallback } = field
  const type = typeOf(field.shape, seen)
  const more = {
    ...(field.doc === undefined ? {} : { doc: field.doc }),
    ...(tag === index + 1 ? {} : { tag }),
    ...(name === wireName ? {} : { key: name }),
    ...(field.always && { always: true }),
  }
  if (optional || nullable) {
    const inner = resolved(field.shape)
    const branches = inner.kind === 'union' ? (type as readonly AvroSchema[]) : [type]
    const absence = nullable ? { absent: optional ? 'both' : 'null' } : {}
    // One branch beside null looks like a type beside null.
    const isOne = inner.kind === 'union' && inner.branches.length === 1
    const filled = {
      ...(fallback === undefined ? {} : { fallback }),
      ...(isOne && { union: true }),
    }
    if (field.nullLast) {
      // Avro takes a default from the first branch alone: null can be none here.
      const last = optional && !nullable ? { absent: 'optional' } : absence
      return { name: wireName, type: [...branches, 'null'], ...more, ...last, ...filled }
    }
    const base = { name: wireName, type: ['null', ...branches], default: null }
    return { ...base, ...more, ...absence, ...filled }
  }
  return { name: wireName, type, ...avroDefault(field.shape, fallback), ...more }
}

/** Avro allows a default for the first branch of a union only: others are left to our readers. */
function avroDefault(shape: Shape, form: unknown): object {
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
    case 'enum':
      return wireNameOf(form as string)
    case 'list':
      return (form as unknown[]).map((item) => defaultForm(shape.items, item))
    case 'map':
      return Object.fromEntries(
        Object.entries(form as object).map(([key, item]) => [key, defaultForm(shape.values, item)]),
      )
    case 'record':
      return recordForm(shape.fields, form as Record<string, unknown>)
    case 'union': {
      const value = form as Record<string, unknown>
      const literal = value[shape.discriminator]
      const branch = shape.branches.find((candidate) => candidate.literal === literal)
      const [only] = branch?.record.fields ?? []
      if (branch?.bare) return only ? defaultForm(only.shape, value[only.name]) : null
      return recordForm(branch?.record.fields ?? [], value)
    }
    default:
      return form
  }
}

function recordForm(
  fields: readonly FieldShape[],
  value: Record<string, unknown>,
): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const field of fields) {
    const item = value[field.name]
    made[field.wireName] =
      item === undefined || item === null ? null : defaultForm(field.shape, item)
  }
  return made
}

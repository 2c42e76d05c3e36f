// Owns reading Avro schemas (.avsc) into shapes. What our exporter wrote comes back as it was.
// Never changes a byte: what our Avro codec would write in another way is refused, with path.

import { checkOptions } from '../base/arguments.ts'
import { AvroNames, type AvroPlace, below, invalidAvro, type Json } from './avro-place.ts'
import { findFault } from './check.ts'
import { closedShape } from './close-shape.ts'
import { decimalAt } from './decimal-bytes.ts'
import { refuseEndless } from './endless.ts'
import { jsonForm, valueOfForm } from './fallback.ts'
import { fieldAttributes, fixedOf, scalarOf, symbolsOf } from './from-avro-scalar.ts'
import { isNullType, readUnion, toldIn } from './from-avro-union.ts'
import { recordOfParts } from './null-field.ts'
import { unsupported } from './schema.ts'
import type { FieldShape, NullField, RecordShape, Shape, UnionBranch } from './shape.ts'
import { refuseHuge } from './shape-size.ts'

export interface AvroOptions {
  /**
   * What a `long` is in TypeScript. Default: number, refused beyond ±(2^53 − 1); nanoseconds, which
   * are always beyond, are bigints in any case.
   */
  readonly int64?: 'number' | 'bigint'
}

const maxDepth = 64
const maxBytes = 1_048_576

/**
 * The shape of an Avro schema: text, or what JSON.parse makes of it. Logical types of Avro 1.12 are
 * kept as names, values are those of the type beneath; others are passed over, as Avro asks.
 * A union of null and one type is a field that may be null or absent; any other is a union of
 * objects told apart by `kind`, in which what is no record stands under `value`.
 * @throws EARSHOT_SCHEMA_INVALID for what is no Avro schema; EARSHOT_SHAPE_UNSUPPORTED for null
 * alone, and for types that grow without end
 */
export function fromAvro(schema: unknown, options: AvroOptions = {}): Shape {
  checkOptions(options, ['int64'])
  const place: AvroPlace = {
    path: '',
    namespace: '',
    depth: 0,
    names: new AvroNames(),
    int64: options.int64 ?? 'number',
  }
  const whole = typeof schema === 'string' ? parsed(schema) : schema
  // A body has nothing around it: its first branch tells.
  const first = Array.isArray(whole) ? (whole[0] as Json | null) : undefined
  const shape = read(whole, place, { union: first?.bodyUnion })
  refuseHuge(shape, '')
  const closed = closedShape(shape, (name) => place.names.definitionOf(name), '')
  refuseEndless(closed, '')
  return closed
}

function parsed(text: string): unknown {
  if (text.length > maxBytes) throw invalidAvro('', `longer than ${maxBytes} characters`)
  try {
    return JSON.parse(text)
  } catch (error) {
    // A bare name is a schema, too: "string".
    if (/^[A-Za-z]+$/.test(text.trim())) return text.trim()
    throw invalidAvro('', String(error))
  }
}

/** `around` is what a list of types stands in: our own exporter tells there of the union. */
function read(schema: unknown, place: AvroPlace, around: Json = {}): Shape {
  if (place.depth > maxDepth) throw unsupported(place.path, 'nested too deeply', 'flatten it')
  if (typeof schema === 'string') {
    return scalarOf({ type: schema }, place) ?? place.names.find(schema, place)
  }
  if (Array.isArray(schema)) return readUnion(schema, place, read, around)
  if (typeof schema !== 'object' || schema === null) {
    throw invalidAvro(place.path, 'a type is a name, an object or a list')
  }
  const given = schema as Json
  // `{ "type": { … } }` is the type within; so is `{ "type": "Name" }`.
  if (typeof given.type === 'object' && given.type !== null) {
    return read(given.type, below(place, 'type'))
  }
  return scalarOf(given, place) ?? readComplex(given, place)
}

function readComplex(given: Json, place: AvroPlace): Shape {
  switch (given.type) {
    case 'array': {
      const items = read(given.items, below(place, 'items'), given)
      return { kind: 'list', items, ...countsOf(given) }
    }
    case 'map':
      return { kind: 'map', values: read(given.values, below(place, 'values'), given) }
    case 'enum':
      return place.names.define(given, place, (name) => symbolsOf(given, name, place))
    case 'record':
    case 'error':
      return place.names.define(given, place, (name, inner) => readRecord(given, name, inner))
    case 'fixed':
      return place.names.define(given, place, (name) => fixedOf(given, name, place))
    default:
      if (typeof given.type === 'string') return place.names.find(given.type, place)
      throw invalidAvro(place.path, 'a type without "type"')
  }
}

function countsOf(given: Json): object {
  const kept = ['minItems', 'maxItems'].filter((key) => Number.isSafeInteger(given[key]))
  const counts = Object.fromEntries(kept.map((key) => [key, given[key]]))
  return given.packed === false ? { ...counts, packed: false } : counts
}

function readRecord(given: Json, name: string, place: AvroPlace): RecordShape {
  if (!Array.isArray(given.fields)) throw invalidAvro(place.path, 'a record without fields')
  const seen = new Set<unknown>()
  const parts = given.fields.map((field: unknown, index) => {
    const at = below(place, 'fields', index)
    const read = readField(field, index, at)
    for (const key of [read.name, read.tag, `/${read.wireName}`]) {
      if (seen.has(key)) throw invalidAvro(at.path, `a second field with ${key}`)
      seen.add(key)
    }
    if (index > 0 && read.tag < Math.max(...[...seen].filter((one) => typeof one === 'number'))) {
      throw invalidAvro(`${at.path}/tag`, 'less than the one before: fields are in tag order')
    }
    return read
  })
  return recordOfParts(name, parts)
}

function readField(field: unknown, index: number, place: AvroPlace): FieldShape | NullField {
  if (typeof field !== 'object' || field === null) throw invalidAvro(place.path, 'no field')
  const given = field as Json
  const base = fieldAttributes(given, index, place)
  if (isNullType(given.type)) {
    if (given.default === undefined || given.default === null) return base
    throw invalidAvro(`${place.path}/default`, 'a default that is not null')
  }
  const { type } = given
  const at = below(place, 'type')
  // Null in the middle is a branch like others: its place is part of the bytes.
  const isLoose =
    Array.isArray(type) &&
    (isNullType(type[0]) || isNullType(type.at(-1))) &&
    toldIn(given, type) === undefined
  if (!isLoose) {
    const always = given.always === true ? { always: true as const } : {}
    const plain = {
      ...base,
      shape: read(type, at, given),
      optional: false,
      nullable: false,
      ...always,
    }
    if (given.default === undefined && given.fallback === undefined) return plain
    return { ...plain, fallback: defaultOf(plain.shape, given, place) }
  }
  if (!isNullType(type[0])) return readNullLast({ ...given, type }, base, at)
  const shape = readLoose(type.slice(1), given, at, 1)
  const missing = missingOf(shape, given, place)
  const hasDefault = given.default === null || given.absent === 'both'
  const optional = given.absent !== 'null' && hasDefault
  const nullable = given.absent === undefined ? !optional : true
  const loose = { ...base, shape, optional, nullable, ...(nullable && missing) }
  if (given.fallback === undefined) return loose
  const isNull = nullable && given.fallback === null
  return { ...loose, fallback: isNull ? null : formOf(shape, given.fallback, place) }
}

function readNullLast(
  given: Json & { readonly type: readonly unknown[] },
  base: Pick<FieldShape, 'name' | 'wireName' | 'tag'>,
  at: AvroPlace,
): FieldShape {
  const { type, absent } = given
  const shape = readLoose(type.slice(0, -1), given, at, 0)
  const missing = missingOf(shape, given, at)
  const hasDefault = given.default === null || given.fallback !== undefined
  const optional = absent === 'both' || absent === 'optional' || (hasDefault && absent !== 'null')
  const nullable = absent === 'both' || absent === 'null' || !optional
  const loose = { ...base, shape, optional, nullable, ...(nullable && missing) }
  const last = { ...loose, nullLast: true as const }
  if (given.fallback === undefined) return last
  const isNull = nullable && given.fallback === null
  return { ...last, fallback: isNull ? null : formOf(shape, given.fallback, at) }
}

/** A default that is not null is of a reader whose writer has no such field, and of nobody else. */
function missingOf(shape: Shape, given: Json, place: AvroPlace): { readonly missing?: unknown } {
  if (given.fallback !== undefined) return {}
  if (given.missing !== undefined) return { missing: formOf(shape, given.missing, place) }
  const own = given.default ?? null
  return own === null ? {} : { missing: formOf(shape, ownForm(shape, own), place) }
}

/** The default in our form, where one is written, or Avro's own. */
function defaultOf(shape: Shape, given: Json, place: AvroPlace): unknown {
  if (given.fallback !== undefined) return formOf(shape, given.fallback, place)
  return formOf(shape, ownForm(shape, given.default), place)
}

function formOf(shape: Shape, form: unknown, place: AvroPlace): unknown {
  const value = valueOfForm(shape, form)
  const wrong = findFault(shape, value, { finite: true })
  if (!wrong) return jsonForm(shape, value)
  const what = `the default has ${wrong.found} where ${wrong.expected} is expected`
  throw invalidAvro(`${place.path}/default${wrong.path}`, what)
}

/** Avro's form of a default as ours: bytes as base64, fields by their names, branches told. */
function ownForm(shape: Shape, form: unknown): unknown {
  switch (shape.kind) {
    case 'int':
      return shape.bigint ? String(form) : form
    case 'bytes':
      return typeof form === 'string' ? Buffer.from(form, 'latin1').toString('base64') : form
    case 'decimal': {
      if (typeof form !== 'string') return form
      const bytes = Buffer.from(form, 'latin1')
      return decimalAt(bytes, 0, bytes.length, shape)
    }
    case 'list':
      return Array.isArray(form) ? form.map((item) => ownForm(shape.items, item)) : form
    case 'map':
    case 'record': {
      if (typeof form !== 'object' || form === null) return form
      const entries = Object.entries(form).map(([key, item]) => {
        if (shape.kind === 'map') return [key, ownForm(shape.values, item)]
        const field = shape.fields.find(({ wireName }) => wireName === key)
        return field && item !== null ? [field.name, ownForm(field.shape, item)] : [key, item]
      })
      return Object.fromEntries(entries)
    }
    case 'union': {
      const first = shape.branches[0] as UnionBranch
      const [value] = first.record.fields ?? []
      if (first.bare) {
        const own = value ? { value: ownForm(value.shape, form) } : {}
        return { [shape.discriminator]: first.literal, ...own }
      }
      const rest = ownForm(first.record, form) as object
      return { [shape.discriminator]: first.literal, ...rest }
    }
    default:
      return form
  }
}

/** What stands beside null: one type, or the branches of a union. */
function readLoose(types: readonly unknown[], around: Json, place: AvroPlace, first: 0 | 1): Shape {
  const isUnion = types.length > 1 || toldIn(around, types) !== undefined
  return isUnion
    ? readUnion(types, place, read, around, first)
    : read(types[0], below(place, first))
}

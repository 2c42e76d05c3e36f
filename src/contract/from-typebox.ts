// Owns reading TypeBox types (and plain JSON Schema of the same subset) into shapes.
// Decides by JSON Schema keywords alone, so another copy of TypeBox serves as well.
// Never drops a constraint in silence: what a codec can't carry or check is refused with path.

import type { TSchema } from 'typebox'
import { isUntyped } from './any.ts'
import { findFault } from './check.ts'
import { refuseEndless } from './endless.ts'
import { jsonForm, valueOfForm } from './fallback.ts'
import { convertReference, followed, withDefinitions } from './from-reference.ts'
import { convertFloat, convertInt, convertString, enumOf } from './from-scalar.ts'
import { convertUnion } from './from-union.ts'
import { isName, isWireName, pointerStep, wireNameOf } from './names.ts'
import { recordOfParts } from './null-field.ts'
import {
  type Converted,
  freshName,
  inside,
  type Numbering,
  namedBy,
  optionalNumber,
  type Place,
  type Schema,
  unsupported,
} from './schema.ts'
import type { FieldShape, NullField, RecordShape, Shape } from './shape.ts'
import { tagsOf } from './tags.ts'

const maxSchemaDepth = 64
const maxParts = 20_000

/** Keywords that constrain values in a way that shapes do not carry. */
const refusedKeywords = [
  'multipleOf', 'uniqueItems', 'contains', 'minContains', 'maxContains', 'minProperties',
  'maxProperties', 'propertyNames', 'dependentRequired', 'dependentSchemas', 'dependencies',
  'not', 'if', 'then', 'else', 'unevaluatedItems', 'unevaluatedProperties', 'prefixItems',
  'additionalItems', '$dynamicRef', '~refine', '~codec',
] // biome-ignore format: a table

/**
 * The shape of a TypeBox type. `name` names the root record (and, with field names added, those
 * inside) in Avro and Protobuf. Fields are numbered by their `tag` keyword, otherwise in
 * declaration order, unless `locked` knows better: what it does not know comes after what it does.
 * @throws EARSHOT_SHAPE_UNSUPPORTED with the path in the schema and what to write instead.
 */
export function shapeOf(schema: TSchema, name: string, locked?: Numbering): Shape {
  const place: Place = {
    path: '',
    locked,
    name: wireNameOf(name),
    depth: 0,
    names: new Set<string>(),
    definitions: new Map(),
    around: new Map(),
    own: schema as Schema,
    object: undefined,
    root: schema as Schema,
    budget: { parts: maxParts },
  }
  if (isUntyped(schema)) return { kind: 'any' }
  const { shape, nullable } = convert(schema, place)
  refuseEndless(shape, '')
  if (nullable) {
    throw unsupported('', 'a body can be null', 'put it under an optional field of an object')
  }
  return shape
}

function convert(schema: unknown, place: Place): Converted {
  if (typeof schema !== 'object' || schema === null) {
    throw unsupported(place.path, 'not a schema object', 'use the types of TypeBox')
  }
  if (place.depth > maxSchemaDepth) {
    throw unsupported(place.path, 'nested too deeply', 'flatten the type')
  }
  const keywords = schema as Schema
  for (const keyword of refusedKeywords) {
    if (keywords[keyword] !== undefined) {
      const isTuple = keyword === 'additionalItems'
      const hint = isTuple ? 'of a tuple make an object' : 'check that in the handler, or leave it'
      throw unsupported(place.path, `the keyword "${keyword}"`, hint)
    }
  }
  if (--place.budget.parts < 0) {
    const hint = 'use fewer types that contain each other'
    throw unsupported(place.path, `more than ${maxParts} parts when types are written out`, hint)
  }
  if (keywords.$ref !== undefined) return convertReference(keywords, place, convert)
  const known = place.around.get(keywords)
  if (known !== undefined) return solid({ kind: 'ref', name: known })
  const inner = namedBy(keywords, withDefinitions(keywords, place))
  return convertKeywords(keywords, { ...inner, own: keywords })
}

function convertKeywords(schema: Schema, place: Place): Converted {
  const { type } = schema
  const alternatives = schema.anyOf ?? schema.oneOf
  if (Array.isArray(alternatives))
    return convertUnion(schema, alternatives, place, { convert, recordOf, followed })
  if (Array.isArray(schema.allOf)) return solid(mergeAll(schema.allOf, schema, place))
  if (Array.isArray(type)) {
    const types = type.filter((one) => one !== 'null')
    if (types.length !== 1) {
      throw unsupported(place.path, 'several types at once', 'use a union of objects')
    }
    const { shape } = convert({ ...schema, type: types[0] }, place)
    return { shape, nullable: types.length < type.length }
  }
  if (Array.isArray(schema.enum)) return solid(enumOf(schema.enum, schema, place))
  if (schema.const !== undefined) return solid(enumOf([schema.const], schema, place))
  switch (type) {
    case 'boolean':
      return solid({ kind: 'bool' })
    case 'integer':
    case 'bigint':
      return solid(convertInt(schema, type === 'bigint', place))
    case 'number':
      return solid(convertFloat(schema, place))
    case 'string':
      return solid(convertString(schema, place))
    case 'array':
      return solid(convertList(schema, place))
    case 'object':
      return solid(convertObject(schema, place))
    case 'null': {
      const hint = 'a field that is never anything else: Type.Optional(Type.Null())'
      throw unsupported(place.path, 'null alone', hint)
    }
    default:
      throw unsupported(
        place.path,
        typeof type === 'string' ? `the type "${type}"` : 'a type without keywords (any)',
        'use objects, lists, records, strings, numbers, booleans, Bytes() or unions of objects',
      )
  }
}

function solid(shape: Shape): Converted {
  return { shape, nullable: false }
}

/** The shape of a part that has no way to be null. */
function convertSolid(schema: unknown, place: Place, what: string): Shape {
  const { shape, nullable } = convert(schema, place)
  if (nullable) throw unsupported(place.path, `${what} that can be null`, 'wrap it in an object')
  return shape
}

function convertList(schema: Schema, place: Place): Shape {
  if (Array.isArray(schema.items)) {
    throw unsupported(place.path, 'a tuple', 'use an object with named fields')
  }
  const minItems = optionalNumber(schema, 'minItems', place)
  const maxItems = optionalNumber(schema, 'maxItems', place)
  return {
    kind: 'list',
    items: convertSolid(schema.items, inside(place, '/items', 'item'), 'a list item'),
    ...(minItems === undefined ? {} : { minItems }),
    ...(maxItems === undefined ? {} : { maxItems }),
    ...(schema.packed === false ? { packed: false } : {}),
  }
}

function convertObject(schema: Schema, place: Place): Shape {
  const { properties, patternProperties, additionalProperties: rest } = schema
  const named = typeof properties === 'object' && properties !== null
  const hasNames = named && Object.keys(properties).length > 0
  if (patternProperties !== undefined || (typeof rest === 'object' && rest !== null)) {
    return convertMap(schema, hasNames, place)
  }
  if (rest === true) {
    const hint = 'leave additionalProperties out: unknown names are skipped by readers anyway'
    throw unsupported(place.path, 'an open object', hint)
  }
  return recordOf((named ? properties : {}) as Schema, requiredOf(schema), place)
}

function convertMap(schema: Schema, hasNames: boolean, place: Place): Shape {
  const patterns = Object.entries((schema.patternProperties ?? {}) as Schema)
  if (hasNames || patterns.length > 1) {
    throw unsupported(place.path, 'named and open keys in one object', 'put the map in a field')
  }
  const [pattern, values] = patterns[0] ?? ['^.*$', schema.additionalProperties]
  if (pattern !== '^.*$' && pattern !== '^(.*)$') {
    throw unsupported(place.path, 'a map with a key pattern', 'use Type.Record(Type.String(), …)')
  }
  return { kind: 'map', values: convertSolid(values, inside(place, '/values', 'value'), 'a value') }
}

function requiredOf(schema: Schema): ReadonlySet<string> {
  return new Set(Array.isArray(schema.required) ? (schema.required as string[]) : [])
}

/** `allOf` of objects: one record with the fields of all. */
function mergeAll(parts: readonly unknown[], outer: Schema, place: Place): Shape {
  const properties: Record<string, unknown> = {}
  const required = new Set<string>()
  const own = outer.properties === undefined ? [] : [outer]
  for (const part of [...parts, ...own] as Schema[]) {
    const isObject = part?.type === 'object' || (part === outer && part.type === undefined)
    if (!isObject || typeof part.properties !== 'object') {
      throw unsupported(place.path, 'an intersection of other than objects', 'write it out')
    }
    for (const [name, property] of Object.entries(part.properties as Schema)) {
      if (Object.hasOwn(properties, name)) {
        throw unsupported(place.path, `two parts that both have "${name}"`, 'write it out')
      }
      properties[name] = property
    }
    for (const name of requiredOf(part)) required.add(name)
  }
  return recordOf(properties, required, place)
}

/** A record of these properties, fields in tag order. */
function recordOf(properties: Schema, required: ReadonlySet<string>, outer: Place): RecordShape {
  const name = freshName(outer)
  const around = new Map(outer.around).set(outer.own, name)
  const place = { ...outer, around, object: outer.own }
  const parts: (FieldShape | NullField)[] = []
  const tags = tagsOf(Object.entries(properties), place, name)
  const wireNames = new Map<string, string>()
  for (const [key, property] of Object.entries(properties)) {
    const part = inside(place, `/properties${pointerStep(key)}`, key)
    if (!isName(key)) throw unsupported(part.path, `the name "${key}"`, 'choose another name')
    const wireName = wireNameIn(property as Schema, key, part)
    const other = wireNames.get(wireName)
    if (other !== undefined) {
      const what = `"${key}" and "${other}" are both "${wireName}" in Avro and Protobuf`
      throw unsupported(part.path, what, 'rename one')
    }
    wireNames.set(wireName, key)
    const field = { name: key, wireName, tag: tags.get(key) as number }
    const isOptional = !required.has(key)
    const isNull = isOptional && (property as Schema | null)?.type === 'null'
    const schema = property as Schema
    parts.push(isNull ? nullOf(field, schema) : fieldOf(field, schema, isOptional, part))
  }
  parts.sort((a, b) => a.tag - b.tag)
  return recordOfParts(name, parts)
}

/** What is null or absent, and nothing else. */
function nullOf(base: NullField, { description }: Schema): NullField {
  return { ...base, ...(typeof description === 'string' && { doc: description }) }
}

/** As written under `wireName`, otherwise derived from the name. */
function wireNameIn(schema: Schema, name: string, place: Place): string {
  const { wireName = wireNameOf(name) } = schema ?? {}
  if (typeof wireName === 'string' && isWireName(wireName)) return wireName
  const what = `the wire name ${JSON.stringify(wireName)}`
  throw unsupported(place.path, what, 'letters, digits and underscore')
}

function fieldOf(
  base: { name: string; wireName: string; tag: number },
  schema: Schema,
  optional: boolean,
  place: Place,
): FieldShape {
  const { shape, nullable } = convert(schema, place)
  const { default: fallback, description, nullLast, always } = schema
  const isLast = nullLast === true && (optional || nullable)
  const last = isLast ? { nullLast: true as const } : {}
  const isAlways = always === true && !optional && !nullable
  const present = isAlways ? { always: true as const } : {}
  const field = { ...base, shape, optional, nullable, ...last, ...present }
  const doc = typeof description === 'string' ? { doc: description } : {}
  if (fallback === undefined) return { ...field, ...missingOf(field, schema, place), ...doc }
  return { ...field, fallback: fallbackOf(field, fallback, place), ...doc }
}

function fallbackOf(field: FieldShape, value: unknown, place: Place): unknown {
  if (field.nullable) {
    if (value === null) return null
    const hint = 'null means absent, so a default would replace it: drop one of the two, or write '
    throw unsupported(place.path, 'a default on a type that can be null', `${hint}it as "missing"`)
  }
  return formOf(field, value, place)
}

/** What stands for the field where the writer has none, null being a value of its own. */
function missingOf(field: FieldShape, { missing }: Schema, place: Place): { missing?: unknown } {
  if (missing === undefined) return {}
  if (field.nullable) return { missing: formOf(field, missing, place) }
  const hint = 'it is for types that can be null: use default'
  throw unsupported(place.path, 'the keyword "missing"', hint)
}

function formOf(field: FieldShape, value: unknown, place: Place): unknown {
  const wrong = findFault(field.shape, value, { finite: true })
  // JSON Schema gives defaults in their JSON form: bytes and bigints as text.
  const isForm = wrong && !findFault(field.shape, valueOfForm(field.shape, value), { finite: true })
  if (isForm) return value
  if (wrong) {
    const what = `the default is ${wrong.found} where ${wrong.expected} is expected`
    throw unsupported(`${place.path}/default${wrong.path}`, what, 'correct the default')
  }
  return jsonForm(field.shape, value)
}

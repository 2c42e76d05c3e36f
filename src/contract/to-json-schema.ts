// Owns writing a shape as JSON Schema (2020-12): for validators, documents, other tools.
// Loses nothing: what JSON Schema has no word for stands under keywords of our own, which
// shapeOf reads back (tag, name, numbers, unknown, bigint, maxBytes, precision, scale, logical,
// proto, wireName, missing).

import { decimalPattern } from './decimal-text.ts'
import { checkShape } from './given.ts'
import { linked, recursiveNames, resolved } from './link.ts'
import { wireNameOf } from './names.ts'
import { isField, partsOf } from './null-field.ts'
import type {
  BytesShape,
  DecimalShape,
  FieldShape,
  IntShape,
  NullField,
  RecordShape,
  RefShape,
  Shape,
  UnionBranch,
  UnionShape,
} from './shape.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }

/** The JSON Schema of the body's JSON form: a bigint is decimal text, bytes are base64. */
export function toJsonSchema(shape: Shape): JsonSchema {
  checkShape(shape)
  const $schema = 'https://json-schema.org/draft/2020-12/schema'
  const names = recursiveNames(shape)
  if (names.size === 0) return { $schema, ...schemaOf(shape, undefined) }
  const defs: Definitions = { names, made: new Map() }
  const root = schemaOf(linked(shape), defs)
  return { $schema, ...root, $defs: Object.fromEntries(defs.made) }
}

/** The types that contain themselves, by name: they are referred to wherever they stand. */
interface Definitions {
  readonly names: ReadonlySet<string>
  readonly made: Map<string, JsonSchema | undefined>
}

/** The schema alone, for a place inside another. */
function schemaOf(shape: Shape, defs: Definitions | undefined): JsonSchema {
  const isNamed = shape.kind === 'record' || shape.kind === 'union' || shape.kind === 'ref'
  if (defs && isNamed && defs.names.has(shape.name)) return referred(shape, defs)
  return inlined(shape, defs)
}

function referred(shape: RecordShape | UnionShape | RefShape, defs: Definitions): JsonSchema {
  const { name } = shape
  if (!defs.made.has(name)) {
    defs.made.set(name, undefined)
    defs.made.set(name, inlined(resolved(shape), defs))
  }
  return { $ref: `#/$defs/${name}` }
}

function inlined(shape: Shape, defs: Definitions | undefined): JsonSchema {
  switch (shape.kind) {
    case 'bool':
      return { type: 'boolean' }
    case 'int':
      return intSchema(shape)
    case 'float':
      return { type: 'number', ...(shape.bits === 32 ? { format: 'float' } : {}), ...bounds(shape) }
    case 'string':
      return { type: 'string', ...(shape.logical && { format: shape.logical }), ...bounds(shape) }
    case 'bytes':
      return bytesSchema(shape)
    case 'decimal':
      return decimalSchema(shape)
    case 'enum': {
      const { name, symbols, numbers, unknown } = shape
      return { type: 'string', enum: symbols, name, numbers, ...(unknown && { unknown }) }
    }
    case 'list':
      return { type: 'array', items: schemaOf(shape.items, defs), ...bounds(shape) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.values, defs) }
    case 'record':
      return recordSchema(shape, defs)
    case 'union':
      return unionSchema(shape, defs)
    case 'any':
      return {}
    case 'ref':
      return { $ref: `#/$defs/${shape.name}` }
  }
}

const boundKeys = [
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'packed',
]

/** The bounds that the shape has, under the same names. */
export function bounds(shape: Shape): JsonSchema {
  const has = Object.entries(shape).filter(([key]) => boundKeys.includes(key))
  return Object.fromEntries(has)
}

function intSchema(shape: IntShape): JsonSchema {
  const { bits, bigint, logical, proto } = shape
  const rest = { ...bounds(shape), ...(proto && { proto }) }
  if (bigint) {
    const pattern = '^-?(?:0|[1-9][0-9]{0,18})$'
    return { type: 'string', format: logical ?? 'int64', pattern, bigint: true, ...rest }
  }
  return { type: 'integer', format: logical ?? `int${bits}`, ...rest }
}

/**
 * `maxLength` counts characters of base64 here. A `format` would be one of that text: `uuid` and
 * `duration` have another meaning there.
 */
function bytesSchema({ maxLength: maxBytes, length, name, logical }: BytesShape): JsonSchema {
  const base = { type: 'string', contentEncoding: 'base64', ...(logical && { logical }) }
  if (length !== undefined) {
    const characters = Math.ceil(length / 3) * 4
    return { ...base, name, length, minLength: characters, maxLength: characters }
  }
  if (maxBytes === undefined) return base
  return { ...base, maxBytes, maxLength: Math.ceil(maxBytes / 3) * 4 }
}

function decimalSchema(shape: DecimalShape): JsonSchema {
  const { kind, ...rest } = shape
  return { type: 'string', format: kind, ...rest, pattern: decimalPattern(shape) }
}

function recordSchema(record: RecordShape, defs: Definitions | undefined): JsonSchema {
  const { name, fields } = record
  const entries = partsOf(record).map((part) => [
    part.name,
    isField(part) ? fieldSchema(part, defs) : { type: 'null', ...attributesOf(part) },
  ])
  const properties = Object.fromEntries(entries)
  const required = fields.filter(({ optional }) => !optional).map((field) => field.name)
  return { type: 'object', name, properties, required }
}

function attributesOf({ name, wireName, tag, doc }: FieldShape | NullField): JsonSchema {
  return {
    tag,
    ...(wireName === wireNameOf(name) ? {} : { wireName }),
    ...(doc === undefined ? {} : { description: doc }),
  }
}

function fieldSchema(field: FieldShape, defs: Definitions | undefined): JsonSchema {
  const { fallback, missing, nullable, nullLast, always } = field
  const schema = schemaOf(field.shape, defs)
  return {
    ...(nullable ? { anyOf: [schema, { type: 'null' }] } : schema),
    ...attributesOf(field),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(missing === undefined ? {} : { missing }),
    ...(nullLast && { nullLast }),
    ...(always && { always }),
  }
}

function unionSchema(union: UnionShape, defs: Definitions | undefined): JsonSchema {
  const { name, discriminator, branches } = union
  const oneOf = branches.map((branch) => branchSchema(branch, discriminator, defs))
  return { name, discriminator: { propertyName: discriminator }, oneOf }
}

function branchSchema(
  { literal, tag, record, bare }: UnionBranch,
  discriminator: string,
  defs: Definitions | undefined,
): JsonSchema {
  const { properties, required, ...rest } = recordSchema(record, defs)
  const told = { [discriminator]: { const: literal } }
  return {
    ...rest,
    tag,
    ...(bare && { bare }),
    properties: { ...told, ...(properties as object) },
    required: [discriminator, ...(required as string[])],
  }
}

// Owns writing a shape as JSON Schema (2020-12): for validators, documents, other tools.
// Loses nothing: what JSON Schema has no word for stands under keywords of our own, which
// shapeOf reads back (tag, name, numbers, unknown, bigint, maxBytes, proto, wireName).

import { wireNameOf } from './names.ts'
import type { FieldShape, IntShape, RecordShape, Shape, UnionBranch, UnionShape } from './shape.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }

/** The JSON Schema of the body's JSON form: a bigint is decimal text, bytes are base64. */
export function toJsonSchema(shape: Shape): JsonSchema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schemaOf(shape) }
}

/** The schema alone, for a place inside another. */
function schemaOf(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'bool':
      return { type: 'boolean' }
    case 'int':
      return intSchema(shape)
    case 'float':
      return { type: 'number', ...(shape.bits === 32 ? { format: 'float' } : {}), ...bounds(shape) }
    case 'string':
      return { type: 'string', ...bounds(shape) }
    case 'bytes':
      return bytesSchema(shape.maxLength)
    case 'enum': {
      const { name, symbols, numbers, unknown } = shape
      return { type: 'string', enum: symbols, name, numbers, ...(unknown && { unknown }) }
    }
    case 'list':
      return { type: 'array', items: schemaOf(shape.items), ...bounds(shape) }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.values) }
    case 'record':
      return recordSchema(shape)
    case 'union':
      return unionSchema(shape)
    case 'any':
      return {}
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
    return { type: 'string', format: 'int64', pattern, bigint: true, ...rest }
  }
  return { type: 'integer', format: logical ?? `int${bits}`, ...rest }
}

/** `maxLength` counts characters of base64 here. */
function bytesSchema(maxBytes: number | undefined): JsonSchema {
  const base = { type: 'string', contentEncoding: 'base64' }
  if (maxBytes === undefined) return base
  return { ...base, maxBytes, maxLength: Math.ceil(maxBytes / 3) * 4 }
}

function recordSchema({ name, fields }: RecordShape): JsonSchema {
  const properties = Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)]))
  const required = fields.filter(({ optional }) => !optional).map((field) => field.name)
  return { type: 'object', name, properties, required }
}

function fieldSchema(field: FieldShape): JsonSchema {
  const { name, wireName, tag, fallback, doc, nullable, nullLast } = field
  const schema = schemaOf(field.shape)
  return {
    ...(nullable ? { anyOf: [schema, { type: 'null' }] } : schema),
    tag,
    ...(wireName === wireNameOf(name) ? {} : { wireName }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(doc === undefined ? {} : { description: doc }),
    ...(nullLast && { nullLast }),
  }
}

function unionSchema({ name, discriminator, branches }: UnionShape): JsonSchema {
  const oneOf = branches.map((branch) => branchSchema(branch, discriminator))
  return { name, discriminator: { propertyName: discriminator }, oneOf }
}

function branchSchema({ literal, tag, record }: UnionBranch, discriminator: string): JsonSchema {
  const { properties, required, ...rest } = recordSchema(record)
  const told = { [discriminator]: { const: literal } }
  return {
    ...rest,
    tag,
    properties: { ...told, ...(properties as object) },
    required: [discriminator, ...(required as string[])],
  }
}

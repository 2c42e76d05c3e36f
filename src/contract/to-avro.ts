// Owns writing a shape as an Avro schema: for other languages, and for the oracle of the tests.
// Never used to encode: the Avro format is compiled from the shape itself.

import { wireNameOf } from './names.ts'
import type { FieldShape, Shape } from './shape.ts'

export type AvroSchema = string | readonly AvroSchema[] | { readonly [key: string]: unknown }

/** The Avro schema whose binary encoding the `avro` codec writes. */
export function avroSchemaOf(shape: Shape): AvroSchema {
  switch (shape.kind) {
    case 'bool':
      return 'boolean'
    case 'int': {
      const type = shape.bits === 32 && !shape.bigint ? 'int' : 'long'
      return shape.logical === undefined ? type : { type, logicalType: shape.logical }
    }
    case 'float':
      return shape.bits === 32 ? 'float' : 'double'
    case 'string':
    case 'bytes':
      return shape.kind
    case 'enum':
      return {
        type: 'enum',
        name: shape.name,
        symbols: shape.symbols.map(wireNameOf),
        ...(shape.unknown === undefined ? {} : { default: wireNameOf(shape.unknown) }),
      }
    case 'list':
      return { type: 'array', items: avroSchemaOf(shape.items) }
    case 'map':
      return { type: 'map', values: avroSchemaOf(shape.values) }
    case 'record':
      return { type: 'record', name: shape.name, fields: shape.fields.map(avroField) }
    case 'union':
      return shape.branches.map((branch) => avroSchemaOf(branch.record))
  }
}

/** What may be absent is a union with null first, so that null is its default. */
function avroField(field: FieldShape): Record<string, unknown> {
  const type = avroSchemaOf(field.shape)
  const doc = field.doc === undefined ? {} : { doc: field.doc }
  if (field.optional || field.nullable) {
    const branches = field.shape.kind === 'union' ? (type as readonly AvroSchema[]) : [type]
    return { name: field.wireName, type: ['null', ...branches], default: null, ...doc }
  }
  const fallback = field.fallback === undefined ? {} : avroDefault(field.shape, field.fallback)
  return { name: field.wireName, type, ...fallback, ...doc }
}

/** Avro allows a default for the first branch of a union only: others are left to our readers. */
function avroDefault(shape: Shape, form: unknown): { default?: unknown } {
  const isLater = (part: Shape, value: unknown): boolean =>
    part.kind === 'union' &&
    part.branches[0]?.literal !== (value as Record<string, unknown>)[part.discriminator]
  return isLater(shape, form) ? {} : { default: defaultForm(shape, form) }
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

// Owns bringing a document into the form of a schema that others wrote for it: which branch of a
// union it is, what Protobuf means by an absent field. Never renames or rebuilds: that is told.

import type { Shape } from 'earshot'

type RecordShape = Extract<Shape, { kind: 'record' }>
type Field = RecordShape['fields'][number]

/** Why a document is not of a schema as it stands. */
export class Misfit extends Error {}

/** The document as a value of the shape. @throws Misfit naming the first place that differs */
export function fitted(shape: Shape, json: unknown, path = ''): unknown {
  switch (shape.kind) {
    case 'list':
      if (!Array.isArray(json)) throw misfit(path, 'a list', json)
      return json.map((item, index) => fitted(shape.items, item, `${path}/${index}`))
    case 'map': {
      const entries = Object.entries(objectAt(json, path))
      return Object.fromEntries(
        entries.map(([key, item]) => [key, fitted(shape.values, item, `${path}/${key}`)]),
      )
    }
    case 'record':
      return fittedRecord(shape, objectAt(json, path), path)
    case 'union':
      return fittedUnion(shape, objectAt(json, path), path)
    case 'enum':
      if (!shape.symbols.includes(json as string)) throw misfit(path, shape.symbols[0] ?? '', json)
      return json
    default:
      return json
  }
}

function fittedRecord({ name, fields }: RecordShape, json: object, path: string): object {
  const byName = new Map(fields.map((field) => [field.name, field]))
  const stranger = Object.keys(json).find((key) => !byName.has(key))
  if (stranger !== undefined) {
    const known = fields.filter((field) => !Object.hasOwn(json, field.name))
    const instead = known.length > 0 ? `, but ${known.map((field) => field.name).join(', ')}` : ''
    throw new Misfit(`${path}/${stranger}: ${name} has no field of that name${instead}`)
  }
  const given = json as Record<string, unknown>
  const parts = fields.flatMap((field): [string, unknown][] => {
    if (Object.hasOwn(json, field.name)) {
      const part = given[field.name]
      if (part === null && field.nullable) return [[field.name, null]]
      return [[field.name, fitted(field.shape, part, `${path}/${field.name}`)]]
    }
    return field.optional || field.fallback !== undefined ? [] : [[field.name, absent(field, path)]]
  })
  return Object.fromEntries(parts)
}

/** What Protobuf reads, and does not write, where nothing stands. */
function absent({ name, shape }: Field, path: string): unknown {
  switch (shape.kind) {
    case 'bool':
      return false
    case 'int':
      return shape.bigint ? 0n : 0
    case 'float':
      return 0
    case 'string':
      return ''
    default:
      throw new Misfit(`${path}/${name} is not in the document`)
  }
}

/** The branch that has exactly the fields of the document. */
function fittedUnion(
  { branches, discriminator }: Extract<Shape, { kind: 'union' }>,
  json: object,
  path: string,
): object {
  const keys = Object.keys(json).sort().join()
  const branch = branches.find(({ record }) => {
    const names = record.fields.map(({ name }) => name)
    return names.sort().join() === keys
  })
  if (!branch) throw new Misfit(`${path}: no branch of the union has the fields ${keys}`)
  return { [discriminator]: branch.literal, ...fittedRecord(branch.record, json, path) }
}

function objectAt(json: unknown, path: string): object {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw misfit(path, 'an object', json)
}

function misfit(path: string, wanted: string, json: unknown): Misfit {
  const found = Array.isArray(json) ? 'a list' : json === null ? 'null' : `a ${typeof json}`
  return new Misfit(`${path}: the schema has ${wanted} where the document has ${found}`)
}

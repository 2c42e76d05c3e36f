// Owns the record around a branch that is no record elsewhere, and what Avro asks of unions and of
// the names of types. Never makes one: importers do.

import { EarshotError } from '../base/errors.ts'
import { linked, recursiveNames, resolved } from './link.ts'
import { pointerStep } from './names.ts'
import type { RecordShape, Shape, UnionShape } from './shape.ts'

/** Has it the one field of a bare branch, or none at all for null? */
export function isBox(record: RecordShape): boolean {
  const [field, more] = record.fields
  if (record.nulls) return false
  if (!field) return true
  // In Avro there is no such record: nothing inside can refer to it.
  if (recursiveNames(record).has(record.name)) return false
  const isPlain = !field.optional && !field.nullable && field.fallback === undefined
  return !more && isPlain && field.name === 'value' && field.shape.kind !== 'union'
}

/** No names of types, by the specification of Avro. */
const primitives: ReadonlySet<string> = new Set([
  'null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string',
]) // biome-ignore format: a table
/** Names like any, where the type stands; where it is referred to they would say something else. */
const kinds: ReadonlySet<string> = new Set([
  'record', 'error', 'enum', 'array', 'map', 'fixed', 'union',
]) // biome-ignore format: a table

/**
 * Can Avro tell the branches of all unions apart? It goes by their types, and takes each but once.
 * Is no type called as one of its own?
 * @throws EARSHOT_SHAPE_UNSUPPORTED with the path, the codec and a hint
 */
export function checkAvroTypes(shape: Shape): void {
  walk(linked(shape), '', false, new Set())
}

/** @param met names of types that stand before this one */
function walk(shape: Shape, path: string, isLoose: boolean, met: Set<string>): void {
  if (shape.kind === 'list') walk(shape.items, path, false, met)
  else if (shape.kind === 'map') walk(shape.values, path, false, met)
  else if (shape.kind === 'record') walkRecord(shape, path, met)
  else if (shape.kind === 'union') {
    checkUnion(shape, path, isLoose)
    for (const { record, bare } of shape.branches) walkRecord(record, path, met, bare)
  } else if (shape.kind === 'ref') {
    const type = resolved(shape)
    if ('name' in type) refuseWord(type.name, path, met)
  } else if ('name' in shape) refuseWord(shape.name, path, met)
}

/** A bare branch has a name here, and none in Avro. */
function walkRecord(record: RecordShape, path: string, met: Set<string>, isBare = false): void {
  if (!isBare) refuseWord(record.name, path, met)
  for (const { name, shape, optional, nullable } of record.fields) {
    const at = path + pointerStep(name)
    const isLoose = optional || nullable
    if (isLoose && shape.kind === 'ref' && resolved(shape).kind === 'union') {
      checkUnion(resolved(shape) as UnionShape, at, true)
    }
    walk(shape, at, isLoose, met)
  }
}

/** `isLoose`: null is beside it already. */
function checkUnion({ branches }: UnionShape, path: string, isLoose: boolean): void {
  const seen = new Set<string>(isLoose ? ['null'] : [])
  for (const { record, bare } of branches) {
    const type = bare ? typeWord(record) : record.name
    if (type === 'union') refuse(path, 'a union within a union')
    if (seen.has(type)) refuse(path, `two branches of a union that are both ${type}`)
    seen.add(type)
  }
}

/** What Avro tells the type in a box apart by: its name, or its kind. */
export function typeWord({ fields }: RecordShape): string {
  const [field] = fields
  if (!field) return 'null'
  const shape = resolved(field.shape)
  switch (shape.kind) {
    case 'int':
      return shape.bits === 32 && !shape.bigint ? 'int' : 'long'
    case 'float':
      return shape.bits === 32 ? 'float' : 'double'
    case 'enum':
    case 'record':
      return shape.name
    case 'bytes':
    case 'decimal':
      return shape.name ?? 'bytes'
    case 'list':
      return 'array'
    case 'bool':
      return 'boolean'
    default:
      return shape.kind
  }
}

function refuseWord(name: string | undefined, path: string, met: Set<string>): void {
  if (name === undefined) return
  const isReferredTo = met.has(name)
  met.add(name)
  if (!primitives.has(name) && !(isReferredTo && kinds.has(name))) return
  refuse(path, `a type called "${name}", a word of Avro`, 'give it another name')
}

function refuse(path: string, what: string, instead = 'leave `bare` out'): never {
  const hint = `${instead}, or narrow the channel: codecs: ["json", "msgpack", "protobuf"]`
  const text = `avro cannot carry ${path === '' ? 'the body' : path}: ${what}; ${hint}`
  throw new EarshotError('EARSHOT_SHAPE_UNSUPPORTED', text, {
    path,
    data: { hint, codecs: ['avro'] },
  })
}

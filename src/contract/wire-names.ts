// Owns the check that the names of a shape serve Avro and Protobuf. Never changes a name.

import { EarshotError } from '../base/errors.ts'
import { refuseAny } from './any.ts'
import { linked } from './link.ts'
import { isWireName, wireNameOf } from './names.ts'
import { partsOf } from './null-field.ts'
import { type Assumed, isSameType } from './same-type.ts'
import type { Shape } from './shape.ts'

/**
 * Are all names legal and told apart where Avro and Protobuf need it?
 * @throws EARSHOT_SHAPE_UNSUPPORTED with the name.
 */
export function checkWireNames(shape: Shape): void {
  walk(linked(shape), { types: new Map(), assumed: new Map() }, '')
}

interface Known {
  readonly types: Map<string, Shape>
  readonly assumed: Assumed
}

function walk(shape: Shape, known: Known, path: string): void {
  if (shape.kind === 'any') refuseAny(path)
  else if (shape.kind === 'list') walk(shape.items, known, path)
  else if (shape.kind === 'map') walk(shape.values, known, path)
  else if (shape.kind === 'bytes' || shape.kind === 'decimal') {
    if (shape.name !== undefined) takeName(shape.name, shape, known, path)
  } else if (shape.kind === 'enum') {
    takeName(shape.name, shape, known, path)
    checkApart(shape.symbols.map(wireNameOf), path)
  } else if (shape.kind === 'union') {
    takeName(shape.name, shape, known, path)
    const literals = shape.branches.map((branch) => wireNameOf(branch.literal))
    checkApart(literals, path)
    for (const branch of shape.branches) walk(branch.record, known, path)
  } else if (shape.kind === 'record') {
    takeName(shape.name, shape, known, path)
    const names = partsOf(shape).map((field) => field.wireName)
    checkApart(names, path)
    for (const field of shape.fields) walk(field.shape, known, `${path}/${field.name}`)
  }
}

function takeName(name: string, shape: Shape, known: Known, path: string): void {
  const other = known.types.get(name)
  if (!isWireName(name)) fail(path, `"${name}" is no name for a type in Avro and Protobuf`)
  // A type that is used twice is one type, though each use has a shape of its own.
  if (other !== undefined && !isSameType(other, shape, known.assumed)) {
    fail(path, `two types are called "${name}"`)
  }
  known.types.set(name, shape)
}

function checkApart(names: readonly string[], path: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (!isWireName(name)) fail(path, `"${name}" is no name for Avro and Protobuf`)
    if (seen.has(name)) fail(path, `two names are both "${name}" in Avro and Protobuf`)
    seen.add(name)
  }
}

function fail(path: string, what: string): never {
  const hint = 'rename one, or narrow the channel: codecs: ["json", "msgpack"]'
  const data = { hint, codecs: ['avro', 'protobuf'] }
  throw new EarshotError('EARSHOT_SHAPE_UNSUPPORTED', `${what}; ${hint}`, { path, data })
}

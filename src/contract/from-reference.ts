// Owns `$ref` and `$defs`: what a reference names, and the types that contain themselves.
// Never follows a schema into itself: there a reference in the shape stands for it.

import { isObject } from '../base/arguments.ts'
import { isWireName, pointerStep, wireNameOf } from './names.ts'
import { type Converted, type Definition, type Place, type Schema, unsupported } from './schema.ts'

const hint = 'write Type.Cyclic({ Name: Type.Object(…) }, "Name"), and Type.Ref("Name") inside it'

/** The place with the definitions that stand in the schema. */
export function withDefinitions(schema: Schema, place: Place): Place {
  const own = [schema.$defs, schema.definitions].filter((part) => isObject(part))
  if (own.length === 0) return place
  const definitions = new Map(place.definitions)
  for (const [key, part] of own.flatMap((part) => Object.entries(part as Schema))) {
    const path = `${place.path}/$defs${pointerStep(key)}`
    definitions.set(key, { schema: part, path, definitions })
  }
  return { ...place, definitions }
}

/** The schema that `$ref` names, at its own place; any other schema as it is. */
export function followed(
  schema: Schema,
  outer: Place,
): { readonly schema: Schema; readonly place: Place } {
  const place = withDefinitions(schema, outer)
  if (schema.$ref === undefined || schema.$ref === '#') return { schema, place }
  const { key, found } = definitionOf(schema, place)
  const named = { name: wireNameOf(key), ...(found.schema as Schema) }
  return { schema: named, place: placeOf(found, key, place) }
}

/** What a schema with `$ref` stands for. */
export function convertReference(
  schema: Schema,
  outer: Place,
  convert: (schema: unknown, place: Place) => Converted,
): Converted {
  const place = withDefinitions(schema, outer)
  if (schema.$ref === '#') return toAround(wholeOf(schema, place), place)
  const { key, found } = definitionOf(schema, place)
  const around = nameAround(found.schema as Schema, key, place)
  if (around !== undefined) return refTo(around)
  return convert(found.schema, placeOf(found, key, place))
}

/** Type.This() is the object around it, as its TypeScript type says; plain `#` is the whole. */
function wholeOf(schema: Schema, place: Place): Schema {
  return (schema['~kind'] === 'This' ? place.object : undefined) ?? place.root
}

function toAround(schema: Schema, place: Place): Converted {
  const name = place.around.get(schema)
  if (name !== undefined) return refTo(name)
  throw unsupported(place.path, 'a reference to what is no object around it', hint)
}

function refTo(name: string): Converted {
  return { shape: { kind: 'ref', name }, nullable: false }
}

function definitionOf(schema: Schema, place: Place): { key: string; found: Definition } {
  const ref = String(schema.$ref)
  const key = ref.replace(/^#\/(?:\$defs|definitions)\//, '').replaceAll('~1', '/')
  const found = place.definitions.get(key.replaceAll('~0', '~'))
  if (found && isObject(found.schema)) return { key, found }
  throw unsupported(place.path, `the reference "${ref}", which nothing here is called`, hint)
}

/**
 * The name that the definition has around this place. A branch of a union that is written out there
 * counts, if the definition is that branch: without the key that tells branches apart.
 */
function nameAround(schema: Schema, key: string, place: Place): string | undefined {
  const known = place.around.get(schema)
  if (known !== undefined) return known
  const name = nameOf(schema, key)
  for (const [other, taken] of place.around) {
    if (taken === name && hasSameKeys(other, schema)) return name
  }
  return undefined
}

function nameOf({ name }: Schema, key: string): string {
  return typeof name === 'string' && isWireName(name) ? name : wireNameOf(key)
}

/** The schema around is of a branch: its properties alone. */
function hasSameKeys(branch: Schema, { properties }: Schema): boolean {
  if (branch.type !== undefined || !isObject(properties)) return false
  return Object.keys(branch).sort().join() === Object.keys(properties).sort().join()
}

function placeOf({ path, definitions }: Definition, key: string, place: Place): Place {
  const depth = place.depth + 1
  return { ...place, path, definitions, depth, name: wireNameOf(key), names: new Set() }
}

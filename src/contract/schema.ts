// Owns what all readers of JSON Schema share: the place they are at, its names, the refusal.
// Never reads a type itself.

import { EarshotError } from '../base/errors.ts'
import { isWireName, wireNameOf } from './names.ts'
import type { RecordShape, Shape } from './shape.ts'

/** A schema as plain keywords. */
export type Schema = Readonly<Record<string, unknown>>

/** Where we are in the schema: names for what is nested, path for messages. */
export interface Place {
  readonly path: string
  /** What the lock file says; undefined without one. */
  readonly locked: Numbering | undefined
  readonly name: string
  readonly depth: number
  readonly names: Set<string>
  /** What `$ref` can name here. */
  readonly definitions: ReadonlyMap<string, Definition>
  /** The schemas around this one that have a name in the shape: records and unions. */
  readonly around: ReadonlyMap<Schema, string>
  /** The schema that is being read, the object around it, and the whole. */
  readonly own: Schema
  readonly object: Schema | undefined
  readonly root: Schema
  /** How much more may be read: a small schema of references can stand for a large one. */
  readonly budget: { parts: number }
}

/** A schema under `$defs`, with what its own references can name. */
export interface Definition {
  readonly schema: unknown
  readonly path: string
  readonly definitions: ReadonlyMap<string, Definition>
}

/** The numbers ever given to the parts of a type, by its name; those of the removed, too. */
export type Numbering = (typeName: string) => ReadonlyMap<string, number>

export function unsupported(path: string, what: string, hint: string): EarshotError {
  const where = path === '' ? 'the type itself' : path
  const text = `unsupported type at ${where}: ${what}; ${hint}`
  return new EarshotError('EARSHOT_SHAPE_UNSUPPORTED', text, { path, data: { hint } })
}

/** The place of a part. `label` becomes part of the names of the records in it. */
export function inside(place: Place, step: string, label: string): Place {
  const name = label === '' ? place.name : `${place.name}_${wireNameOf(label)}`
  return { ...place, path: place.path + step, name, depth: place.depth + 1 }
}

/** The place of a type that names itself: `name` holds for it, and for the types inside it. */
export function namedBy(schema: Schema, place: Place): Place {
  const { name } = schema
  if (name === undefined) return place
  if (typeof name !== 'string' || !isWireName(name)) {
    const hint = 'letters, digits and underscore, not beginning with a digit'
    throw unsupported(place.path, `the name ${JSON.stringify(name)} of a type`, hint)
  }
  // Names inside are counted anew: a type that is used twice must look the same both times.
  return { ...place, name, names: new Set() }
}

/** A name not taken yet by another record, enum or union of the same contract type. */
export function freshName(place: Place): string {
  let name = place.name
  for (let count = 2; place.names.has(name); count++) name = `${place.name}_${count}`
  place.names.add(name)
  return name
}

export function optionalNumber(schema: Schema, keyword: string, place: Place): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  const number = Number(value)
  const isExact = typeof value === 'number' || (typeof value === 'bigint' && isSafe(value))
  if (!isExact || !Number.isFinite(number)) {
    throw unsupported(place.path, `"${keyword}" is ${String(value)}`, 'give a finite number')
  }
  return number
}

function isSafe(value: bigint): boolean {
  return Number.isSafeInteger(Number(value))
}

/** What a schema stands for: null is not a shape but a property of the field. */
export interface Converted {
  readonly shape: Shape
  readonly nullable: boolean
}

/** What converts the parts of a type; handed down, so that the files of each kind need no other. */
export interface Converter {
  convert(schema: unknown, place: Place): Converted
  recordOf(properties: Schema, required: ReadonlySet<string>, place: Place): RecordShape
  /** The schema that a `$ref` names, and its place; any other schema is returned as it is. */
  followed(schema: Schema, place: Place): { readonly schema: Schema; readonly place: Place }
}

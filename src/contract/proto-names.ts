// Owns the names in a .proto file: what protoc takes for one name, and the words of its own.
// Never changes a name that can stand as it is: a later one gives way to an earlier one.

import type { Shape } from './shape.ts'

/** Where a type is named in a message, these begin something else, or are types of Protobuf's. */
const words: ReadonlySet<string> = new Set([
  'double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64',
  'sfixed32', 'sfixed64', 'bool', 'string', 'bytes', 'message', 'enum', 'extend', 'extensions',
  'reserved', 'option', 'oneof', 'map', 'group', 'optional', 'repeated', 'required',
]) // biome-ignore format: a table

/** The names of a file: types and the symbols of enums are in one scope. */
export class ProtoNames {
  /** The package, with a dot before and behind it; a dot where there is none. */
  readonly #scope: string
  readonly #taken = new Set<string>()

  /** The names of all types in these shapes are theirs, whatever else is to be named. */
  constructor(shapes: Iterable<Shape>, scope: string) {
    this.#scope = scope
    for (const shape of shapes) this.#take(shape)
  }

  #take(shape: Shape): void {
    if (shape.kind === 'list') this.#take(shape.items)
    else if (shape.kind === 'map') this.#take(shape.values)
    else if (shape.kind === 'enum') this.#taken.add(shape.name)
    else if (shape.kind === 'record') {
      this.#taken.add(shape.name)
      for (const field of shape.fields) this.#take(field.shape)
    } else if (shape.kind === 'union') {
      this.#taken.add(shape.name)
      for (const branch of shape.branches) this.#take(branch.record)
    }
  }

  /** The name, or the nearest one that is free; it is taken then. */
  fresh(wanted: string): string {
    let name = wanted
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}_${count}`
    this.#taken.add(name)
    return name
  }

  /** How a type is named in a message. */
  typed(name: string): string {
    return words.has(name) ? `${this.#scope}${name}` : name
  }
}

/** Names of fields: protoc refuses two whose names in JSON differ in case alone, or not at all. */
export function fieldNames(names: readonly string[]): string[] {
  return apart(names, (name) => name.replaceAll('_', '').toLowerCase())
}

/** Symbols of an enum: protoc refuses two that are one in languages with symbols like AbcDef. */
export function symbolNames(names: readonly string[]): string[] {
  return apart(names, (name) =>
    name
      .split('_')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
      .join(''),
  )
}

/** The names, or the nearest ones that are no others, nor are taken for them. */
export function apart(
  names: readonly string[],
  keyOf: (name: string) => string = (name) => name,
): string[] {
  const taken = new Set<string>()
  return names.map((wanted) => {
    let name = wanted
    const isTaken = (): boolean =>
      taken.has(keyOf(name)) || (name !== wanted && names.includes(name))
    for (let count = 2; isTaken(); count++) name = `${wanted}_${count}`
    taken.add(keyOf(name))
    return name
  })
}

/** What the oneof of a union is called, beside these names. */
export function unionName(names: readonly string[]): string {
  let name = 'branch'
  while (names.includes(name)) name += '_'
  return name
}

/** Is it called as a union is? */
export function isUnionName(name: string | undefined): boolean {
  return name !== undefined && /^branch_*$/.test(name)
}

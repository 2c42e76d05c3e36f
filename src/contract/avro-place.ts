// Owns where a reader of Avro schemas is: the path, the namespace, the named types so far.
// Never defines a name twice, and never follows a type into itself.

import { EarshotError } from '../base/errors.ts'
import { pointerStep } from './names.ts'
import { unsupported } from './schema.ts'
import type { EnumShape, RecordShape } from './shape.ts'

export type Json = Readonly<Record<string, unknown>>

export interface AvroPlace {
  readonly path: string
  readonly namespace: string
  readonly depth: number
  readonly names: AvroNames
  readonly int64: 'number' | 'bigint'
}

/** The error of what is no Avro schema. */
export function invalidAvro(path: string, what: string): EarshotError {
  const where = path === '' ? '' : ` at ${path}`
  return new EarshotError('EARSHOT_SCHEMA_INVALID', `no Avro schema${where}: ${what}`, { path })
}

export function below(place: AvroPlace, ...steps: (string | number)[]): AvroPlace {
  const path = place.path + steps.map(pointerStep).join('')
  return { ...place, path, depth: place.depth + 1 }
}

const fullName = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
const maxNames = 10_000

/** Records and enums by full name; `undefined` while one is being read. */
export class AvroNames {
  readonly #types = new Map<string, RecordShape | EnumShape | undefined>()
  readonly #short = new Set<string>()

  /** Reads a named type: `make` gets its name in shapes, and the place inside its namespace. */
  define<T extends RecordShape | EnumShape>(
    given: Json,
    place: AvroPlace,
    make: (name: string, inner: AvroPlace) => T,
  ): T {
    const full = this.#fullName(given.name, given.namespace, place)
    if (this.#types.has(full)) throw invalidAvro(place.path, `a second type called ${full}`)
    if (this.#types.size >= maxNames) throw invalidAvro(place.path, 'too many named types')
    this.#types.set(full, undefined)
    const dot = full.lastIndexOf('.')
    const short = full.slice(dot + 1)
    const name = this.#short.has(short) ? full.replaceAll('.', '_') : short
    this.#short.add(name)
    const made = make(name, { ...place, namespace: dot < 0 ? '' : full.slice(0, dot) })
    this.#types.set(full, made)
    return made
  }

  /** The type that a name refers to. */
  find(name: string, place: AvroPlace): RecordShape | EnumShape {
    const inside = place.namespace === '' ? name : `${place.namespace}.${name}`
    const full = !name.includes('.') && this.#types.has(inside) ? inside : name
    if (!this.#types.has(full)) {
      throw invalidAvro(place.path, `no type called ${JSON.stringify(name)}`)
    }
    const found = this.#types.get(full)
    if (found) return found
    const hint = 'write it with a bounded depth, or carry the inner part as bytes'
    throw unsupported(place.path, `${full}, which contains itself`, hint)
  }

  #fullName(name: unknown, namespace: unknown, place: AvroPlace): string {
    if (typeof name !== 'string' || !fullName.test(name) || name.length > 256) {
      throw invalidAvro(place.path, `the name ${JSON.stringify(name)}`)
    }
    if (name.includes('.')) return name
    const around = namespace ?? place.namespace
    if (around === '') return name
    if (typeof around !== 'string' || !fullName.test(around) || around.length > 256) {
      throw invalidAvro(place.path, `the namespace ${JSON.stringify(around)}`)
    }
    return `${around}.${name}`
  }
}

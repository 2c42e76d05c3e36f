// Owns where a reader of Avro schemas is: the path, the namespace, the named types so far.
// Never defines a name twice. Inside itself a type is a reference to what is around it.

import { EarshotError } from '../base/errors.ts'
import { pointerStep } from './names.ts'
import type { BytesShape, DecimalShape, EnumShape, RecordShape, RefShape, Shape } from './shape.ts'

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

type Named = RecordShape | EnumShape | BytesShape | DecimalShape

/** Named types by full name; `undefined` while one is being read. */
export class AvroNames {
  readonly #types = new Map<string, Named | undefined>()
  readonly #given = new Map<string, Json>()
  readonly #short = new Set<string>()
  /** The names in shapes, by full name, and back. */
  readonly #shortOf = new Map<string, string>()
  readonly #fullOf = new Map<string, string>()
  readonly #unions = new Map<string, string>()

  /** Reads a named type: `make` gets its name in shapes, and the place inside its namespace. */
  define<T extends Named>(
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
    this.#given.set(full, given)
    this.#shortOf.set(full, name)
    this.#fullOf.set(name, full)
    const made = make(name, { ...place, namespace: dot < 0 ? '' : full.slice(0, dot) })
    this.#types.set(full, made)
    return made
  }

  /** The type that a name refers to. */
  find(name: string, place: AvroPlace): Named | RefShape {
    const full = this.#known(name, place)
    if (full === undefined) {
      throw invalidAvro(place.path, `no type called ${JSON.stringify(name)}`)
    }
    return this.#types.get(full) ?? { kind: 'ref', name: this.#shortOf.get(full) as string }
  }

  #known(name: string, { namespace }: AvroPlace): string | undefined {
    const inside = namespace === '' ? name : `${namespace}.${name}`
    if (!name.includes('.') && this.#types.has(inside)) return inside
    return this.#types.has(name) ? name : undefined
  }

  /** The full name of a type that has one, defined here or before. */
  fullNameOf(type: unknown, place: AvroPlace): string | undefined {
    if (typeof type === 'string') return this.#known(type, place)
    const { type: kind, name, namespace } = (type ?? {}) as Json
    if (['record', 'error', 'enum', 'fixed'].includes(kind as string)) {
      return this.#fullName(name, namespace, place)
    }
    return typeof kind === 'string' ? this.#known(kind, place) : undefined
  }

  /** The schema of a type by its full name. */
  givenOf(full: string): Json | undefined {
    return this.#given.get(full)
  }

  /** The type by its name in shapes; undefined while it is being read. */
  definitionOf(name: string): Shape | undefined {
    return this.#types.get(this.#fullOf.get(name) ?? '')
  }

  /** The name of a union: the same for the same types, another for others. */
  unionName(key: string, wanted: string): string {
    const known = this.#unions.get(`${wanted}|${key}`)
    if (known !== undefined) return known
    let name = wanted
    for (let count = 2; this.#short.has(name); count++) name = `${wanted}_${count}`
    this.#short.add(name)
    this.#unions.set(`${wanted}|${key}`, name)
    return name
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

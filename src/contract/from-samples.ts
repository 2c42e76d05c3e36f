// Owns inferring a shape from JSON values, when there is no contract yet, and saying what was
// inferred and what could not be. Never guesses more than the samples carry: every sample fits.

import { checkList, checkOptions } from '../base/arguments.ts'
import { EarshotError, isEarshotError } from '../base/errors.ts'
import { shapeOf } from './from-typebox.ts'
import { wireNameOf } from './names.ts'
import { Observed } from './observe-samples.ts'
import { type Schema, unsupported } from './schema.ts'
import type { Shape } from './shape.ts'
import { refuseHuge } from './shape-size.ts'

export interface SampleOptions {
  /** Of the type. Default: `Sample`. */
  readonly name?: string
  /** How a row is called in errors. Default: `row 1` for the first. */
  readonly where?: (index: number) => string
}

export interface SampleNote {
  /** A JSON pointer, with `*` for any item or key. */
  readonly path: string
  /** `unknown`: the samples do not tell; what was taken instead is said. */
  readonly kind: 'inferred' | 'unknown'
  readonly text: string
}

export interface SampleShape {
  readonly shape: Shape
  readonly notes: readonly SampleNote[]
}

/** An enum is inferred from so few words, each seen so often, among so many values. */
const mostSymbols = 8
const leastTimesEach = 10
const leastEnumValues = 100
/** Words as programs write them. Capitalised ones are often names: of cities, of people. */
const lowerCase = /^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/
const upperCase = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/
/** Codes of countries, currencies and the like: more of them than any sample shows. */
const code = /^[A-Z]{1,3}$/
/** Objects are a map when they have so many keys, and each key is in so few of them. */
const leastMapKeys = 33
const mostPresence = 0.25

/**
 * The narrowest shape that is surely meant by these JSON values: every one of them fits it. Null
 * and absent are one in a contract. Integers have 64 bits and no bounds: samples show no limit.
 * @throws EARSHOT_SHAPE_UNSUPPORTED with path and rows where no one shape carries all of them
 */
export function fromSamples(rows: Iterable<unknown>, options: SampleOptions = {}): SampleShape {
  checkList(rows, '/rows', 'a list of values')
  checkOptions(options, ['name', 'where'])
  const where = options.where ?? ((index: number) => `row ${index + 1}`)
  const root = new Observed('', 0)
  let count = 0
  for (const row of rows) {
    add(root, row, count, where)
    count++
  }
  if (count === 0) throw unsupported('', 'nothing to infer a type from', 'give at least one row')
  const inference = new Inference(where)
  const schema = inference.schemaOf(root)
  const shape = shapeOf(schema as never, options.name ?? 'Sample')
  refuseHuge(shape, '')
  return { shape, notes: inference.notes }
}

/** One more row; what it cannot be is told with its place. */
function add(root: Observed, row: unknown, index: number, where: (index: number) => string): void {
  try {
    if (row === null || row === undefined)
      throw unsupported('', 'a row that is null', 'leave it out')
    root.add(row, index)
  } catch (error) {
    if (!isEarshotError(error)) throw error
    const { code, message, path = '', data } = error
    throw new EarshotError(code, `${where(index)}: ${message}`, { path, data })
  }
}

class Inference {
  readonly notes: SampleNote[] = []
  readonly #where: (index: number) => string

  constructor(where: (index: number) => string) {
    this.#where = where
  }

  /** The type of a place as JSON Schema has it, as TypeBox would write it. */
  schemaOf(seen: Observed): Schema {
    this.#refuseMixture(seen)
    const [kind] = seen.kinds.keys()
    switch (kind) {
      case 'boolean':
        return { type: 'boolean' }
      case 'number':
        return this.#number(seen)
      case 'string':
        return this.#string(seen)
      case 'list':
        return this.#list(seen)
      case 'object':
        return this.#object(seen)
      default:
        throw unsupported(seen.path, 'nothing but null', 'leave it out')
    }
  }

  #refuseMixture({ kinds, path }: Observed): void {
    if (kinds.size < 2) return
    const parts = [...kinds].map(([kind, row]) => `${kind} in ${this.#where(row)}`)
    const hint = 'a field has one type: give what differs a field of its own'
    throw unsupported(path, `mixed types: ${parts.join(', ')}`, hint)
  }

  #number({ path, decimals, huge, count, nulls }: Observed): Schema {
    if (huge > 0) {
      const text = 'integers beyond 2^53 − 1: double; JSON has rounded them before they are read'
      this.#note(path, 'unknown', text)
    } else if (decimals > 0 && decimals < count - nulls) {
      this.#note(path, 'inferred', `${decimals} of ${count - nulls} have decimals: all are doubles`)
    }
    return { type: decimals + huge > 0 ? 'number' : 'integer' }
  }

  #string(seen: Observed): Schema {
    const { path, strings, dateTimes, uuids } = seen
    if (dateTimes === strings) {
      const instead = "Type.Integer({ format: 'timestamp-millis' }) and numbers take 6"
      this.#note(path, 'inferred', `date-times: a string of some 20 bytes; ${instead}`)
      return { type: 'string', description: 'date-time' }
    }
    if (uuids === strings) {
      const text = 'uuids: a string of 36 bytes; Bytes() and 16 bytes take 17'
      this.#note(path, 'inferred', text)
      return { type: 'string', description: 'uuid' }
    }
    const symbols = symbolsOf(seen)
    if (!symbols) return { type: 'string' }
    const text = `${symbols.length} words in ${strings} values: an enum, which refuses any other`
    this.#note(path, 'inferred', text)
    return { enum: symbols }
  }

  #list({ items, path }: Observed): Schema {
    if (!items || items.count === 0) {
      this.#note(path, 'unknown', 'always empty: taken for a list of strings')
      return { type: 'array', items: { type: 'string' } }
    }
    if (items.firstNull !== undefined) {
      const what = `a list item that is null in ${this.#where(items.firstNull)}`
      throw unsupported(items.path, what, 'leave it out')
    }
    return { type: 'array', items: this.schemaOf(items) }
  }

  #object(seen: Observed): Schema {
    const { path, objects, fields } = seen
    const values = valuesOfMap(seen)
    if (values) {
      const text = `${fields.size} keys, each in few of ${objects} objects: a map`
      this.#note(path, 'inferred', text)
      return { type: 'object', patternProperties: { '^.*$': this.schemaOf(values) } }
    }
    if (fields.size === 0) this.#note(path, 'unknown', 'an object that never has a field')
    const wireNames = new Set<string>()
    const required: string[] = []
    const properties: [string, Schema][] = []
    for (const [key, field] of fields) {
      const property = this.#field(field, objects)
      if (field.count === objects) required.push(key)
      properties.push([key, { ...property, ...ownWireName(key, wireNames) }])
    }
    return { type: 'object', properties: Object.fromEntries(properties), required }
  }

  #field(field: Observed, objects: number): Schema {
    const { path, count, nulls, kinds } = field
    const isAbsent = count < objects
    if (isAbsent)
      this.#note(path, 'inferred', `absent in ${objects - count} of ${objects}: optional`)
    if (kinds.size === 0) {
      this.#note(path, 'unknown', 'always null: taken for a string that may be null')
      return orNull({ type: 'string' })
    }
    const schema = this.schemaOf(field)
    if (nulls === 0) return schema
    this.#note(path, 'inferred', `null in ${nulls} of ${count}: may be null, which is absent`)
    return orNull(schema)
  }

  #note(path: string, kind: SampleNote['kind'], text: string): void {
    this.notes.push({ path, kind, text })
  }
}

/** The description stays with the field. */
function orNull({ description, ...type }: Schema): Schema {
  return { anyOf: [type, { type: 'null' }], ...(description ? { description } : {}) }
}

/** The words of a place that is clearly an enum. */
function symbolsOf({ words, strings }: Observed): string[] | undefined {
  if (!words || words.size < 2 || words.size > mostSymbols || strings < leastEnumValues) return
  const symbols = [...words.keys()]
  const isOften = [...words.values()].every((times) => times >= leastTimesEach)
  const isCased = [lowerCase, upperCase].some((one) => symbols.every((word) => one.test(word)))
  const isCode = symbols.every((word) => code.test(word))
  const isToldApart = new Set(symbols.map(wireNameOf)).size === symbols.length
  return isOften && isCased && !isCode && isToldApart ? symbols : undefined
}

/** What stands under the keys of a place that is clearly a map. */
function valuesOfMap(seen: Observed): Observed | undefined {
  const { fields, objects } = seen
  if (fields.size < leastMapKeys) return undefined
  const pairs = [...fields.values()].reduce((sum, { count }) => sum + count, 0)
  if (pairs / (fields.size * objects) > mostPresence) return undefined
  const values = seen.merged()
  return values.kinds.size === 1 && values.nulls === 0 ? values : undefined
}

/** A name for Avro and Protobuf that no other field has, where the derived one is taken. */
function ownWireName(key: string, taken: Set<string>): { wireName?: string } {
  const derived = wireNameOf(key)
  let wireName = derived
  for (let count = 2; taken.has(wireName); count++) wireName = `${derived}_${count}`
  taken.add(wireName)
  return wireName === derived ? {} : { wireName }
}

// Owns what is seen at each place of many JSON values: kinds, counts, words, keys.
// Never decides what type a place has; never keeps a value, except a few short strings.

import { isName, pointerStep } from './names.ts'
import { unsupported } from './schema.ts'

export type Kind = 'boolean' | 'number' | 'string' | 'list' | 'object'

const maxDepth = 64
const maxKeys = 4_096
/** Distinct strings that are kept of a place: an enum has fewer. */
const maxWords = 32
const maxWordLength = 40

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** All values of one place. */
export class Observed {
  readonly path: string
  readonly depth: number
  /** How often something stood here, null included. */
  count = 0
  nulls = 0
  /** The row in which null was seen first. */
  firstNull: number | undefined
  /** The row in which each kind was seen first. */
  readonly kinds: Map<Kind, number> = new Map()
  /** Numbers that are no whole numbers, or −0, which integers do not have. */
  decimals = 0
  /** Whole numbers that JavaScript does not hold exactly. */
  huge = 0
  strings = 0
  dateTimes = 0
  uuids = 0
  /** Undefined when there were too many, or long ones. */
  words: Map<string, number> | undefined = new Map()
  items: Observed | undefined
  objects = 0
  readonly fields: Map<string, Observed> = new Map()

  constructor(path: string, depth: number) {
    this.path = path
    this.depth = depth
  }

  /** @throws EARSHOT_SHAPE_UNSUPPORTED for nesting and names that no contract has */
  add(value: unknown, row: number): void {
    this.count++
    if (value === null || value === undefined) {
      this.nulls++
      this.firstNull ??= row
      return
    }
    const kind = kindOf(value)
    if (!this.kinds.has(kind)) this.kinds.set(kind, row)
    if (kind === 'number') this.#addNumber(value as number)
    else if (kind === 'string') this.#addString(value as string)
    else if (kind === 'list') this.#addList(value as unknown[], row)
    else if (kind === 'object') this.#addObject(value as object, row)
  }

  #addNumber(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) this.decimals++
    else if (!Number.isSafeInteger(value)) this.huge++
  }

  #addString(value: string): void {
    this.strings++
    if (dateTime.test(value)) this.dateTimes++
    else if (uuid.test(value)) this.uuids++
    if (!this.words) return
    if (value.length > maxWordLength) this.words = undefined
    else this.words.set(value, (this.words.get(value) ?? 0) + 1)
    if (this.words && this.words.size > maxWords) this.words = undefined
  }

  #addList(list: readonly unknown[], row: number): void {
    this.items ??= this.#below('/*')
    for (const item of list) this.items.add(item, row)
  }

  #addObject(object: object, row: number): void {
    this.objects++
    for (const [key, value] of Object.entries(object)) {
      let field = this.fields.get(key)
      if (!field) {
        const path = `${this.path}${pointerStep(key)}`
        if (!isName(key)) {
          throw unsupported(path, `the name ${JSON.stringify(key.slice(0, 40))}`, 'rename it')
        }
        if (this.fields.size >= maxKeys) {
          const what = `an object with more than ${maxKeys} different keys`
          throw unsupported(this.path, what, 'write a contract: Type.Record(Type.String(), …)')
        }
        field = this.#below(pointerStep(key))
        this.fields.set(key, field)
      }
      field.add(value, row)
    }
  }

  #below(step: string): Observed {
    if (this.depth >= maxDepth) throw unsupported(this.path, 'nested too deeply', 'flatten it')
    return new Observed(this.path + step, this.depth + 1)
  }

  /** What was seen under all keys, as of one place. */
  merged(): Observed {
    const all = this.#below('/*')
    for (const field of this.fields.values()) all.#take(field)
    return all
  }

  #take(other: Observed): void {
    this.count += other.count
    this.nulls += other.nulls
    this.firstNull ??= other.firstNull
    for (const [kind, row] of other.kinds) {
      this.kinds.set(kind, Math.min(row, this.kinds.get(kind) ?? row))
    }
    this.decimals += other.decimals
    this.huge += other.huge
    this.strings += other.strings
    this.dateTimes += other.dateTimes
    this.uuids += other.uuids
    this.words = undefined
    if (other.items) {
      this.items ??= this.#below('/*')
      this.items.#take(other.items)
    }
    this.objects += other.objects
    for (const [key, field] of other.fields) {
      const own = this.fields.get(key) ?? this.#below(pointerStep(key))
      this.fields.set(key, own)
      own.#take(field)
    }
  }
}

function kindOf(value: unknown): Kind {
  if (Array.isArray(value)) return 'list'
  const kind = typeof value
  if (kind === 'boolean' || kind === 'number' || kind === 'string' || kind === 'object') return kind
  throw unsupported('', `a ${kind}`, 'samples are JSON values')
}

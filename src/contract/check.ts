// Owns the check of a value against a shape, with path and words: what is wrong, and where.
// Never on the hot path: compiled encoders check for themselves and come here for the sentence.

import { defaultLimits } from '../base/limits.ts'
import { decimalPattern } from './decimal-text.ts'
import { fillOf, itemWeight, recordWeight } from './item-weight.ts'
import { knownTargetOf, linked } from './link.ts'
import { pointerStep } from './names.ts'
import type {
  DecimalShape,
  EnumShape,
  FieldShape,
  FloatShape,
  IntShape,
  ListShape,
  MapShape,
  RecordShape,
  RefShape,
  Shape,
  StringShape,
  UnionShape,
} from './shape.ts'

export interface Fault {
  /** JSON pointer into the value; empty for the value itself. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

export interface CheckRules {
  /** Refuse NaN and the infinities, as JSON must. Default: false. */
  readonly finite?: boolean
  /** Items in all lists and maps of one value together. Default: no bound. */
  readonly maxItems?: number
  /** Records, lists and maps within each other. Default: the limit of that name. */
  readonly maxDepth?: number
}

interface Walk {
  readonly finite: boolean
  items: number
  fill: number
  depth: number
}

const maxInt32 = 2_147_483_647
const patterns = new Map<string, RegExp>()

/** The compiled form of a `pattern`: Unicode mode, not anchored, as JSON Schema says. */
export function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const made = new RegExp(source, 'u')
  if (patterns.size < 1024) patterns.set(source, made)
  return made
}

/** The first fault of `value`, or undefined when it fits the shape. */
export function findFault(shape: Shape, value: unknown, rules: CheckRules = {}): Fault | undefined {
  const { finite = false, maxItems = Number.POSITIVE_INFINITY } = rules
  const maxDepth = rules.maxDepth ?? defaultLimits.maxDepth
  const walk = { finite, items: maxItems, fill: fillOf(maxItems), depth: maxDepth }
  return check(linked(shape), value, '', walk)
}

/** `string "abc"`, `null`, `list of 3`: what was found, short enough for a message. */
function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') {
    return `string ${JSON.stringify(value.length > 32 ? `${value.slice(0, 32)}…` : value)}`
  }
  if (typeof value === 'bigint') return `bigint ${value}`
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`
  if (Array.isArray(value)) return `list of ${value.length}`
  if (value instanceof Uint8Array) return `bytes of length ${value.length}`
  return typeof value === 'object' ? 'object' : typeof value
}

function check(shape: Shape, value: unknown, path: string, walk: Walk): Fault | undefined {
  switch (shape.kind) {
    case 'bool':
      return typeof value === 'boolean' ? undefined : fault(path, 'boolean', value)
    case 'int':
      return checkInt(shape, value, path)
    case 'float':
      return checkFloat(shape, value, path, walk)
    case 'string':
      return checkString(shape, value, path)
    case 'bytes':
      if (!(value instanceof Uint8Array)) return fault(path, 'Uint8Array', value)
      if (shape.length !== undefined && value.length !== shape.length) {
        return fault(path, `${shape.length} bytes`, value)
      }
      return shape.maxLength !== undefined && value.length > shape.maxLength
        ? fault(path, `at most ${shape.maxLength} bytes`, value)
        : undefined
    case 'decimal':
      return checkDecimal(shape, value, path)
    case 'enum':
      return checkEnum(shape, value, path)
    case 'any':
      return undefined
    case 'ref':
      return checkRef(shape, value, path, walk)
    case 'union':
      return checkUnion(shape, value, path, walk)
    default:
      return checkNested(shape, value, path, walk)
  }
}

/** Of a part alone, as defaults have it, nobody knows what is around it. */
function checkRef(shape: RefShape, value: unknown, path: string, walk: Walk): Fault | undefined {
  const target = knownTargetOf(shape)
  if (target) return check(target, value, path, walk)
  return fault(path, `no ${shape.name} within a ${shape.name}`, value)
}

function checkNested(
  shape: ListShape | MapShape | RecordShape,
  value: unknown,
  path: string,
  walk: Walk,
): Fault | undefined {
  if (--walk.depth < 0) {
    walk.depth++
    return fault(path, 'no deeper than limits.maxDepth', value)
  }
  const found =
    shape.kind === 'list'
      ? checkList(shape, value, path, walk)
      : shape.kind === 'map'
        ? checkMap(shape, value, path, walk)
        : checkRecord(shape, value, path, walk)
  walk.depth++
  return found
}

function fault(path: string, expected: string, value: unknown): Fault {
  return { path, expected, found: describeValue(value) }
}

function checkInt(shape: IntShape, value: unknown, path: string): Fault | undefined {
  if (shape.bigint) {
    const fits = typeof value === 'bigint' && BigInt.asIntN(64, value) === value
    if (!fits) return fault(path, 'bigint of 64 bits', value)
  } else if (shape.bits === 32) {
    const fits = Number.isInteger(value) && Math.abs((value as number) + 0.5) < maxInt32 + 1
    if (!fits) return fault(path, 'whole number of 32 bits', value)
  } else if (!Number.isSafeInteger(value)) {
    return fault(path, 'whole number within ±(2^53 − 1)', value)
  }
  return checkRange(shape, value as number | bigint, path)
}

function checkRange(
  shape: IntShape | FloatShape,
  value: number | bigint,
  path: string,
): Fault | undefined {
  if (shape.minimum !== undefined && !(value >= shape.minimum)) {
    return fault(path, `at least ${shape.minimum}`, value)
  }
  if (shape.maximum !== undefined && !(value <= shape.maximum)) {
    return fault(path, `at most ${shape.maximum}`, value)
  }
  return undefined
}

function checkFloat(
  shape: FloatShape,
  value: unknown,
  path: string,
  walk: Walk,
): Fault | undefined {
  if (typeof value !== 'number') return fault(path, 'number', value)
  if (walk.finite && !Number.isFinite(value)) return fault(path, 'finite number', value)
  if (shape.bits === 32 && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    return fault(path, 'number within the range of 32-bit floats', value)
  }
  return checkRange(shape, value, path)
}

function checkString(shape: StringShape, value: unknown, path: string): Fault | undefined {
  if (typeof value !== 'string') return fault(path, 'string', value)
  if (/\p{Surrogate}/u.test(value)) return fault(path, 'string without lone surrogates', value)
  if (shape.minLength !== undefined && value.length < shape.minLength) {
    return fault(path, `at least ${shape.minLength} characters`, value)
  }
  if (shape.maxLength !== undefined && value.length > shape.maxLength) {
    return fault(path, `at most ${shape.maxLength} characters`, value)
  }
  if (shape.pattern !== undefined && !patternOf(shape.pattern).test(value)) {
    return fault(path, `string matching ${shape.pattern}`, value)
  }
  return undefined
}

function checkDecimal(shape: DecimalShape, value: unknown, path: string): Fault | undefined {
  if (typeof value === 'string' && patternOf(decimalPattern(shape)).test(value)) return undefined
  const { precision, scale } = shape
  const after = scale === 0 ? 'none after it' : `at most ${scale} after it`
  const before = `at most ${precision - scale} digits before the point`
  return fault(path, `text of a decimal, ${before}, ${after}`, value)
}

function checkEnum(shape: EnumShape, value: unknown, path: string): Fault | undefined {
  if (typeof value === 'string' && shape.symbols.includes(value)) return undefined
  const shown = shape.symbols.slice(0, 8).map((symbol) => JSON.stringify(symbol))
  const more = shape.symbols.length > shown.length ? ', …' : ''
  return fault(path, `one of ${shown.join(', ')}${more}`, value)
}

function checkList(shape: ListShape, value: unknown, path: string, walk: Walk): Fault | undefined {
  if (!Array.isArray(value)) return fault(path, 'list', value)
  if (shape.minItems !== undefined && value.length < shape.minItems) {
    return fault(path, `at least ${shape.minItems} items`, value)
  }
  if (shape.maxItems !== undefined && value.length > shape.maxItems) {
    return fault(path, `at most ${shape.maxItems} items`, value)
  }
  walk.items -= value.length * itemWeight(shape.items)
  if (walk.items < 0) return fault(path, 'no more items than limits.maxItems in all', value)
  for (let index = 0; index < value.length; index++) {
    const found = check(shape.items, value[index], path + pointerStep(index), walk)
    if (found) return found
  }
  return undefined
}

const tagOf = Object.prototype.toString
/** What keeps nothing under keys: a forgotten `await` would go out as an empty object. */
const keyless: ReadonlySet<string> = new Set(
  [
    ...['ArrayBuffer', 'BigInt', 'Boolean', 'Date', 'Error', 'Map', 'Number', 'Promise', 'RegExp'],
    ...['Set', 'SharedArrayBuffer', 'String', 'Symbol', 'WeakMap', 'WeakRef', 'WeakSet'],
  ].map((name) => `[object ${name}]`),
)

/** A plain record of values, or an instance of a class; nothing that has its content elsewhere. */
export function isKeyed(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && !keyless.has(tagOf.call(value))
}

function checkMap(shape: MapShape, value: unknown, path: string, walk: Walk): Fault | undefined {
  if (!isKeyed(value)) return fault(path, 'object', value)
  const keys = Object.keys(value)
  walk.items -= keys.length * itemWeight(shape.values)
  if (walk.items < 0) return fault(path, 'no more items than limits.maxItems in all', value)
  for (const key of keys) {
    const keyPath = path + pointerStep(key)
    if (key === '__proto__') return fault(keyPath, 'any key but __proto__', key)
    if (/\p{Surrogate}/u.test(key)) return fault(keyPath, 'key without lone surrogates', key)
    const found = check(shape.values, value[key], keyPath, walk)
    if (found) return found
  }
  return undefined
}

function checkRecord(
  shape: RecordShape,
  value: unknown,
  path: string,
  walk: Walk,
): Fault | undefined {
  if (!isKeyed(value)) return fault(path, 'object', value)
  walk.fill -= recordWeight(shape)
  if (walk.fill < 0)
    return fault(path, 'no more records with defaults than limits.maxItems allows', value)
  for (const field of shape.fields) {
    const found = checkField(field, ownValue(value, field.name), path, walk)
    if (found) return found
  }
  for (const { name } of shape.nulls ?? []) {
    const item = ownValue(value, name) ?? null
    if (item !== null) return fault(path + pointerStep(name), 'null', item)
  }
  return undefined
}

function checkField(
  field: FieldShape,
  value: unknown,
  path: string,
  walk: Walk,
): Fault | undefined {
  if (value === undefined) {
    if (field.optional || field.nullable || field.fallback !== undefined) return undefined
  } else if (value === null && field.nullable) return undefined
  return check(field.shape, value, path + pointerStep(field.name), walk)
}

function checkUnion(
  shape: UnionShape,
  value: unknown,
  path: string,
  walk: Walk,
): Fault | undefined {
  if (!isKeyed(value)) return fault(path, 'object', value)
  const literal = ownValue(value, shape.discriminator)
  const branch = shape.branches.find((candidate) => candidate.literal === literal)
  if (branch) return check(branch.record, value, path, walk)
  const known = shape.branches.slice(0, 8).map((one) => JSON.stringify(one.literal))
  return fault(path + pointerStep(shape.discriminator), `one of ${known.join(', ')}`, literal)
}

/** What is inherited from Object.prototype (`constructor`, `toString`) is not in the value. */
function ownValue(value: Record<string, unknown>, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(value, name) ? undefined : value[name]
}

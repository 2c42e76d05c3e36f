// Owns turning shapes into JavaScript source: variables, checks, finished objects.
// Never lets a name from a shape into source except through JSON.stringify.

import type { Limits } from '../base/limits.ts'
import { patternOf } from '../contract/check.ts'
import { sourceOfForm } from '../contract/fallback.ts'
import { itemWeight, recordWeight } from '../contract/item-weight.ts'
import type {
  BytesShape,
  DecimalShape,
  EnumShape,
  FieldShape,
  FloatShape,
  IntShape,
  RecordShape,
  Shape,
  StringShape,
} from '../contract/shape.ts'
import type { CodecName } from './codec.ts'
import { type DecimalForm, decimalForm } from './decimal.ts'

/** Lines of one codec, with the constants and functions that they use. */
export class Source {
  readonly codec: CodecName
  readonly limits: Limits
  readonly constants: unknown[] = []
  readonly functions: string[] = []
  /** Variables that hold how much room is left for a size before its content; 1 at first. */
  readonly rooms: string[] = []
  /** Does the shape contain itself? Then depth is counted as values are walked. */
  readonly isRecursive: boolean
  readonly #known = new Map<unknown, string>()
  readonly #ids = new Map<object, number>()
  readonly #decimals = new Map<string, DecimalForm>()
  readonly #made = new Map<object, Map<string, string>>()
  #count = 0

  constructor(codec: CodecName, limits: Limits, isRecursive = false) {
    this.codec = codec
    this.limits = limits
    this.isRecursive = isRecursive
  }

  /** A variable or function name that is not in use. */
  fresh(letter: string): string {
    this.#count++
    return `${letter}${this.#count}`
  }

  /** A number by which one shape is told from another, for variants. */
  idOf(shape: object): number {
    const id = this.#ids.get(shape) ?? this.#ids.size
    this.#ids.set(shape, id)
    return id
  }

  /** A value that the source refers to by the returned name. */
  constant(value: unknown): string {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const name = `C${this.constants.length}`
    this.constants.push(value)
    this.#known.set(value, name)
    return name
  }

  /** What reads and writes a decimal, by the name of the constant. */
  decimal(shape: DecimalShape): string {
    const key = `${shape.precision} ${shape.scale} ${shape.length}`
    const form = this.#decimals.get(key) ?? decimalForm(shape)
    this.#decimals.set(key, form)
    return this.constant(form)
  }

  /**
   * The function for a shape: made once, also when several places of the source call it. It has its
   * name before its body is made, so that it can call itself.
   */
  once(
    shape: object,
    [letter, parameters, variant]: readonly [letter: string, parameters: string, variant: string],
    body: () => string,
  ): string {
    const variants = this.#made.get(shape) ?? new Map<string, string>()
    this.#made.set(shape, variants)
    const key = `${letter} ${variant}`
    const known = variants.get(key)
    if (known !== undefined) return known
    const name = this.fresh(letter)
    variants.set(key, name)
    this.functions.push(`function ${name}(${parameters}) {\n${body()}\n}`)
    return name
  }

  /** Adds a function and returns its name. */
  define(letter: string, parameters: string, body: string): string {
    const name = this.fresh(letter)
    this.functions.push(`function ${name}(${parameters}) {\n${body}\n}`)
    return name
  }
}

/** At the start of a record, list or map that is written: no deeper than the limit. */
export function enterWritten({ isRecursive, limits }: Source): string {
  return isRecursive ? `if (++deep > ${limits.maxDepth}) wrong();` : ''
}

/** The same where it is read. */
export function enterRead({ isRecursive, limits }: Source): string {
  return isRecursive ? `if (++deep > ${limits.maxDepth}) bad("nested too deeply");` : ''
}

/** At the end of either. */
export function leave({ isRecursive }: Source): string {
  return isRecursive ? 'deep--;' : ''
}

/** Reads a field of `value`; what Object.prototype has by that name is not in the value. */
export function readField(value: string, name: string): string {
  const key = JSON.stringify(name)
  return name in Object.prototype
    ? `(Object.hasOwn(${value}, ${key}) ? ${value}[${key}] : undefined)`
    : `${value}[${key}]`
}

/**
 * An expression that is true when `v` is no record, or one too many: cheap when a required field
 * tells anyway.
 */
export function isNoRecord(record: RecordShape, v: string): string {
  const telling = record.fields.some(isRequired)
  const weight = recordWeight(record)
  const tests = [
    telling ? `typeof ${v} !== "object" || ${v} === null` : `!isKeyed(${v})`,
    ...(record.nulls ?? []).map(({ name }) => `(${readField(v, name)} ?? null) !== null`),
    ...(weight === 0 ? [] : [`(fill -= ${weight}) < 0`]),
  ]
  return tests.join(' || ')
}

/** On decode: a record counts for what it is filled up with. */
export function countRecord(record: RecordShape): string {
  const weight = recordWeight(record)
  if (weight === 0) return ''
  const what = 'bad("more records with defaults than limits.maxItems allows")'
  return `if ((fill -= ${weight}) < 0) ${what};`
}

/** Must it be in the value that is written? */
export function isRequired(field: FieldShape): boolean {
  return !field.optional && !field.nullable && field.fallback === undefined
}

/** Can it be absent on the wire? A required field with a default is always written. */
export function isAbsentable(field: FieldShape): boolean {
  return field.optional || field.nullable
}

function rangeTests(shape: IntShape | FloatShape, v: string): string[] {
  const tests: string[] = []
  // Negated, so that NaN fails too.
  if (shape.minimum !== undefined) tests.push(`${v} >= ${shape.minimum}`)
  if (shape.maximum !== undefined) tests.push(`${v} <= ${shape.maximum}`)
  return tests
}

/** An expression that is true when `v` is a value of the integer shape. */
export function intTest(shape: IntShape, v: string): string {
  const type = shape.bigint
    ? `typeof ${v} === "bigint" && BigInt.asIntN(64, ${v}) === ${v}`
    : shape.bits === 32
      ? `(${v} | 0) === ${v}`
      : `Number.isSafeInteger(${v})`
  return [type, ...rangeTests(shape, v)].join(' && ')
}

/** A safe integer as two words of 32 bits, low and high, in two's complement. */
export function wordsOf(v: string): string {
  return `${v} | 0, Math.floor(${v} / 4294967296) | 0`
}

/** An expression that is true when `v` is a value of the float shape. */
export function floatTest(shape: FloatShape, v: string, finite: boolean): string {
  const tests = [`typeof ${v} === "number"`]
  if (finite) tests.push(`${v} - ${v} === 0`)
  if (shape.bits === 32) {
    tests.push(`(Number.isFinite(Math.fround(${v})) || !Number.isFinite(${v}))`)
  }
  return [...tests, ...rangeTests(shape, v)].join(' && ')
}

/** Tests of the constraints alone, for values whose type is known; empty when there are none. */
function constraintTest(source: Source, shape: Shape, v: string): string {
  switch (shape.kind) {
    case 'int':
    case 'float':
      return rangeTests(shape, v).join(' && ')
    case 'string':
      return stringTests(source, shape, v).join(' && ')
    case 'bytes':
      return lengthTests(shape, v).join(' && ')
    default:
      return ''
  }
}

function lengthTests({ maxLength, length }: BytesShape, v: string): string[] {
  const tests: string[] = []
  if (length !== undefined) tests.push(`${v}.length === ${length}`)
  if (maxLength !== undefined) tests.push(`${v}.length <= ${maxLength}`)
  return tests
}

/** An expression that is true when `v` is a value of the shape. */
export function bytesTest(shape: BytesShape, v: string): string {
  return [`${v} instanceof Uint8Array`, ...lengthTests(shape, v)].join(' && ')
}

export function stringTests(source: Source, shape: StringShape, v: string): string[] {
  const tests: string[] = []
  if (shape.minLength !== undefined) tests.push(`${v}.length >= ${shape.minLength}`)
  if (shape.maxLength !== undefined) tests.push(`${v}.length <= ${shape.maxLength}`)
  if (shape.pattern !== undefined) {
    tests.push(`${source.constant(patternOf(shape.pattern))}.test(${v})`)
  }
  return tests
}

/** On decode: refuses a value that its constraints exclude. */
export function emitConstraints(source: Source, shape: Shape, v: string): string {
  const test = constraintTest(source, shape, v)
  return test === '' ? '' : `if (!(${test})) bad("a value is outside its constraints");\n`
}

/** On decode: what becomes of a symbol that is not in the enum, if it is a symbol at all. */
export function emitUnknown(shape: EnumShape, y: string, isSymbol: string): string {
  if (shape.unknown === undefined) return 'bad("not in the enum");'
  return `if (!(${isSymbol})) bad("not a symbol"); ${y} = ${JSON.stringify(shape.unknown)};`
}

/** `count` items of a list, within its own bounds and those of the message. */
export function countTest(shape: Shape & { kind: 'list' | 'map' }, count: string): string {
  const weight = itemWeight(shape.kind === 'list' ? shape.items : shape.values)
  const tests = [`(left -= ${count}${weight === 1 ? '' : ` * ${weight}`}) >= 0`]
  if (shape.kind === 'list') {
    if (shape.minItems !== undefined) tests.push(`${count} >= ${shape.minItems}`)
    if (shape.maxItems !== undefined) tests.push(`${count} <= ${shape.maxItems}`)
  }
  return tests.join(' && ')
}

/** On decode, where items come in blocks: the bounds of the list itself, at its end. */
export function emitListBounds(shape: Shape & { kind: 'list' }, count: string): string {
  const tests: string[] = []
  if (shape.minItems !== undefined) tests.push(`${count} >= ${shape.minItems}`)
  if (shape.maxItems !== undefined) tests.push(`${count} <= ${shape.maxItems}`)
  return tests.length === 0 ? '' : `if (!(${tests.join(' && ')})) bad("too few or too many items");`
}

/**
 * The end of a record's decoder: fills defaults, demands what is required, returns the object.
 * `vars[i]` is undefined when field i was absent. Absent optional fields are no properties;
 * the two commonest cases are object literals, so that their hidden classes are stable.
 */
export function emitFinish(
  record: RecordShape,
  vars: readonly string[],
  extra: readonly (readonly [key: string, source: string])[] = [],
): string {
  const lines: string[] = []
  record.fields.forEach((field, index) => {
    const v = vars[index] as string
    if (field.fallback !== undefined) {
      const form = field.fallback === null ? 'null' : sourceOfForm(field.shape, field.fallback)
      lines.push(`if (${v} === undefined) ${v} = ${form};`)
    } else if (field.nullable && !field.optional) {
      lines.push(`if (${v} === undefined) ${v} = null;`)
    } else if (!field.optional) {
      lines.push(`if (${v} === undefined) { f = ${index}; missing(); }`)
    }
  })
  lines.push(finishedObject(record, vars, extra))
  return lines.join('\n')
}

function finishedObject(
  record: RecordShape,
  vars: readonly string[],
  extra: readonly (readonly [key: string, source: string])[],
): string {
  const parts = record.fields.map((field, index) => ({
    key: JSON.stringify(field.name),
    v: vars[index] as string,
    loose: field.optional && field.fallback === undefined,
  }))
  const fixed = extra.map(([key, value]) => ({ key: JSON.stringify(key), v: value, loose: false }))
  const all = [...fixed, ...parts]
  const literal = (list: typeof all): string =>
    `{ ${list.map(({ key, v }) => `${key}: ${v}`).join(', ')} }`
  const loose = all.filter((part) => part.loose)
  if (loose.length === 0) return `return ${literal(all)};`
  const lines = [
    `if (${loose.map(({ v }) => `${v} !== undefined`).join(' && ')}) return ${literal(all)};`,
    `if (${loose.map(({ v }) => `${v} === undefined`).join(' && ')})`,
    `  return ${literal(all.filter((part) => !part.loose))};`,
  ]
  if (loose.length === 1)
    return lines
      .slice(0, 1)
      .concat(`return ${literal(solid(all))};`)
      .join('\n')
  lines.push('const o = {};')
  for (const { key, v, loose: isLoose } of all) {
    lines.push(`${isLoose ? `if (${v} !== undefined) ` : ''}o[${key}] = ${v};`)
  }
  lines.push('return o;')
  return lines.join('\n')
}

function solid<T extends { readonly loose: boolean }>(parts: readonly T[]): T[] {
  return parts.filter((part) => !part.loose)
}

/** Wraps the body of a record's decoder so that faults carry the path; it sets `f` and `i`. */
export function emitTraced(source: Source, record: RecordShape, body: string): string {
  const names = source.constant(record.fields.map((field) => field.name))
  return [
    'let f = -1, i = -1;',
    'try {',
    body,
    `} catch (thrown) { throw f < 0 ? thrown : traced(thrown, ${names}[f], i); }`,
  ].join('\n')
}

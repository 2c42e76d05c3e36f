// Owns reading the scalar types of JSON Schema: integers, numbers, strings, bytes and enums.
// Never sees objects, lists or unions.

import { decimalPattern, isDecimal } from './decimal-text.ts'
import {
  isLogicalBytes,
  isLogicalInt,
  isLogicalString,
  isNanos,
  logicalBits,
  logicalInts,
} from './logical.ts'
import { isEnumNumber, isFixedLength, isName, wireNameOf } from './names.ts'
import { isProtoInt } from './proto-types.ts'
import { freshName, optionalNumber, type Place, type Schema, unsupported } from './schema.ts'
import type { BytesShape, DecimalShape, IntShape, Shape } from './shape.ts'
import { numbersOf } from './tags.ts'

const maxInt32 = 2_147_483_647
const maxPatternLength = 1024

/** 32 bits when both bounds or `format` say so; otherwise 64. */
export function convertInt(schema: Schema, bigint: boolean, place: Place): Shape {
  const format = formatOf(schema, bigint, place)
  const minimum = wholeBound(schema, 'minimum', 'exclusiveMinimum', 1, place)
  const maximum = wholeBound(schema, 'maximum', 'exclusiveMaximum', -1, place)
  const inside32 =
    minimum !== undefined &&
    maximum !== undefined &&
    minimum >= -maxInt32 - 1 &&
    maximum <= maxInt32
  const isSaid = format === 'int32' || logicalBits(format) === 32
  const small = isSaid || (inside32 && format === '')
  const shape: IntShape = {
    kind: 'int',
    bits: small && !bigint ? 32 : 64,
    bigint,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  }
  const logical = isLogicalInt(shape, format) ? { logical: format } : {}
  const { proto } = schema
  if (proto === undefined) return { ...shape, ...logical }
  if (isProtoInt(shape, proto)) return { ...shape, ...logical, proto }
  const what = `"proto": ${JSON.stringify(proto)}`
  throw unsupported(place.path, what, 'name an integer type of Protobuf that holds all its values')
}

/** What the integer is, as told: its bits, or a logical type that it can have. */
function formatOf({ format = '' }: Schema, bigint: boolean, place: Place): string {
  const times = logicalInts.filter((name) => (bigint ? logicalBits(name) === 64 : !isNanos(name)))
  const known = [...(bigint ? [] : ['int32']), 'int64', ...times]
  if (format === '' || known.includes(format as string)) return format as string
  const other = isNanos(format) ? 'Type.BigInt() for nanoseconds, ' : ''
  const hint = `use ${other}${known.join(', ')}, or leave it out`
  throw unsupported(place.path, `the integer format "${String(format)}"`, hint)
}

function wholeBound(
  schema: Schema,
  inclusive: string,
  exclusive: string,
  step: 1 | -1,
  place: Place,
): number | undefined {
  const round = step === 1 ? Math.ceil : Math.floor
  const bounds: number[] = []
  const closed = optionalNumber(schema, inclusive, place)
  if (closed !== undefined) bounds.push(round(closed))
  const open = optionalNumber(schema, exclusive, place)
  if (open !== undefined) bounds.push(Number.isInteger(open) ? open + step : round(open))
  if (bounds.length === 0) return undefined
  // -0 and 0 are one bound: they must have one canonical text.
  return (step === 1 ? Math.max(...bounds) : Math.min(...bounds)) + 0
}

/** 64 bits, or 32 when `format` is `float`. */
export function convertFloat(schema: Schema, place: Place): Shape {
  const format = schema.format ?? 'double'
  if (format !== 'double' && format !== 'float') {
    throw unsupported(place.path, `the number format "${String(format)}"`, 'use float or double')
  }
  if (schema.exclusiveMinimum !== undefined || schema.exclusiveMaximum !== undefined) {
    throw unsupported(place.path, 'an exclusive bound on a number', 'use minimum and maximum')
  }
  const minimum = optionalNumber(schema, 'minimum', place)
  const maximum = optionalNumber(schema, 'maximum', place)
  return {
    kind: 'float',
    bits: format === 'float' ? 32 : 64,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  }
}

/**
 * A string, or bytes when `contentEncoding` is base64, or a decimal when that is its `format`. The
 * format `uuid` is kept, any other is a note; neither is checked.
 */
export function convertString(schema: Schema, place: Place): Shape {
  if (schema.format === 'decimal') return decimalOf(schema, place)
  const maxLength = optionalNumber(schema, 'maxLength', place)
  if (schema.contentEncoding === 'base64') {
    if (schema.length !== undefined) return fixedOf(schema, place)
    // In plain JSON Schema maxLength counts characters of base64: maxBytes says it in bytes.
    const most = optionalNumber(schema, 'maxBytes', place) ?? maxLength
    const bounds = most === undefined ? {} : { maxLength: most }
    return withLogical({ kind: 'bytes', ...bounds }, schema, place)
  }
  if (schema.bigint === true) return convertInt(schema, true, place)
  const minLength = optionalNumber(schema, 'minLength', place)
  const { pattern, format } = schema
  return {
    kind: 'string',
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(pattern === undefined ? {} : { pattern: patternText(pattern, place) }),
    ...(isLogicalString(format) && { logical: format }),
  }
}

function withLogical(shape: BytesShape, { logical }: Schema, place: Place): Shape {
  if (logical === undefined) return shape
  if (isLogicalBytes(shape, logical)) return { ...shape, logical }
  const hint = 'uuid is of 16 bytes, duration of 12, big-decimal of any length'
  throw unsupported(place.path, `bytes that are "logical": ${JSON.stringify(logical)}`, hint)
}

function fixedOf(schema: Schema, place: Place): Shape {
  const { length } = schema
  if (isFixedLength(length)) {
    return withLogical({ kind: 'bytes', length, name: freshName(place) }, schema, place)
  }
  throw unsupported(place.path, `bytes of length ${String(length)}`, 'give a length from 1 to 2^24')
}

function decimalOf(schema: Schema, place: Place): Shape {
  const { precision, scale = 0, length, pattern, minLength, maxLength } = schema
  if (!isDecimal(precision, scale, length)) {
    const [digits, after] = [precision, scale].map((one) => JSON.stringify(one) ?? 'no')
    const size = length === undefined ? '' : ` in ${JSON.stringify(length)} bytes`
    const what = `a decimal of ${digits} digits, ${after} of them after the point${size}`
    const hint = 'give a precision from 1 to 1000, a scale no larger, and bytes for all of it'
    throw unsupported(place.path, what, hint)
  }
  const digits = { precision: precision as number, scale: scale as number }
  const shape: DecimalShape = { kind: 'decimal', ...digits }
  const isOurs = pattern === undefined || pattern === decimalPattern(shape)
  if (!isOurs || minLength !== undefined || maxLength !== undefined) {
    const hint = 'say it with precision and scale, or use a string'
    throw unsupported(place.path, 'a bound on the text of a decimal', hint)
  }
  return length === undefined
    ? shape
    : { ...shape, length: length as number, name: freshName(place) }
}

function patternText(pattern: unknown, place: Place): string {
  const text = pattern instanceof RegExp ? pattern.source : String(pattern)
  if (!isPattern(text)) {
    throw unsupported(place.path, `the pattern ${text}`, 'give a regular expression (Unicode)')
  }
  return text
}

/** Does it compile in Unicode mode, and is it of a length that a person wrote? */
export function isPattern(text: string): boolean {
  if (text.length > maxPatternLength) return false
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

/** Strings only; numbered by `numbers`, the lock file, or from 1 in declaration order. */
export function enumOf(values: readonly unknown[], schema: Schema, place: Place): Shape {
  const wireNames = new Set<string>()
  for (const value of values) {
    if (typeof value !== 'string' || !isName(value)) {
      const what = `the literal ${typeof value === 'bigint' ? value : JSON.stringify(value)}`
      throw unsupported(place.path, what, 'enums are of short strings; else use a plain type')
    }
    const wireName = wireNameOf(value)
    if (wireNames.has(wireName)) {
      const what = `two symbols that are both "${wireName}" in Avro and Protobuf`
      throw unsupported(place.path, what, 'rename one')
    }
    wireNames.add(wireName)
  }
  if (values.length === 0) throw unsupported(place.path, 'an empty enum', 'give it a symbol')
  const symbols = values as readonly string[]
  const name = freshName(place)
  const numbers = numbersOf(writtenNumbers(symbols, schema, place), place, name)
  const sorted = [...symbols].sort((a, b) => Number(numbers.get(a)) - Number(numbers.get(b)))
  return {
    kind: 'enum',
    name,
    symbols: sorted,
    numbers: sorted.map((symbol) => numbers.get(symbol) as number),
    ...unknownOf(symbols, schema, place),
  }
}

function writtenNumbers(
  symbols: readonly string[],
  { numbers }: Schema,
  place: Place,
): (readonly [string, number | undefined])[] {
  if (numbers === undefined) return symbols.map((symbol) => [symbol, undefined] as const)
  const isList = Array.isArray(numbers) && numbers.length === symbols.length
  if (!isList || !numbers.every((one) => isEnumNumber(one))) {
    const hint = 'give each symbol a whole number from 0 to 2^31 − 1'
    throw unsupported(place.path, 'the numbers of an enum', hint)
  }
  return symbols.map((symbol, index) => [symbol, numbers[index] as number] as const)
}

function unknownOf(
  symbols: readonly string[],
  { unknown }: Schema,
  place: Place,
): { unknown?: string } {
  if (unknown === undefined) return {}
  if (symbols.includes(unknown as string)) return { unknown: unknown as string }
  const what = `"unknown": ${JSON.stringify(unknown)}`
  throw unsupported(place.path, what, 'name one of the symbols')
}

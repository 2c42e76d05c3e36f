// Owns decimals as text: which text fits, and the one text that a value has.
// Never makes a number of more than 14 digits: those are exact neither here nor anywhere.

import { isFixedLength } from './names.ts'
import type { DecimalShape } from './shape.ts'

/** As much as PostgreSQL lets people declare. */
const maxPrecision = 1_000

/** Digits, digits after the point, and bytes in Avro where those are fixed: do they go together? */
export function isDecimal(precision: unknown, scale: unknown, length: unknown): boolean {
  if (!isCount(precision, 1, maxPrecision) || !isCount(scale, 0, precision)) return false
  return length === undefined || (isFixedLength(length) && length >= mostBytes(precision))
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/** The bytes of the largest number of that many digits, in two's complement. */
export function mostBytes(precision: number): number {
  // 10^p lies never on a power of two: the last bit is the sign.
  return Math.floor((precision * Math.log2(10)) / 8 + 1 / 8) + 1
}

/** What matches: no exponent, no plus, no leading zeros, no point without digits after it. */
export function decimalPattern({ precision, scale }: DecimalShape): string {
  const before = precision - scale
  const whole = before === 0 ? '0' : `(?:0|[1-9][0-9]{0,${before - 1}})`
  return `^-?${whole}${scale === 0 ? '' : `(?:\\.[0-9]{1,${scale}})?`}$`
}

/** The canonical text of what matches the pattern: exactly `scale` digits, no `-0`. */
export function canonicalDecimal(text: string, scale: number): string {
  const point = text.indexOf('.')
  const given = point < 0 ? 0 : text.length - point - 1
  const missing = scale - given
  const whole = missing === 0 ? text : `${text}${point < 0 ? '.' : ''}${'0'.repeat(missing)}`
  return whole.charCodeAt(0) === 45 && !/[1-9]/.test(whole) ? whole.slice(1) : whole
}

/** The text of an unscaled integer: 1230 with a scale of 2 is 12.30. */
export function textOfUnscaled(digits: string, scale: number): string {
  if (scale === 0) return digits
  const sign = digits.charCodeAt(0) === 45 ? '-' : ''
  const plain = digits.slice(sign.length).padStart(scale + 1, '0')
  return `${sign}${plain.slice(0, -scale)}.${plain.slice(-scale)}`
}

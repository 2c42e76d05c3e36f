// Owns decimals in compiled code: checked text in each format, the integer of Avro.
// Hot path. Never rounds: what has more digits than its type is refused, both ways.

import { patternOf } from '../contract/check.ts'
import { decimalAt, putUnscaled, unscaledOf } from '../contract/decimal-bytes.ts'
import { canonicalDecimal, decimalPattern, mostBytes } from '../contract/decimal-text.ts'
import type { DecimalShape } from '../contract/shape.ts'
import { at, bad, short, wrong } from './cursor.ts'
import { readZigZag, writeVar32 } from './varint.ts'

/** What compiled code needs of a decimal. */
export interface DecimalForm {
  readonly shape: DecimalShape
  readonly pattern: RegExp
}

export function decimalForm(shape: DecimalShape): DecimalForm {
  return { shape, pattern: patternOf(decimalPattern(shape)) }
}

/** The text that is written. @public for compiled code. */
export function toDecimal(value: unknown, { shape, pattern }: DecimalForm): string {
  if (typeof value !== 'string' || !pattern.test(value)) wrong()
  return canonicalDecimal(value, shape.scale)
}

/** The value of text that was read. @public for compiled code. */
export function fromDecimal(text: unknown, { shape, pattern }: DecimalForm): string {
  if (typeof text !== 'string' || !pattern.test(text)) bad('not a decimal that fits')
  return canonicalDecimal(text, shape.scale)
}

/** @public for compiled code. */
export function writeDecimal(b: Buffer, start: number, value: unknown, form: DecimalForm): number {
  const unscaled = unscaledOf(toDecimal(value, form))
  const { length } = form.shape
  const p = length === undefined ? writeVar32(b, start, unscaled.size << 1) : start
  const size = length ?? unscaled.size
  if (p + size <= b.length) putUnscaled(b, p, unscaled, size)
  return p + size
}

/** @public for compiled code. */
export function readDecimal(b: Buffer, start: number, e: number, { shape }: DecimalForm): string {
  const { length, precision } = shape
  let p = start
  let size = length
  if (size === undefined) {
    size = readZigZag(b, p, e)
    p = at.pos
    if (size < 1 || size > mostBytes(precision)) bad('more bytes than the decimal has, or none')
  }
  if (size > e - p) short()
  const text = decimalAt(b, p, size, shape)
  if (text === undefined) bad('a decimal of more digits than its precision')
  at.pos = p + size
  return text
}

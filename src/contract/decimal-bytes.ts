// Owns decimals as Avro has them: the unscaled integer in two's complement, the high byte first.
// Never reads a number of more bytes than the precision has, however many there are.

import { canonicalDecimal, mostBytes, textOfUnscaled } from './decimal-text.ts'
import type { DecimalShape } from './shape.ts'

/** Numbers of that many digits are in six bytes, and exact. */
const quickDigits = 14
const quickBytes = 6

/** The integer of canonical text, with the fewest bytes that hold it. */
export interface Unscaled {
  readonly value: number | bigint
  readonly size: number
}

/** 12.30 is 1230. */
export function unscaledOf(text: string): Unscaled {
  const point = text.indexOf('.')
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1)
  if (digits.length <= quickDigits) {
    const value = Number(digits) + 0
    const magnitude = value < 0 ? -value - 1 : value
    let size = 1
    for (let bound = 128; magnitude >= bound; bound *= 256) size++
    return { value, size }
  }
  const value = BigInt(digits)
  const hex = (value < 0n ? ~value : value).toString(16)
  const bits = hex.length * 4 - Math.clz32(Number.parseInt(hex.charAt(0), 16)) + 28
  return { value, size: Math.floor(bits / 8) + 1 }
}

/** Writes `length` bytes, of which there is room; the foremost repeat the sign. */
export function putUnscaled(
  b: Buffer,
  start: number,
  { value, size }: Unscaled,
  length: number,
): void {
  const p = start + length - size
  if (p > start) b.fill(value < 0 ? 255 : 0, start, p)
  if (typeof value === 'number') b.writeIntBE(value, p, size)
  else {
    const hex = BigInt.asUintN(size * 8, value).toString(16)
    b.write(hex.padStart(size * 2, '0'), p, 'hex')
  }
}

/** The text of `length` bytes at p; undefined when it has more digits than the precision. */
export function decimalAt(
  b: Buffer,
  start: number,
  length: number,
  { precision, scale }: DecimalShape,
): string | undefined {
  const end = start + length
  const most = mostBytes(precision)
  const sign = (b[start] as number) > 127 ? 255 : 0
  let p = start
  // What only repeats the sign says nothing.
  while (p + 1 < end && b[p] === sign && ((b[p + 1] as number) ^ sign) < 128) p++
  const size = end - p
  if (size < 1 || size > most) return undefined
  const value =
    size <= quickBytes
      ? b.readIntBE(p, size)
      : BigInt.asIntN(size * 8, BigInt(`0x${b.toString('hex', p, end)}`))
  const digits = String(value)
  return digits.length - (value < 0 ? 1 : 0) > precision ? undefined : textOfUnscaled(digits, scale)
}

/** The bytes of canonical or shorter text, as an Avro schema gives them in a default. */
export function decimalBytes(text: string, { scale, length }: DecimalShape): Buffer {
  const unscaled = unscaledOf(canonicalDecimal(text, scale))
  const bytes = Buffer.alloc(length ?? unscaled.size)
  putUnscaled(bytes, 0, unscaled, bytes.length)
  return bytes
}

// Owns integers of variable length, with and without zigzag, as Avro and Protobuf write them.
// Hot path. Never loses a bit: numbers are split at 28 bits, so that all arithmetic is exact.

import { at, bad, short } from './cursor.ts'
import { loopLength, putUtf8 } from './text.ts'

const two27 = 134_217_728
const two28 = 268_435_456
const two55 = 36_028_797_018_963_968
const two63 = 2 ** 63
const two56 = 72_057_594_037_927_936

/** An unsigned number of 32 bits (given as int32 or uint32). */
export function writeVar32(b: Buffer, position: number, value: number): number {
  let p = position
  let rest = value >>> 0
  while (rest > 127) {
    b[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  b[p++] = rest
  return p
}

/** A whole number from 0 to 2^53. */
export function writeVar(b: Buffer, position: number, value: number): number {
  let p = position
  let rest = value
  while (rest > 4_294_967_295) {
    b[p++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  return writeVar32(b, p, rest)
}

/**
 * 64 bits in two words of 32. Numbers beyond 31 bits are passed as words: one number as an argument
 * would be an object in memory, unless V8 inlines the call.
 */
export function writeWords(b: Buffer, position: number, low: number, high: number): number {
  let p = position
  let lower = low >>> 0
  let upper = high >>> 0
  while (upper > 0) {
    b[p++] = (lower & 127) | 128
    lower = ((lower >>> 7) | (upper << 25)) >>> 0
    upper >>>= 7
  }
  return writeVar32(b, p, lower)
}

/** The same, zigzag. */
export function writeZigZagWords(b: Buffer, p: number, low: number, high: number): number {
  const sign = high >> 31
  return writeWords(b, p, (low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign)
}

/** A safe integer, zigzag: 2v, or −2v − 1 when negative. */
export function writeZigZag(b: Buffer, position: number, value: number): number {
  if (value >= -1_073_741_824 && value < 1_073_741_824) {
    return writeVar32(b, position, (value << 1) ^ (value >> 31))
  }
  // 2v does not fit into a number exactly: the first seven bits are written apart.
  const sign = value < 0 ? 1 : 0
  const magnitude = value < 0 ? -(value + 1) : value
  b[position] = ((magnitude % 64) << 1) | sign | 128
  return writeVar(b, position + 1, Math.floor(magnitude / 64))
}

function writeBits(b: Buffer, position: number, value: bigint): number {
  let p = position
  let rest = value
  while (rest > 0x1f_ffff_ffff_ffffn) {
    b[p++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  return writeVar(b, p, Number(rest))
}

/** A bigint of 64 bits, zigzag. */
export function writeBigZigZag(b: Buffer, p: number, value: bigint): number {
  return writeBits(b, p, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
}

/** A bigint of 64 bits in two's complement. */
export function writeBigVar(b: Buffer, p: number, value: bigint): number {
  return writeBits(b, p, BigInt.asUintN(64, value))
}

let low = 0
let middle = 0
let high = 0

/** Splits a varint at p into 28 + 28 + 8 bits; at most ten bytes. */
function readParts(b: Buffer, p: number, e: number): void {
  let q = p
  low = 0
  middle = 0
  high = 0
  for (let index = 0; index < 10; index++) {
    if (q >= e) short()
    const byte = b[q++] as number
    if (index < 4) low |= (byte & 127) << (7 * index)
    else if (index < 8) middle |= (byte & 127) << (7 * (index - 4))
    else high |= (byte & 127) << (7 * (index - 8))
    if (byte < 128) {
      if (high > 255) bad('an integer of more than 64 bits')
      at.pos = q
      return
    }
  }
  bad('an integer of more than ten bytes')
}

/** Zigzag; exact when within ±(2^53 − 1), beyond it only known to be so. */
export function readZigZag(b: Buffer, p: number, e: number): number {
  if (p + 1 < e) {
    const first = b[p] as number
    const second = b[p + 1] as number
    if (first > 127 && second < 128) {
      at.pos = p + 2
      const both = (first & 127) | (second << 7)
      return (both >>> 1) ^ -(both & 1)
    }
  }
  readParts(b, p, e)
  const value = (low >>> 1) + middle * two27 + high * two55
  return low & 1 ? -value - 1 : value
}

/** Unsigned; exact up to 2^53 − 1, beyond it only known to be so. */
export function readVar(b: Buffer, p: number, e: number): number {
  if (p + 1 < e) {
    const first = b[p] as number
    const second = b[p + 1] as number
    if (first > 127 && second < 128) {
      at.pos = p + 2
      return (first & 127) | (second << 7)
    }
  }
  readParts(b, p, e)
  return low + middle * two28 + high * two56
}

/** Two's complement; exact within ±(2^53 − 1), beyond it only known to be so. */
export function readSignedVar(b: Buffer, p: number, e: number): number {
  const value = readVar(b, p, e)
  return value < two63 ? value : Number(readBigVar(b, p, e))
}

/** Two's complement of 64 bits. */
export function readBigVar(b: Buffer, p: number, e: number): bigint {
  readParts(b, p, e)
  const lower = BigInt(low) | (BigInt(middle) << 28n)
  return BigInt.asIntN(64, lower | (BigInt(high) << 56n))
}

export function readBigZigZag(b: Buffer, p: number, e: number): bigint {
  const bits = BigInt.asUintN(64, readBigVar(b, p, e))
  return (bits >> 1n) ^ -(bits & 1n)
}

function varSize(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < two28 ? 4 : 5
}

/** Text after its size in bytes; `shift` is 1 for zigzag sizes, 0 for plain ones. */
export function writeSizedText(b: Buffer, p: number, text: string, shift: 0 | 1): number {
  const length = text.length
  if (length < loopLength) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) break
      b[p + 1 + index] = code
    }
    if (index === length) {
      b[p] = length << shift
      return p + 1 + length
    }
  }
  // Written as if it were ASCII, and moved when the size takes more room.
  const guess = varSize(length << shift)
  const size = putUtf8(b, p + guess, text)
  const header = varSize(size << shift)
  const end = p + header + size
  if (end > b.length) return end
  if (header !== guess) b.copyWithin(p + header, p + guess, p + guess + size)
  writeVar32(b, p, size << shift)
  return end
}

/** Bytes after their size. */
export function writeSizedBytes(b: Buffer, p: number, value: Uint8Array, shift: 0 | 1): number {
  const start = writeVar32(b, p, value.length << shift)
  if (start + value.length <= b.length) b.set(value, start)
  return start + value.length
}

/** A copy of `size` bytes at p, which the caller has checked to be there. */
export function copyBytes(b: Buffer, p: number, size: number): Uint8Array {
  const copy = new Uint8Array(size)
  copy.set(b.subarray(p, p + size))
  return copy
}

/** The count of a block of an Avro list or map; a negative one is followed by a size. */
export function readBlockCount(b: Buffer, p: number, e: number, least: number): number {
  let count = readZigZag(b, p, e)
  if (count < 0) {
    count = -count
    const size = readZigZag(b, at.pos, e)
    if (!(size >= 0 && size <= e - at.pos)) bad('a block announces more bytes than there are')
  }
  if (count * least > e - at.pos) bad('a block announces more items than there are bytes')
  return count
}

// Owns the bytes of MessagePack values: headers, integers, text, and skipping what is unknown.
// Hot path. Never accepts extension types: they carry state from one message to the next.

import { at, bad, short } from './cursor.ts'
import { loopLength, putUtf8, readUtf8 } from './text.ts'

const two32 = 4_294_967_296

export function writeMsgInt(b: Buffer, position: number, value: number): number {
  let p = position
  if (value >= 0) {
    if (value < 128) b[p++] = value
    else if (value < 256) {
      b[p++] = 0xcc
      b[p++] = value
    } else if (value < 65_536) {
      b[p++] = 0xcd
      b[p++] = value >> 8
      b[p++] = value
    } else if (value < two32) return writeWord(b, p, 0xce, value)
    else return writeLong(b, p, value)
  } else if (value >= -32) b[p++] = value
  else if (value >= -128) {
    b[p++] = 0xd0
    b[p++] = value
  } else if (value >= -32_768) {
    b[p++] = 0xd1
    b[p++] = value >> 8
    b[p++] = value
  } else if (value >= -2_147_483_648) return writeWord(b, p, 0xd2, value)
  else return writeLong(b, p, value)
  return p
}

function writeWord(b: Buffer, p: number, head: number, value: number): number {
  b[p] = head
  b[p + 1] = value >>> 24
  b[p + 2] = value >>> 16
  b[p + 3] = value >>> 8
  b[p + 4] = value
  return p + 5
}

/** int64 also for positive numbers: a float64 or uint64 would be another type to a typed peer. */
function writeLong(b: Buffer, p: number, value: number): number {
  const high = Math.floor(value / two32)
  b[p] = 0xd3
  b[p + 1] = high >> 24
  b[p + 2] = high >> 16
  b[p + 3] = high >> 8
  b[p + 4] = high
  const low = value >>> 0
  b[p + 5] = low >>> 24
  b[p + 6] = low >>> 16
  b[p + 7] = low >>> 8
  b[p + 8] = low
  return p + 9
}

function textHeader(size: number): number {
  return size < 32 ? 1 : size < 256 ? 2 : size < 65_536 ? 3 : 5
}

export function writeMsgText(b: Buffer, p: number, text: string): number {
  const length = text.length
  if (length < loopLength) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) break
      b[p + 1 + index] = code
    }
    if (index === length) {
      b[p] = 0xa0 | length
      return p + 1 + length
    }
  }
  // Written as if it were ASCII, and moved when the header turns out larger.
  const guess = textHeader(length)
  const size = putUtf8(b, p + guess, text)
  const header = textHeader(size)
  const end = p + header + size
  if (end > b.length) return end
  if (header !== guess) b.copyWithin(p + header, p + guess, p + guess + size)
  if (header === 1) b[p] = 0xa0 | size
  else writeSize(b, p, header === 2 ? 0xd9 : header === 3 ? 0xda : 0xdb, size)
  return end
}

/** A head byte and a size of 1, 2 or 4 bytes, as the head says. */
function writeSize(b: Buffer, position: number, head: number, size: number): number {
  let p = position
  b[p++] = head
  if (head === 0xdb || head === 0xc6 || head === 0xdd || head === 0xdf) {
    b[p++] = size >>> 24
    b[p++] = size >>> 16
  }
  if (head !== 0xd9 && head !== 0xc4) b[p++] = size >>> 8
  b[p++] = size
  return p
}

export function writeMsgBytes(b: Buffer, position: number, value: Uint8Array): number {
  const size = value.length
  const head = size < 256 ? 0xc4 : size < 65_536 ? 0xc5 : 0xc6
  const p = writeSize(b, position, head, size)
  if (p + size <= b.length) b.set(value, p)
  return p + size
}

export function writeMapHeader(b: Buffer, p: number, count: number): number {
  if (count > 15) return writeSize(b, p, count < 65_536 ? 0xde : 0xdf, count)
  b[p] = 0x80 | count
  return p + 1
}

export function writeListHeader(b: Buffer, p: number, count: number): number {
  if (count > 15) return writeSize(b, p, count < 65_536 ? 0xdc : 0xdd, count)
  b[p] = 0x90 | count
  return p + 1
}

/** The head byte at p, which must be there with `more` bytes after it. */
function headOf(b: Buffer, p: number, e: number): number {
  if (p >= e) short()
  return b[p] as number
}

function unsigned(b: Buffer, p: number, e: number, width: 1 | 2 | 4): number {
  if (p + width > e) short()
  at.pos = p + width
  if (width === 1) return b[p] as number
  const upper = ((b[p] as number) << 8) | (b[p + 1] as number)
  if (width === 2) return upper
  return upper * 65_536 + (((b[p + 2] as number) << 8) | (b[p + 3] as number))
}

/** Any integer form, or a float without fraction: some JavaScript writers send those. */
export function readMsgInt(b: Buffer, p: number, e: number): number {
  const head = headOf(b, p, e)
  at.pos = p + 1
  if (head < 128) return head
  if (head > 0xdf) return head - 256
  switch (head) {
    case 0xcc:
      return unsigned(b, p + 1, e, 1)
    case 0xcd:
      return unsigned(b, p + 1, e, 2)
    case 0xce:
      return unsigned(b, p + 1, e, 4)
    case 0xd0:
      return (unsigned(b, p + 1, e, 1) << 24) >> 24
    case 0xd1:
      return (unsigned(b, p + 1, e, 2) << 16) >> 16
    case 0xd2:
      return unsigned(b, p + 1, e, 4) | 0
    case 0xcf:
    case 0xd3: {
      const high = unsigned(b, p + 1, e, 4)
      const low = unsigned(b, p + 5, e, 4)
      return (head === 0xcf ? high : high | 0) * two32 + low
    }
    case 0xca:
    case 0xcb:
      return readMsgFloat(b, p, e)
    default:
      return bad('not an integer')
  }
}

export function readMsgBigInt(b: Buffer, p: number, e: number): bigint {
  const head = headOf(b, p, e)
  if (head !== 0xcf && head !== 0xd3) {
    const value = readMsgInt(b, p, e)
    if (!Number.isSafeInteger(value)) bad('not an integer')
    return BigInt(value)
  }
  if (p + 9 > e) short()
  at.pos = p + 9
  if (head === 0xd3) return b.readBigInt64BE(p + 1)
  const value = b.readBigUInt64BE(p + 1)
  if (value > 0x7fff_ffff_ffff_ffffn) bad('an integer beyond 64 bits with sign')
  return value
}

export function readMsgFloat(b: Buffer, p: number, e: number): number {
  const head = headOf(b, p, e)
  if (head === 0xcb) {
    if (p + 9 > e) short()
    at.pos = p + 9
    return b.readDoubleBE(p + 1)
  }
  if (head === 0xca) {
    if (p + 5 > e) short()
    at.pos = p + 5
    return b.readFloatBE(p + 1)
  }
  if (head > 127 && head < 0xe0 && (head < 0xcc || head > 0xd3)) bad('not a number')
  return readMsgInt(b, p, e)
}

/** Size of text at p, with `at.pos` at its first byte; −1 when it is no text. */
function textSize(b: Buffer, p: number, e: number): number {
  const head = headOf(b, p, e)
  let size = -1
  if (head >= 0xa0 && head < 0xc0) {
    at.pos = p + 1
    size = head & 31
  } else if (head === 0xd9) size = unsigned(b, p + 1, e, 1)
  else if (head === 0xda) size = unsigned(b, p + 1, e, 2)
  else if (head === 0xdb) size = unsigned(b, p + 1, e, 4)
  if (size >= 0 && at.pos + size > e) short()
  return size
}

export function readMsgText(b: Buffer, p: number, e: number): string {
  const size = textSize(b, p, e)
  if (size < 0) bad('not text')
  const start = at.pos
  at.pos = start + size
  return readUtf8(b, start, size)
}

export function readMsgBytes(b: Buffer, p: number, e: number): Uint8Array {
  const head = headOf(b, p, e)
  if (head < 0xc4 || head > 0xc6) bad('not bytes')
  const size = unsigned(b, p + 1, e, head === 0xc4 ? 1 : head === 0xc5 ? 2 : 4)
  const start = at.pos
  if (start + size > e) short()
  at.pos = start + size
  const copy = new Uint8Array(size)
  copy.set(b.subarray(start, start + size))
  return copy
}

/** Count of pairs; two bytes each must be left. */
export function readMapHeader(b: Buffer, p: number, e: number): number {
  const head = headOf(b, p, e)
  let count = head & 15
  if (head === 0xde) count = unsigned(b, p + 1, e, 2)
  else if (head === 0xdf) count = unsigned(b, p + 1, e, 4)
  else if ((head & 0xf0) === 0x80) at.pos = p + 1
  else bad('not a map')
  if (count * 2 > e - at.pos) bad('a map announces more pairs than there are bytes')
  return count
}

/** Count of items; one byte each must be left. */
export function readListHeader(b: Buffer, p: number, e: number): number {
  const head = headOf(b, p, e)
  let count = head & 15
  if (head === 0xdc) count = unsigned(b, p + 1, e, 2)
  else if (head === 0xdd) count = unsigned(b, p + 1, e, 4)
  else if ((head & 0xf0) === 0x90) at.pos = p + 1
  else bad('not a list')
  if (count > e - at.pos) bad('a list announces more items than there are bytes')
  return count
}

/** Is the text at p exactly these bytes, header included? For keys too long to compare inline. */
export function isKeyAt(b: Buffer, p: number, e: number, key: Uint8Array): boolean {
  const length = key.length
  if (p + length > e) return false
  for (let index = 0; index < length; index++) if (b[p + index] !== key[index]) return false
  return true
}

/** Stores constant bytes; those beyond the buffer fall away. */
export function writeConstant(b: Buffer, p: number, bytes: Uint8Array): number {
  const length = bytes.length
  for (let index = 0; index < length; index++) b[p + index] = bytes[index] as number
  return p + length
}

/** Passes over one value of any type; extension types are refused. Returns the position after. */
export function skipMsg(b: Buffer, position: number, e: number, depth: number): number {
  const head = headOf(b, position, e)
  if (head < 128 || head > 0xdf || head === 0xc0 || head === 0xc2 || head === 0xc3) {
    return position + 1
  }
  const isMap = head < 0x90 || head > 0xdd
  if (isMap || head < 0xa0 || head > 0xdb) {
    if (depth <= 0) bad('nested too deeply')
    const pairs = isMap ? 2 * readMapHeader(b, position, e) : readListHeader(b, position, e)
    let p = at.pos
    for (let index = 0; index < pairs; index++) p = skipMsg(b, p, e, depth - 1)
    return p
  }
  let size = textSize(b, position, e)
  let start = at.pos
  if (size < 0) {
    if (head >= 0xc4 && head <= 0xc6) {
      size = unsigned(b, position + 1, e, head === 0xc4 ? 1 : head === 0xc5 ? 2 : 4)
      start = at.pos
    } else {
      size = widthOf(head)
      start = position + 1
    }
  }
  if (start + size > e) short()
  return start + size
}

function widthOf(head: number): number {
  if (head === 0xca) return 4
  if (head === 0xcb) return 8
  if (head >= 0xcc && head <= 0xcf) return 1 << (head - 0xcc)
  if (head >= 0xd0 && head <= 0xd3) return 1 << (head - 0xd0)
  return bad('an extension type')
}

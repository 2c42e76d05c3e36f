// Owns text in bytes: UTF-8 written in place and read strictly. Hot path: every string passes here.
// Never writes beyond the buffer: what does not fit moves the position past the end, no more.

import { isUtf8 } from 'node:buffer'
import { bad, wrong } from './cursor.ts'

interface NativeText {
  utf8Write?(text: string, offset: number): number
  utf8Slice?(start: number, end: number): string
  latin1Write?(text: string, offset: number): number
}

// Node's own methods without the argument shuffling of write() and toString(): 10 to 20 ns less.
const native = Buffer.prototype as Buffer & NativeText
const utf8Write = native.utf8Write ?? native.write
const latin1Write =
  native.latin1Write ??
  function write(this: Buffer, text: string, offset: number): number {
    return this.write(text, offset, 'latin1')
  }
const utf8Slice =
  native.utf8Slice ??
  function slice(this: Buffer, start: number, end: number): string {
    return this.toString('utf8', start, end)
  }

/** Below this many characters a loop is quicker than the call into the runtime. */
export const loopLength = 28

const wellFormed = String.prototype as { isWellFormed?: () => boolean }
const isWellFormed =
  wellFormed.isWellFormed ??
  function test(this: string): boolean {
    return !/\p{Surrogate}/u.test(this)
  }

/** False for text with lone surrogates, which UTF-8 cannot carry. */
export function isSound(text: string): boolean {
  return isWellFormed.call(text)
}

/** Writes without any prefix and returns the position after it. */
export function writeUtf8(buffer: Buffer, position: number, text: string): number {
  const length = text.length
  if (length < loopLength) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) break
      buffer[position + index] = code
    }
    if (index === length) return position + length
  }
  return position + putUtf8(buffer, position, text)
}

/** Writes when it fits; returns the size in bytes either way. For text that needs the runtime. */
export function putUtf8(buffer: Buffer, position: number, text: string): number {
  if (!isWellFormed.call(text)) wrong()
  if (position + text.length * 3 <= buffer.length) return utf8Write.call(buffer, text, position)
  const size = Buffer.byteLength(text)
  if (position + size <= buffer.length) utf8Write.call(buffer, text, position)
  return size
}

/** Writes text known to be ASCII. */
export function writeAscii(buffer: Buffer, position: number, text: string): number {
  const length = text.length
  if (length >= loopLength) {
    if (position + length <= buffer.length) latin1Write.call(buffer, text, position)
    return position + length
  }
  for (let index = 0; index < length; index++) buffer[position + index] = text.charCodeAt(index)
  return position + length
}

const fromCodes = String.fromCharCode

/**
 * Reads `length` bytes as strict UTF-8; the caller has checked that they are there.
 * Short ASCII is put together here: calls into the runtime cost about 70 ns each.
 */
export function readUtf8(buffer: Buffer, start: number, length: number): string {
  if (length <= 16) {
    const text = length <= 8 ? readTiny(buffer, start, length) : readShort(buffer, start, length)
    if (text !== undefined) return text
  }
  const text = utf8Slice.call(buffer, start, start + length)
  // The runtime puts U+FFFD where bytes are wrong; it may also have been sent as such.
  if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, start + length))) {
    bad('text is not UTF-8')
  }
  return text
}

function readTiny(b: Buffer, s: number, length: number): string | undefined {
  if (length === 0) return ''
  const c0 = b[s] as number
  if (length === 1) return c0 < 128 ? fromCodes(c0) : undefined
  const c1 = b[s + 1] as number
  if (length === 2) return (c0 | c1) < 128 ? fromCodes(c0, c1) : undefined
  const c2 = b[s + 2] as number
  if (length === 3) return (c0 | c1 | c2) < 128 ? fromCodes(c0, c1, c2) : undefined
  const c3 = b[s + 3] as number
  if ((c0 | c1 | c2 | c3) > 127) return undefined
  if (length === 4) return fromCodes(c0, c1, c2, c3)
  const c4 = b[s + 4] as number
  if (length === 5) return c4 < 128 ? fromCodes(c0, c1, c2, c3, c4) : undefined
  const c5 = b[s + 5] as number
  if (length === 6) return (c4 | c5) < 128 ? fromCodes(c0, c1, c2, c3, c4, c5) : undefined
  const c6 = b[s + 6] as number
  if (length === 7) return (c4 | c5 | c6) < 128 ? fromCodes(c0, c1, c2, c3, c4, c5, c6) : undefined
  const c7 = b[s + 7] as number
  if ((c4 | c5 | c6 | c7) > 127) return undefined
  return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7)
}

/** 9 to 16 bytes: the first eight, then the rest by the number that is left. */
function readShort(b: Buffer, s: number, length: number): string | undefined {
  const c0 = b[s] as number
  const c1 = b[s + 1] as number
  const c2 = b[s + 2] as number
  const c3 = b[s + 3] as number
  const c4 = b[s + 4] as number
  const c5 = b[s + 5] as number
  const c6 = b[s + 6] as number
  const c7 = b[s + 7] as number
  const c8 = b[s + 8] as number
  if ((c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7 | c8) > 127) return undefined
  if (length === 9) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8)
  const c9 = b[s + 9] as number
  if (c9 > 127) return undefined
  if (length === 10) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9)
  const d0 = b[s + 10] as number
  if (d0 > 127) return undefined
  if (length === 11) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0)
  const d1 = b[s + 11] as number
  if (d1 > 127) return undefined
  if (length === 12) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1)
  const d2 = b[s + 12] as number
  if (d2 > 127) return undefined
  if (length === 13) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2)
  const d3 = b[s + 13] as number
  if (d3 > 127) return undefined
  if (length === 14) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3)
  const d4 = b[s + 14] as number
  if (d4 > 127) return undefined
  if (length === 15) return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4)
  const d5 = b[s + 15] as number
  if (d5 > 127) return undefined
  return fromCodes(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5)
}

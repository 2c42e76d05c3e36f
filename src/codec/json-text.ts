// Owns the pieces of JSON text: numbers, strings, base64, and the look at bytes before JSON.parse.
// Hot path: compiled encoders call these for every value.

import type { Limits } from '../base/limits.ts'
import { bad, wrong } from './cursor.ts'
import type { JsonRoom } from './json-room.ts'
import { isSound, loopLength, readUtf8, writeAscii, writeUtf8 } from './text.ts'

/** Below this size no message can hold enough brackets to hurt. */
const guardedBytes = 32_768

/** Writes a string with quotes; escapes and long text are the runtime's work. */
export function writeJsonText(buffer: Buffer, position: number, text: string): number {
  const length = text.length
  if (length <= loopLength + 8) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < 32 || code === 34 || code === 92 || code > 127) break
      buffer[position + 1 + index] = code
    }
    if (index === length) {
      buffer[position] = 34
      buffer[position + 1 + length] = 34
      return position + length + 2
    }
  }
  if (!isSound(text)) wrong()
  return writeUtf8(buffer, position, JSON.stringify(text))
}

/** Writes a whole number: digits by division while it is small. */
export function writeJsonInt(buffer: Buffer, position: number, value: number): number {
  let rest = value
  let p = position
  if (rest < 0) {
    buffer[p++] = 45
    rest = -rest
  }
  if (rest > 999_999_999) return writeAscii(buffer, p, String(rest))
  rest |= 0
  let size = 1
  for (let bound = 10; size < 9 && rest >= bound; bound *= 10) size++
  for (let index = p + size - 1; index >= p; index--) {
    const next = (rest / 10) | 0
    buffer[index] = 48 + rest - next * 10
    rest = next
  }
  return p + size
}

export function writeJsonFloat(buffer: Buffer, position: number, value: number): number {
  return Number.isSafeInteger(value)
    ? writeJsonInt(buffer, position, value)
    : writeAscii(buffer, position, String(value))
}

export function writeJsonBigInt(buffer: Buffer, position: number, value: bigint): number {
  return writeAscii(buffer, position, `"${value}"`)
}

export function writeJsonBytes(buffer: Buffer, position: number, value: Uint8Array): number {
  const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return writeAscii(buffer, position, `"${view.toString('base64')}"`)
}

const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/

/** Strict base64 with padding, as a Uint8Array of its own. */
export function readJsonBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string') bad('bytes are base64 text')
  if (value.length % 4 !== 0 || !base64Pattern.test(value)) bad('bytes are not base64')
  return new Uint8Array(Buffer.from(value, 'base64'))
}

const integerPattern = /^-?(?:0|[1-9][0-9]{0,18})$/

/** A 64-bit integer as decimal text. */
export function readJsonBigInt(value: unknown): bigint {
  if (typeof value !== 'string' || !integerPattern.test(value)) bad('not a decimal of 64 bits')
  const big = BigInt(value)
  if (BigInt.asIntN(64, big) !== big) bad('not an integer of 64 bits')
  return big
}

/** Parses the range; refuses `__proto__` keys, lone surrogates, and bombs of brackets. */
export function parseJson(
  buffer: Buffer,
  start: number,
  end: number,
  limits: Limits,
  room: JsonRoom,
): unknown {
  if (end - start > limits.maxMessageBytes) bad('longer than limits.maxMessageBytes')
  if (end - start > guardedBytes) refuseBombs(buffer, start, end, limits.maxDepth, room)
  const text = readUtf8(buffer, start, end - start)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    bad('not JSON')
  }
  // An escape may hide a key or a surrogate; without one the text itself shows them.
  if (text.includes('__proto__') || text.includes('\\u')) scrutinize(value)
  return value
}

/** Brackets cost 20 times their bytes in memory: counted before anything is made of them. */
function refuseBombs(
  buffer: Buffer,
  start: number,
  end: number,
  maxDepth: number,
  room: JsonRoom,
): void {
  let { brackets, commas } = room
  let depth = 0
  for (let index = start; index < end; index++) {
    const byte = buffer[index] as number
    if (byte === 34) index = endOfText(buffer, index + 1, end)
    else if (byte === 44) commas--
    else if (byte === 91 || byte === 123) {
      brackets--
      if (++depth > maxDepth) bad('nested too deeply')
    } else if (byte === 93 || byte === 125) depth--
    if ((brackets | commas) < 0) bad('more items than limits.maxItems')
  }
}

/** The place of the quote that ends the text; `end` where none does. */
function endOfText(buffer: Buffer, start: number, end: number): number {
  const near = Math.min(end, start + loopLength)
  for (let index = start; index < near; index++) {
    const byte = buffer[index] as number
    if (byte === 34) return index
    // What follows is not looked at; long text is the runtime's work.
    if (byte === 92) index++
  }
  for (let from = near; ; ) {
    const quote = buffer.indexOf(34, from)
    if (quote < 0 || quote >= end) return end
    let first = quote
    while (first > start && buffer[first - 1] === 92) first--
    // Escaped only if the backslashes before it do not escape each other.
    if ((quote - first) % 2 === 0) return quote
    from = quote + 1
  }
}

function scrutinize(root: unknown): void {
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'string') {
      if (!isSound(value)) bad('text with a lone surrogate')
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (key === '__proto__') bad('a key called __proto__')
        if (!isSound(key)) bad('a key with a lone surrogate')
        waiting.push(item)
      }
    }
  }
}

// Owns bodies without a type, in the formats that describe themselves: checked, not projected.
// Never trusts depth, counts or keys: the guards are those of typed bodies.

import { EarshotError, isEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { pointerStep } from '../contract/names.ts'
import type { BodyCodec, CodecName } from './codec.ts'
import { at, bad, rejectBytes } from './cursor.ts'
import { jsonRoom } from './json-room.ts'
import { parseJson } from './json-text.ts'
import {
  readListHeader,
  readMapHeader,
  readMsgBigInt,
  readMsgBytes,
  readMsgFloat,
  readMsgInt,
  readMsgText,
  writeListHeader,
  writeMapHeader,
  writeMsgBytes,
  writeMsgInt,
  writeMsgText,
} from './msgpack-bytes.ts'
import { isSound } from './text.ts'

/** The rest of what one value may hold. */
interface Room {
  items: number
}

/** JSON values: null, booleans, numbers, text, lists, plain objects; `undefined` is left out. */
export function anyJson(limits: Limits): BodyCodec {
  const room = jsonRoom({ kind: 'any' }, limits)
  return {
    codec: 'json',
    encodeInto(value: unknown, buffer: Buffer, position: number): number {
      checkValue(value, '', limits.maxDepth, { items: limits.maxItems }, 'json')
      const text = JSON.stringify(value)
      const size = Buffer.byteLength(text)
      if (size > buffer.length - position) return -1
      return position + buffer.write(text, position)
    },
    decode: guarded('json', (buffer, start, end) => {
      const value = parseJson(buffer, start, end, limits, room)
      countParts(value, limits.maxDepth, { items: limits.maxItems })
      return value
    }),
  }
}

/** As JSON, and also bytes, bigints of 64 bits, NaN and the infinities. */
export function anyMsgpack(limits: Limits): BodyCodec {
  return {
    codec: 'msgpack',
    encodeInto(value: unknown, buffer: Buffer, position: number): number {
      checkValue(value, '', limits.maxDepth, { items: limits.maxItems }, 'msgpack')
      const end = writeAny(buffer, position, value)
      return end > buffer.length ? -1 : end
    },
    decode: guarded('msgpack', (buffer, start, end) => {
      if (end - start > limits.maxMessageBytes) bad('longer than limits.maxMessageBytes')
      const value = readAny(buffer, start, end, limits.maxDepth, { items: limits.maxItems })
      if (at.pos !== end) bad('the value does not end where its bytes end')
      return value
    }),
  }
}

type Decode = BodyCodec['decode']

function guarded(codec: CodecName, read: Decode): Decode {
  return (buffer, start, end) => {
    try {
      if (!(start >= 0 && start <= end && end <= buffer.length)) bad('not in the buffer')
      return read(buffer, start, end)
    } catch (thrown) {
      throw isEarshotError(thrown) ? thrown : rejectBytes(codec, thrown)
    }
  }
}

/** @throws EARSHOT_BODY_INVALID with the path of what cannot be sent */
function checkValue(value: unknown, path: string, depth: number, room: Room, codec: CodecName) {
  switch (typeof value) {
    case 'boolean':
      return
    case 'string':
      if (!isSound(value)) throw refused(path, 'text with a lone surrogate')
      return
    case 'number':
      if (codec === 'json' && !Number.isFinite(value)) throw refused(path, `the number ${value}`)
      return
    case 'bigint':
      if (codec === 'json') throw refused(path, 'a bigint, which only MessagePack carries,')
      if (BigInt.asIntN(64, value) !== value) throw refused(path, 'a bigint beyond 64 bits')
      return
    case 'object':
      if (value !== null) checkParts(value, path, depth, room, codec)
      return
    default:
      throw refused(path, value === undefined ? 'undefined' : `a ${typeof value}`)
  }
}

function checkParts(value: object, path: string, depth: number, room: Room, codec: CodecName) {
  if (value instanceof Uint8Array) {
    if (codec === 'json') throw refused(path, 'bytes, which only MessagePack carries,')
    return
  }
  if (depth <= 0) throw refused(path, 'nested too deeply (maxDepth): it')
  if (Array.isArray(value)) {
    room.items -= value.length
    if (room.items < 0) throw refused(path, 'more items than limits.maxItems')
    for (let index = 0; index < value.length; index++) {
      checkValue(value[index], `${path}/${index}`, depth - 1, room, codec)
    }
    return
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refused(path, `a ${prototype.constructor?.name ?? 'class'}, which is no plain object,`)
  }
  for (const [key, part] of Object.entries(value)) {
    if (--room.items < 0) throw refused(path, 'more items than limits.maxItems')
    const where = path + pointerStep(key)
    if (key === '__proto__') throw refused(where, 'a key called __proto__')
    if (!isSound(key)) throw refused(where, 'a key with a lone surrogate')
    if (typeof part === 'function') throw refused(where, 'a function')
    if (part !== undefined) checkValue(part, where, depth - 1, room, codec)
  }
}

function refused(path: string, what: string): EarshotError {
  const text = `${path === '' ? 'the body' : path}: ${what} cannot be sent`
  return new EarshotError('EARSHOT_BODY_INVALID', text, { path })
}

/** Depth and number of what JSON.parse made; keys and text have been looked at by parseJson. */
function countParts(value: unknown, depth: number, room: Room): void {
  if (typeof value !== 'object' || value === null) return
  if (depth <= 0) bad('nested too deeply')
  const parts = Object.values(value)
  room.items -= parts.length
  if (room.items < 0) bad('more items than limits.maxItems')
  for (const part of parts) countParts(part, depth - 1, room)
}

function writeAny(b: Buffer, p: number, value: unknown): number {
  // Far beyond the end nothing is written any more, and the caller sees that it did not fit.
  if (p > b.length) return p
  switch (typeof value) {
    case 'boolean':
      b[p] = value ? 0xc3 : 0xc2
      return p + 1
    case 'string':
      return writeMsgText(b, p, value)
    case 'number':
      return writeNumber(b, p, value)
    case 'bigint':
      return writeBigInt(b, p, value)
    default:
      return value === null ? writeNull(b, p) : writeParts(b, p, value as object)
  }
}

function writeNull(b: Buffer, p: number): number {
  b[p] = 0xc0
  return p + 1
}

function writeNumber(b: Buffer, p: number, value: number): number {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeMsgInt(b, p, value)
  if (p + 9 > b.length) return b.length + 1
  b[p] = 0xcb
  return b.writeDoubleBE(value, p + 1)
}

function writeBigInt(b: Buffer, p: number, value: bigint): number {
  if (p + 9 > b.length) return b.length + 1
  b[p] = 0xd3
  return b.writeBigInt64BE(value, p + 1)
}

function writeParts(b: Buffer, position: number, value: object): number {
  if (value instanceof Uint8Array) return writeMsgBytes(b, position, value)
  if (Array.isArray(value)) {
    let p = writeListHeader(b, position, value.length)
    for (const part of value) p = writeAny(b, p, part)
    return p
  }
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  let p = writeMapHeader(b, position, entries.length)
  for (const [key, part] of entries) p = writeAny(b, writeMsgText(b, p, key), part)
  return p
}

/** One value of any type but extensions; leaves `at.pos` behind it. */
function readAny(b: Buffer, p: number, e: number, depth: number, room: Room): unknown {
  if (p >= e) bad('the bytes end too early')
  const head = b[p] as number
  if (head === 0xc0 || head === 0xc2 || head === 0xc3) {
    at.pos = p + 1
    return head === 0xc0 ? null : head === 0xc3
  }
  if (head < 0x80 || head > 0xdf || (head >= 0xcc && head <= 0xd3)) return readInteger(b, p, e)
  if (head === 0xca || head === 0xcb) return readMsgFloat(b, p, e)
  if (head >= 0xc4 && head <= 0xc6) return readMsgBytes(b, p, e)
  if ((head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb)) return readMsgText(b, p, e)
  if (depth <= 0) bad('nested too deeply')
  if (head < 0x90 || head > 0xdd) return readMap(b, p, e, depth, room)
  if (head < 0xa0 || head > 0xdb) return readList(b, p, e, depth, room)
  return bad('an extension type')
}

/** A number where it is exact, otherwise a bigint. */
function readInteger(b: Buffer, p: number, e: number): number | bigint {
  const value = readMsgInt(b, p, e)
  return Number.isSafeInteger(value) ? value : readMsgBigInt(b, p, e)
}

function readList(b: Buffer, p: number, e: number, depth: number, room: Room): unknown[] {
  const count = readListHeader(b, p, e)
  room.items -= count
  if (room.items < 0) bad('more items than limits.maxItems')
  const list: unknown[] = new Array(count)
  let next = at.pos
  for (let index = 0; index < count; index++) {
    list[index] = readAny(b, next, e, depth - 1, room)
    next = at.pos
  }
  return list
}

function readMap(b: Buffer, p: number, e: number, depth: number, room: Room): object {
  const count = readMapHeader(b, p, e)
  room.items -= count
  if (room.items < 0) bad('more items than limits.maxItems')
  const map: Record<string, unknown> = {}
  let next = at.pos
  for (let index = 0; index < count; index++) {
    const key = readMsgText(b, next, e)
    if (key === '__proto__') bad('a key called __proto__')
    map[key] = readAny(b, at.pos, e, depth - 1, room)
    next = at.pos
  }
  return map
}

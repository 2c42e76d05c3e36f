// Owns the kinds of records and the walk over a frame. Hot path: one walker a connection, no views.
// Never knows what a record does: grammar only (GRAMMAR.md beside this file).

import { EarshotError } from '../base/errors.ts'
import { VarintReader, varintSize, writeVarint } from './varint.ts'

export const FRAME_MAGIC = 0xea
export const PROTOCOL_VERSION = 1
/** Bytes before the first record of a link's frame. */
export const FRAME_HEAD_BYTES = 2

export const Kind = {
  gossip: 0,
  hello: 1,
  welcome: 2,
  refuse: 3,
  offer: 4,
  beat: 5,
  credit: 6,
  bye: 7,
  last: 8,
  farewell: 9,
  ask: 10,
  tell: 11,
  differ: 12,
  differs: 13,
  missed: 14,
  more: 15,
  request: 16,
  reply: 17,
  failure: 18,
  cancel: 19,
  notification: 20,
  asking: 21,
  heard: 22,
  withdrawn: 23,
  event: 24,
  askingEvent: 25,
  item: 26,
  end: 27,
  stop: 28,
  open: 29,
  ticket: 30,
  aside: 31,
} as const

/**
 * Of `aside`: from now on, or no longer; a frame as of an outlet, or what was asked for may not be
 * heard.
 */
export const AsideOp = { end: 0, begin: 1, frame: 2, denied: 3 } as const
/** What who asks wants to know: that it is received, or that its handler is through. */
export const Until = { received: 1, handled: 2 } as const
/** What became of an event that asks: as wanted, or it gave way, or its handler failed. */
export const Outcome = { done: 0, dropped: 1, failed: 2 } as const

/** What a record `ticket` does: the first four are of who asks, the others of who serves. */
export const Ticketing = {
  ask: 1,
  claim: 2,
  done: 3,
  cancel: 4,
  taken: 5,
  answer: 6,
  declared: 7,
  failure: 8,
} as const

/** Records from this kind on are sent against credit. */
export const FIRST_CREDITED_KIND = 16
export const KIND_MASK = 0x1f
export const HEADERS_BIT = 0x20

/** Number and codec of a channel in one varint. */
export const CODEC_BITS = 3
export const CODEC_MASK = 0x07

/**
 * Steps through the records of a frame. `next()` is true while there is one; then `kind`,
 * `hasHeaders`, `start` and `end` (of the payload) hold. After false, `malformed` tells a clean end
 * from a frame that broke off.
 */
export class RecordWalker {
  kind = 0
  hasHeaders = false
  /** Where the record stands, its head. */
  at = 0
  /** First byte of the payload, for `number()` to move over what stands before the body. */
  start = 0
  end = 0
  /** Bytes of the whole payload, however far `start` has moved. */
  size = 0
  malformed = false
  buffer: Buffer = Buffer.alloc(0)
  readonly #reader = new VarintReader()
  #next = 0
  #frameEnd = 0

  /** Starts at `position` of `buffer`, where the first record stands. */
  open(buffer: Buffer, position: number): void {
    this.buffer = buffer
    this.#next = position
    this.#frameEnd = buffer.length
    this.malformed = false
  }

  next(): boolean {
    if (this.#next >= this.#frameEnd) return false
    const head = this.buffer[this.#next] as number
    this.#reader.position = this.#next + 1
    const length = this.#reader.read(this.buffer, this.#frameEnd)
    if (length < 0 || length > this.#frameEnd - this.#reader.position || head > 0x3f) {
      this.malformed = true
      return false
    }
    this.at = this.#next
    this.kind = head & KIND_MASK
    this.hasHeaders = (head & HEADERS_BIT) !== 0
    this.start = this.#reader.position
    this.end = this.start + length
    this.size = length
    this.#next = this.end
    return true
  }

  /** A varint before the first record: the walk begins behind it. −1 when it is cut. */
  leadingNumber(): number {
    this.#reader.position = this.#next
    const value = this.#reader.read(this.buffer, this.#frameEnd)
    if (value >= 0) this.#next = this.#reader.position
    return value
  }

  /** The varint at `start`, which moves on; −1 when it is cut. */
  number(): number {
    this.#reader.position = this.start
    const value = this.#reader.read(this.buffer, this.end)
    if (value >= 0) this.start = this.#reader.position
    return value
  }

  /**
   * The headers at `start`, which moves on to the body.
   * @throws EARSHOT_BYTES_INVALID when they are no object of strings, or too long
   */
  headers(maxBytes: number): Readonly<Record<string, string>> {
    const length = this.number()
    if (length < 0 || length > this.end - this.start) throw badHeaders()
    if (length > maxBytes) throw tooManyHeaders(length, maxBytes)
    const text = this.buffer.toString('utf8', this.start, this.start + length)
    this.start += length
    return parseHeaders(text)
  }
}

const nothing = new Uint8Array()

/** A frame of one record that needs no credit. */
export function controlFrame(kind: number, payload: Uint8Array = nothing): Buffer {
  const head = FRAME_HEAD_BYTES + 1
  const frame = Buffer.alloc(head + varintSize(payload.length) + payload.length)
  frame[0] = FRAME_MAGIC
  frame[1] = PROTOCOL_VERSION
  frame[2] = kind
  frame.set(payload, writeVarint(frame, head, payload.length))
  return frame
}

/** What a record `missed` says: so many events of that channel were lost on their way. */
export function missedOf(count: number, channel: string): Buffer {
  const name = Buffer.from(channel)
  const payload = Buffer.alloc(varintSize(count) + name.length)
  payload.set(name, writeVarint(payload, 0, count))
  return payload
}

/** What a record `credit` says: so many bytes are handled, and so many may be on their way. */
export function creditOf(handled: number, window: number): Buffer {
  const payload = Buffer.alloc(varintSize(handled) + varintSize(window))
  writeVarint(payload, writeVarint(payload, 0, handled), window)
  return payload
}

/** What a record `more` says: of that flow so many items and bytes more may come. */
export function moreOf(flow: number, items: number, bytes: number): Buffer {
  const payload = Buffer.alloc(varintSize(flow) + varintSize(items) + varintSize(bytes))
  writeVarint(payload, writeVarint(payload, writeVarint(payload, 0, flow), items), bytes)
  return payload
}

/** What the end of a flow says behind its number: how many items it had. */
export function endOf(items: number): Buffer {
  const payload = Buffer.alloc(varintSize(items))
  writeVarint(payload, 0, items)
  return payload
}

function parseHeaders(text: string): Readonly<Record<string, string>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw badHeaders(cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badHeaders()
  const headers: Record<string, string> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'string') throw badHeaders()
    headers[name] = item
  }
  return headers
}

export function tooManyHeaders(bytes: number, maxBytes: number): EarshotError {
  const text = `headers take ${bytes} bytes, more than ${maxBytes} (maxHeaderBytes)`
  return new EarshotError('EARSHOT_BYTES_INVALID', text)
}

function badHeaders(cause?: unknown): EarshotError {
  return new EarshotError('EARSHOT_BYTES_INVALID', 'headers are no object of strings', { cause })
}

// Owns what leaves on one link: records are written into a batch, the batch leaves as a frame.
// Hot path: no promise, closure or view per message. Never chooses the link: routing did.
// A frame leaves when it is full or at the end of the turn, if the other side's credit allows;
// what waits for credit is bounded, and `full` says so before the bound is reached.

import type { Clock } from '../base/clock.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import { type Limits, SLAB_BYTES } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { FrameLink } from '../transport/transport.ts'
import { FrameWriter } from '../wire/frame-writer.ts'
import { controlFrame, FRAME_MAGIC, HEADERS_BIT, Kind, PROTOCOL_VERSION } from '../wire/record.ts'
import { Slabs } from '../wire/slabs.ts'
import type { LinkCounts } from './counters.ts'
import { Credit, mostOnItsWayBytes } from './credit.ts'
import { Departure } from './departure.ts'
import { Handover } from './handover.ts'
import { moveRoomier } from './roomier.ts'
import { overloaded, tooLarge } from './too-much.ts'
import { Withdrawn } from './withdrawn.ts'

/** On its way twice what may wait, and what waits, in slabs of which a quarter may be unused. */
const SLABS_TIMES = 7

const frameHead = Buffer.from([FRAME_MAGIC, PROTOCOL_VERSION])

export class Outbound {
  readonly #counts: LinkCounts
  readonly #link: FrameLink
  readonly #limits: Limits
  readonly #writer: FrameWriter
  readonly #handover = new Handover()
  readonly #withdrawn = new Withdrawn()
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  readonly #credit: Credit
  #ended = false
  #lengthSize = 1
  #ready: Deferred | undefined
  readonly #departure: Departure

  constructor(link: FrameLink, limits: Limits, clock: Clock, counts: LinkCounts) {
    this.#counts = counts
    this.#link = link
    this.#limits = limits
    this.#credit = new Credit(mostOnItsWayBytes(limits))
    this.#writer = new FrameWriter(
      limits.maxFrameBytes,
      frameHead,
      new Slabs(Math.ceil((limits.maxOutboundBytes * SLABS_TIMES) / SLAB_BYTES)),
    )
    this.#departure = new Departure(clock, () => {
      // Without credit the frame stays open and goes on filling: fewer, fuller frames later.
      if (this.#credit.left <= 0) return
      this.flush()
      this.#writer.shrink()
    })
  }

  /** True when no more should be written until `ready()` resolves. */
  get full(): boolean {
    return this.waitingBytes >= this.#limits.maxOutboundBytes / 2
  }

  /** The link has closed: nothing that waits will leave. */
  get ended(): boolean {
    return this.#ended
  }

  get waitingBytes(): number {
    return this.#waitingBytes + this.#writer.bytes
  }

  /** Resolves when there is room again, or when the link has closed. */
  ready(): Promise<void> {
    if (!this.full || this.#ended) return Promise.resolve()
    this.#ready ??= deferred()
    return this.#ready.promise
  }

  request(
    channel: number,
    correlation: number,
    budgetMs: number,
    headers: Buffer | undefined,
    codec: BodyCodec,
    body: unknown,
    delayMs = 0,
  ): void {
    this.#begin(Kind.request, headers)
    this.#counts.calls++
    this.#writer.number(channel)
    this.#writer.number(correlation)
    this.#writer.number(budgetMs)
    this.#finish(headers, codec, body, delayMs)
  }

  notification(
    channel: number,
    headers: Buffer | undefined,
    codec: BodyCodec,
    body: unknown,
    delayMs = 0,
  ): void {
    this.#begin(Kind.notification, headers)
    this.#counts.calls++
    this.#writer.number(channel)
    this.#finish(headers, codec, body, delayMs)
  }

  /** A notification whose sender wants to know when it is received or handled. */
  asking(
    channel: number,
    correlation: number,
    until: number,
    headers: Buffer | undefined,
    codec: BodyCodec,
    body: unknown,
  ): void {
    this.#begin(Kind.asking, headers)
    this.#counts.calls++
    this.#writer.number(channel)
    this.#writer.number(correlation)
    this.#writer.number(until)
    this.#finish(headers, codec, body)
  }

  /** An event of the other side is received or handled here, or gave way. */
  heard(correlation: number, outcome: number): void {
    this.#begin(Kind.heard, undefined)
    this.#writer.number(correlation)
    this.#writer.number(outcome)
    this.#finish(undefined, undefined, undefined)
  }

  /** Without a codec it has no body. */
  reply(correlation: number, codec: BodyCodec | undefined, body: unknown): void {
    this.#begin(Kind.reply, undefined)
    this.#writer.number(correlation)
    this.#finish(undefined, codec, body)
  }

  failure(correlation: number, error: Buffer): void {
    this.#begin(Kind.failure, undefined, error.length)
    this.#writer.number(correlation)
    this.#writer.bytesOf(error)
    this.#finish(undefined, undefined, undefined)
  }

  /** A record of one number and headers: a declared failure or stop, a word about a ticket. */
  headed(kind: number, key: number, headers: Buffer, codec?: BodyCodec, body?: unknown): void {
    this.#begin(kind, headers)
    this.#writer.number(key)
    this.#finish(headers, codec, body)
  }

  cancel(correlation: number): void {
    this.#begin(Kind.cancel, undefined)
    this.#writer.number(correlation)
    this.#finish(undefined, undefined, undefined)
  }

  /** Begins a stream: who opens it grants items and bytes. Without a codec it has no body. */
  open(
    channel: number,
    correlation: number,
    items: number,
    bytes: number,
    headers: Buffer | undefined,
    codec: BodyCodec | undefined,
    body: unknown,
  ): void {
    this.#begin(Kind.open, headers)
    this.#counts.calls++
    this.#writer.number(channel)
    this.#writer.number(correlation)
    this.#writer.number(items)
    this.#writer.number(bytes)
    this.#finish(headers, codec, body)
  }

  /** An item of a stream, its end, or why it stops. Returns the bytes that its receiver counts. */
  flow(
    kind: number,
    flow: number,
    codec: BodyCodec | undefined,
    body: unknown,
    delayMs = 0,
  ): number {
    this.#begin(kind, undefined)
    this.#writer.number(flow)
    this.#finish(undefined, codec, body, delayMs)
    return this.#writer.lastBytes
  }

  /** A record that needs no credit, as a frame of its own; it jumps over what waits. */
  control(kind: number, payload?: Uint8Array): void {
    const frame = controlFrame(kind, payload)
    this.#counts.framesOut++
    this.#counts.bytesOut += frame.length
    this.#link.send(frame)
  }

  /** The other side lets us have `bytes` on their way, from now on. */
  resize(bytes: number): void {
    this.#credit.resize(bytes)
    this.#go()
  }

  /** The other side lets us send `bytes` more. */
  grant(bytes: number): void {
    this.#credit.add(bytes)
    this.#go()
  }

  /** The other side has handled `bytes` of ours, and lets us send as many more. */
  released(bytes: number): void {
    this.#writer.slabs.acknowledge(bytes)
    this.grant(bytes)
  }

  /** Called now and then: a link that has nothing to say keeps no memory for it. */
  rest(): void {
    this.#writer.slabs.rest()
  }

  /** Hands the open frame over now, or lets it wait for credit. */
  flush(): void {
    if (this.#writer.empty) return
    const sentNow = this.#credit.left > 0 && this.#waiting.length === 0
    const frame = this.#writer.take(sentNow)
    if (sentNow) this.#send(frame)
    else {
      this.#waiting.push(frame)
      this.#waitingBytes += frame.length
    }
  }

  /** As `written`, and without waiting for more to leave together. */
  drained(): Promise<boolean> {
    this.flush()
    return this.written()
  }

  /** Resolves true when everything written so far has been handed over, false if it never will. */
  written(): Promise<boolean> {
    return this.#handover.wait(this.mark)
  }

  /** How many frames will have left when what was written last has. */
  get mark(): number {
    return this.#handover.left + this.#waiting.length + (this.#writer.empty ? 0 : 1)
  }

  /** Has all that was written when this was the mark been handed to the socket? */
  hasLeft(mark: number): boolean {
    return this.#handover.left >= mark
  }

  /** The other side will not see a request that has not left; true when that is so. */
  withdraw(correlation: number, mark: number): boolean {
    if (this.hasLeft(mark)) return false
    if (!this.#ended) this.#withdrawn.add(correlation)
    return true
  }

  /** The link has closed: nobody waits any longer. */
  end(): void {
    this.#waiting.length = 0
    this.#waitingBytes = 0
    this.#ended = true
    this.#withdrawn.clear()
    this.#departure.cancel()
    this.#handover.end()
    this.#wakeReady()
  }

  #begin(kind: number, headers: Buffer | undefined, more = headers?.length ?? 0): void {
    if (this.#waitingBytes >= this.#limits.maxOutboundBytes) throw overloaded(this.#limits)
    const writer = this.#writer
    if (writer.closed || !writer.hasRoom(more)) {
      this.flush()
      writer.open(more)
    }
    writer.openRecord(headers ? kind | HEADERS_BIT : kind, this.#lengthSize)
  }

  #finish(headers?: Buffer, codec?: BodyCodec, body?: unknown, delayMs = 0): void {
    const writer = this.#writer
    if (headers !== undefined) {
      writer.number(headers.length)
      writer.bytesOf(headers)
    }
    const bodyAt = writer.position
    let needed: number
    try {
      const end = codec === undefined ? bodyAt : codec.encodeInto(body, writer.buffer, bodyAt)
      if (end - bodyAt > this.#limits.maxMessageBytes) throw tooLarge(this.#limits)
      needed = end < 0 ? -1 : writer.closeRecord(end)
      if (needed < 0) needed = this.#finishRoomier(bodyAt, codec as BodyCodec, body)
    } catch (error) {
      writer.dropRecord()
      throw error
    }
    this.#lengthSize = needed
    if (writer.full) this.flush()
    this.#departure.within(delayMs)
  }

  #finishRoomier(bodyAt: number, codec: BodyCodec, body: unknown): number {
    const writer = this.#writer
    return moveRoomier(writer, bodyAt, codec, body, this.#limits, (bytes) => {
      this.flush()
      writer.open(bytes)
    })
  }

  /** What waits leaves, as far as the credit goes. */
  #go(): void {
    while (this.#waiting.length > 0 && this.#credit.left > 0) {
      const frame = this.#waiting.shift() as Buffer
      this.#waitingBytes -= frame.length
      this.#send(frame)
    }
    if (this.#credit.left > 0) this.flush()
    if (!this.full) this.#wakeReady()
  }

  #send(frame: Buffer): void {
    this.#withdrawn.strike(frame)
    this.#credit.left -= frame.length
    this.#counts.framesOut++
    this.#counts.bytesOut += frame.length
    this.#link.send(frame)
    this.#handover.next()
  }

  #wakeReady(): void {
    this.#ready?.resolve()
    this.#ready = undefined
  }
}

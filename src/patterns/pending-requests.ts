// Owns the requests that wait for an answer, and their deadlines.
// Hot path: slots that are used again, one timer for all. Never leaves a request pending for ever.

import type { Clock, Timer } from '../base/clock.ts'
import type { EarshotError } from '../base/errors.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Channel } from '../contract/channel.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Link } from '../mesh/remote.ts'
import type { CallOptions, Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import type { PeerGuard } from './peer-guard.ts'

const nothing = () => undefined
const noChannel = Object.freeze({ key: '' }) as Channel
/** To begin with; twice as many whenever half of them are in use. */
const FIRST_SLOTS = 64
/**
 * The first takes two bytes, as the next 16 000 do: code that reads numbers is compiled once for
 * those, instead of for one byte and soon thrown away.
 */
const FIRST_CORRELATION = 0x80
/** Correlations stay small integers; a number comes again an hour later at full speed. */
const LAST_CORRELATION = 0x7fffffff

/** A place for one request at a time. While it is free its correlation is 0. */
export class PendingRequest {
  correlation = 0
  link: Link | undefined
  codec: BodyReader | undefined
  /** Set while it waits. */
  channel: Channel = noChannel
  /** Reads the errors that the channel declares. */
  errors: BodyReader | undefined
  timeoutMs = 0
  sentMs = 0
  deadlineMs = 0
  /** When it has left, by the count of its link's frames. */
  mark = 0
  /** From here to `endMs`: only for those with policies. */
  policy: CallPolicy | undefined
  guard: PeerGuard | undefined
  ticket = 0
  routes: ChannelRoutes | undefined
  body: unknown
  options: Stoppable<CallOptions> | undefined
  tries = 1
  /** The deadline of the whole call; this try may have an earlier one. */
  endMs = 0
  resolve: (reply: unknown) => void = nothing
  reject: (error: EarshotError) => void = nothing
  /** Called when the request no longer waits, however it ended. */
  settled: (() => void) | undefined
}

export class PendingRequests {
  readonly #clock: Clock
  readonly #onExpired: (request: PendingRequest) => void
  /** A request stands at its correlation modulo the number of slots, a power of two. */
  #slots: (PendingRequest | undefined)[] = new Array(FIRST_SLOTS).fill(undefined)
  #size = 0
  #dueMs = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #last = FIRST_CORRELATION - 1

  /** @param onExpired the deadline has passed; the request still waits, and is ended in here */
  constructor(clock: Clock, onExpired: (request: PendingRequest) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  get size(): number {
    return this.#size
  }

  /** A slot with a correlation of its own; the caller sets the rest, `resolve` and `reject` too. */
  open(timeoutMs: number, link: Link): PendingRequest {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    const slot = this.#freeSlot()
    slot.timeoutMs = timeoutMs
    slot.sentMs = this.#clock.nowMs()
    slot.deadlineMs = slot.sentMs + timeoutMs
    slot.mark = 0
    slot.link = link
    if (link.remote !== undefined) link.remote.load++
    this.#size++
    if (slot.deadlineMs < this.#dueMs) this.#wakeAt(slot.deadlineMs)
    return slot
  }

  /** The request, if it waits for an answer by this link's peer. */
  find(correlation: number, link: Link): PendingRequest | undefined {
    const slot = this.#slots[correlation & (this.#slots.length - 1)]
    if (slot?.correlation !== correlation || correlation === 0) return undefined
    return slot.link?.remote === link.remote ? slot : undefined
  }

  /** The request has ended: its slot is free, and keeps nothing alive. */
  close(slot: PendingRequest): void {
    if (slot.correlation === 0) return
    const { settled } = slot
    const remote = slot.link?.remote
    if (remote !== undefined) remote.load--
    slot.correlation = 0
    slot.link = undefined
    slot.codec = undefined
    slot.errors = undefined
    slot.resolve = nothing
    slot.reject = nothing
    slot.settled = undefined
    slot.policy = undefined
    slot.guard = undefined
    slot.routes = undefined
    slot.body = undefined
    slot.options = undefined
    this.#size--
    settled?.()
  }

  /** Those that went over `link`, or all there are. */
  all(link?: Link): PendingRequest[] {
    const waiting = (slot: PendingRequest | undefined): slot is PendingRequest =>
      slot !== undefined && slot.correlation > 0 && (link === undefined || slot.link === link)
    return this.#slots.filter(waiting)
  }

  /** No deadline is watched any more. */
  stop(): void {
    this.#timer?.cancel()
  }

  #freeSlot(): PendingRequest {
    const mask = this.#slots.length - 1
    for (;;) {
      this.#last = this.#last === LAST_CORRELATION ? FIRST_CORRELATION : this.#last + 1
      const at = this.#last & mask
      let slot = this.#slots[at]
      if (slot === undefined) {
        slot = new PendingRequest()
        this.#slots[at] = slot
      }
      if (slot.correlation > 0) continue
      slot.correlation = this.#last
      return slot
    }
  }

  /** Different modulo the half is different modulo the whole: no two meet in the larger table. */
  #grow(): void {
    const slots: (PendingRequest | undefined)[] = new Array(this.#slots.length * 2).fill(undefined)
    for (const slot of this.all()) slots[slot.correlation & (slots.length - 1)] = slot
    this.#slots = slots
  }

  #wakeAt(dueMs: number): void {
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#expire())
  }

  /** The earliest deadline may long have been answered: then this only finds the next. */
  #expire(): void {
    const now = this.#clock.nowMs()
    let next = Number.POSITIVE_INFINITY
    for (const slot of this.all()) {
      if (slot.deadlineMs <= now) this.#onExpired(slot)
      else if (slot.deadlineMs < next) next = slot.deadlineMs
    }
    this.#timer = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
    if (next < this.#dueMs) this.#wakeAt(next)
  }
}

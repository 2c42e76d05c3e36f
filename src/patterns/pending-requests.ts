// Owns the requests that wait for an answer, and their deadlines.
// Hot path: a put and a take a request, one timer for all. Never leaves one pending for ever.

import type { Clock, Timer } from '../base/clock.ts'
import type { EarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { Link } from '../mesh/remote.ts'

export interface PendingRequest {
  readonly link: Link
  readonly codec: BodyCodec
  readonly key: string
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: EarshotError) => void
  /** Called when the request no longer waits, however it ended. */
  settled: (() => void) | undefined
}

export class PendingRequests {
  readonly #clock: Clock
  readonly #onExpired: (request: PendingRequest, correlation: number) => void
  readonly #pending = new Map<number, PendingRequest>()
  #dueMs = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #last = 0

  constructor(clock: Clock, onExpired: (request: PendingRequest, correlation: number) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  get size(): number {
    return this.#pending.size
  }

  /** The number of the next request. 2^53 of them outlive any process. */
  nextCorrelation(): number {
    return ++this.#last
  }

  put(correlation: number, request: PendingRequest): void {
    this.#pending.set(correlation, request)
    if (request.deadlineMs < this.#dueMs) this.#wakeAt(request.deadlineMs)
  }

  /** The request, if it waits for an answer by this link's peer; it waits no longer. */
  takeFrom(correlation: number, link: Link): PendingRequest | undefined {
    const request = this.#pending.get(correlation)
    return request?.link.remote === link.remote ? this.take(correlation) : undefined
  }

  /** The request, which waits no longer; undefined when it has ended already. */
  take(correlation: number): PendingRequest | undefined {
    const request = this.#pending.get(correlation)
    if (request !== undefined) this.#remove(correlation, request)
    return request
  }

  /** Takes all that went over `link`, or all there are. */
  takeAll(link?: Link): PendingRequest[] {
    const taken: PendingRequest[] = []
    for (const [correlation, request] of this.#pending) {
      if (link !== undefined && request.link !== link) continue
      this.#remove(correlation, request)
      taken.push(request)
    }
    return taken
  }

  close(): void {
    this.#timer?.cancel()
  }

  #remove(correlation: number, request: PendingRequest): void {
    this.#pending.delete(correlation)
    request.settled?.()
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
    for (const [correlation, request] of this.#pending) {
      if (request.deadlineMs <= now) {
        this.#remove(correlation, request)
        this.#onExpired(request, correlation)
      } else if (request.deadlineMs < next) next = request.deadlineMs
    }
    this.#timer = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
    if (next < this.#dueMs) this.#wakeAt(next)
  }
}

// Owns how many bytes the other side of a link may have here: what came, what is done with, what we
// owe. It widens for a link that is fast, so that a pause of ours does not make the sender wait.
// Hot path: once a frame. Never sends: the link grants what `release` returns.

import type { Clock } from '../base/clock.ts'
import { type Limits, SLAB_BYTES } from '../base/limits.ts'

/** A link that is handled at this rate or more has its window widened, in bytes a ms. */
const FAST_BYTES_PER_MS = 200_000
/** A window becomes at most so many times as wide as it began, whatever `maxCreditBytes` says. */
const MOST_TIMES = 8

/** What all links of a peer have together beyond their first credit. */
export class WidenBudget {
  #leftBytes: number

  constructor(bytes: number) {
    this.#leftBytes = bytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#leftBytes += bytes
  }
}

export class CreditWindow {
  readonly #clock: Clock
  readonly #budget: WidenBudget
  readonly #firstBytes: number
  readonly #widestBytes: number
  readonly #slackBytes: number
  #grantAtBytes: number
  #grantedAtMs: number
  #owedBytes = 0
  /** Bytes that came and are not done with, granted or not. */
  #takenBytes = 0
  #bytes: number
  /** The widest that it ever was: it is not known when the other side hears that it narrows. */
  #allowedBytes: number
  #busy = false

  constructor(limits: Limits, clock: Clock, budget: WidenBudget) {
    this.#clock = clock
    this.#budget = budget
    this.#firstBytes = limits.creditBytes
    this.#bytes = limits.creditBytes
    this.#allowedBytes = limits.creditBytes
    const most = Math.min(limits.maxCreditBytes, limits.creditBytes * MOST_TIMES)
    this.#widestBytes = Math.max(limits.creditBytes, most)
    // A quarter: the sender never stands still, and grants are few.
    this.#grantAtBytes = limits.creditBytes / 4
    // The last frame before the credit is used up may be the largest: a slab, or a message.
    this.#slackBytes = Math.max(limits.maxMessageBytes, SLAB_BYTES) * 2
    this.#grantedAtMs = clock.nowMs()
  }

  /** What the other side may have on its way now, as the next grant says. */
  get bytes(): number {
    return this.#bytes
  }

  /** The other side has no more than `bytes` on its way, whatever we let it have: grant in time. */
  boundTo(bytes: number): void {
    this.#grantAtBytes = Math.min(this.#grantAtBytes, Math.max(1, Math.floor(bytes / 4)))
  }

  /** A frame against credit came in. False: it is more than was ever granted. */
  take(bytes: number): boolean {
    this.#takenBytes += bytes
    return this.#takenBytes <= this.#allowedBytes + this.#slackBytes
  }

  /** `bytes` of what came in are done with. Returns what to grant now, or 0. */
  release(bytes: number): number {
    this.#takenBytes -= bytes
    this.#busy = true
    this.#owedBytes += bytes
    if (this.#owedBytes < this.#grantAtBytes) return 0
    this.#widen()
    return this.#settle()
  }

  /**
   * Called now and then: who sent nothing since the last time has its window narrowed again.
   * Returns what to grant with the narrower window, or −1 when nothing has changed.
   */
  rest(): number {
    const isNarrower = !this.#busy && this.#bytes > this.#firstBytes
    this.#busy = false
    if (!isNarrower) return -1
    this.#narrow()
    return this.#settle()
  }

  /** The link has closed. */
  end(): void {
    this.#narrow()
  }

  #settle(): number {
    const owed = this.#owedBytes
    this.#owedBytes = 0
    return owed
  }

  /** A link that is sent to fast, and whose bytes are handled at once, may have more on its way. */
  #widen(): void {
    const nowMs = this.#clock.nowMs()
    const isFast = this.#owedBytes >= (nowMs - this.#grantedAtMs) * FAST_BYTES_PER_MS
    this.#grantedAtMs = nowMs
    const more = Math.min(this.#owedBytes, this.#widestBytes - this.#bytes)
    if (!isFast || more <= 0 || !this.#budget.take(more)) return
    this.#bytes += more
    this.#allowedBytes = Math.max(this.#allowedBytes, this.#bytes)
  }

  #narrow(): void {
    this.#budget.giveBack(this.#bytes - this.#firstBytes)
    this.#bytes = this.#firstBytes
  }
}

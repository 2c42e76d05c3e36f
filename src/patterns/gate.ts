// Owns what a service lets in: by rate, by age, and how many handlers work at once.
// Never answers: it says why not, and serving tells the caller.

import { checkNames, namesOf } from '../base/arguments.ts'
import type { Clock } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { Counters } from '../mesh/counters.ts'
import { expired } from '../resilience/deadline.ts'
import { Shed, type ShedSettings, shedDefaults } from '../resilience/shed.ts'
import { type RateLimitSettings, TokenBucket } from '../resilience/token-bucket.ts'
import type { HandlerContext } from './call-context.ts'
import type { Middleware } from './middleware.ts'
import { invalid } from './policy-options.ts'

export interface RateLimitOptions {
  /** Requests and notifications of the contract, all its channels together. */
  readonly perSecond: number
  /** So many may come at once after a quiet time. Default: those of one second. */
  readonly burst?: number
  /** Of all callers together (the default), or of each remote peer. */
  readonly per?: 'service' | 'peer'
}

/** What a service takes on. */
export interface ServeOptions {
  /** None. Beyond it: EARSHOT_RATE_LIMITED. */
  readonly rateLimit?: RateLimitOptions
  /** On: what waited for more than half of its caller's time-out is refused, EARSHOT_OVERLOADED. */
  readonly shed?: false | Partial<ShedSettings>
  /** Handlers of the contract that work at once; the others wait in turn. Default: no bound. */
  readonly concurrency?: number
  /** Around the handlers, the first outermost; those of the peer come outside. */
  readonly use?: readonly Middleware<HandlerContext>[]
  /**
   * Share of the calls, against the others who serve the contract. 0 to 1 000, by default 1; 0:
   * only when nobody else can.
   */
  readonly weight?: number
}

const serveNames = namesOf<ServeOptions>({
  rateLimit: true,
  shed: true,
  concurrency: true,
  use: true,
  weight: true,
})

export interface GateParts {
  readonly clock: Clock
  readonly counters: Counters
  readonly limits: Limits
}

export class Gate {
  readonly #parts: GateParts
  readonly #name: string
  readonly #shed: Shed | undefined
  readonly #shedsAll: boolean
  readonly #rate: RateLimitSettings | undefined
  readonly #perPeer: boolean
  readonly #all: TokenBucket | undefined
  readonly #byPeer = new Map<string, TokenBucket>()
  readonly #concurrency: number
  /** Starts of handlers that wait for one to end, the first in front. */
  readonly #queue = new Set<() => void>()
  #running = 0

  /** @throws EARSHOT_OPTION_INVALID */
  constructor(name: string, options: ServeOptions, parts: GateParts) {
    const nowMs = parts.clock.nowMs()
    checkNames(options, serveNames)
    const { shed, rateLimit, concurrency } = options
    this.#name = name
    this.#parts = parts
    this.#shed = shed === false ? undefined : new Shed(checkShed(shed), nowMs)
    this.#shedsAll = shed !== false && shed?.afterMs !== undefined
    this.#rate = rateLimit && checkRate(rateLimit)
    this.#perPeer = rateLimit?.per === 'peer'
    this.#all = this.#rate && new TokenBucket(this.#rate, nowMs)
    this.#concurrency = checkConcurrency(concurrency)
  }

  /** True when a handler must wait for another to end. */
  get busy(): boolean {
    return this.#running >= this.#concurrency
  }

  /** False: what has no deadline and is never shed needs no look at the clock. */
  watches(budgetMs: number): boolean {
    return budgetMs > 0 || this.#shedsAll
  }

  /** Why something that has just been read is not taken: by rate, or for want of room. */
  refuses(from: string, nowMs: number): EarshotError | undefined {
    const { counters, limits } = this.#parts
    if (this.#rate !== undefined && !this.#bucketOf(from, this.#rate, nowMs).take(nowMs)) {
      counters.requestsShed++
      const { perSecond } = this.#rate
      const whose = this.#perPeer ? 'of one peer ' : ''
      const text = `${this.#name} takes ${perSecond} messages ${whose}a second (rateLimit)`
      return new EarshotError('EARSHOT_RATE_LIMITED', text)
    }
    if (!this.busy || this.#queue.size < limits.maxQueuedRequests) return undefined
    counters.requestsShed++
    const text = `${this.#queue.size} messages wait for ${this.#name} (maxQueuedRequests)`
    return new EarshotError('EARSHOT_OVERLOADED', text)
  }

  /**
   * Why the handler is not begun now that it could be.
   *
   * @param budgetMs what the caller gave it when it came, at `cameMs`; 0 for no end
   */
  tooLate(
    channel: string,
    nowMs: number,
    cameMs: number,
    budgetMs: number,
  ): EarshotError | undefined {
    const ageMs = nowMs - cameMs
    if (budgetMs > 0 && ageMs >= budgetMs) {
      this.#parts.counters.requestsExpired++
      const text = `it waited ${Math.round(ageMs)} ms to be begun, and had ${budgetMs}`
      return expired(channel, 'serving-queue', text)
    }
    if (this.#shed === undefined || !this.#shed.refuses(nowMs, ageMs, budgetMs)) return undefined
    this.#parts.counters.requestsShed++
    const text = `${channel} waited ${Math.round(ageMs)} ms to be begun: too many come (shed)`
    return new EarshotError('EARSHOT_OVERLOADED', text)
  }

  /** Runs `start` when a handler has ended. */
  wait(start: () => void): void {
    this.#queue.add(start)
  }

  /** What waits for it need not wait any more. */
  forget(start: () => void): void {
    this.#queue.delete(start)
  }

  /** A handler is at work; `leave` follows exactly once. */
  enter(): void {
    this.#running++
  }

  leave(): void {
    this.#running--
    // Those whose caller has gone, or who are too late, take no handler's place.
    for (const start of this.#queue) {
      if (this.busy) return
      this.#queue.delete(start)
      start()
    }
  }

  #bucketOf(from: string, rate: RateLimitSettings, nowMs: number): TokenBucket {
    const known = this.#perPeer ? this.#byPeer.get(from) : this.#all
    if (known !== undefined) return known
    if (this.#byPeer.size >= this.#parts.limits.maxCallersLimited) {
      for (const [id, bucket] of this.#byPeer) if (bucket.rested(nowMs)) this.#byPeer.delete(id)
    }
    // More callers than may be counted one by one share what one of them would have.
    const own = this.#byPeer.size >= this.#parts.limits.maxCallersLimited
    if (own) return this.#all as TokenBucket
    const bucket = new TokenBucket(rate, nowMs)
    this.#byPeer.set(from, bucket)
    return bucket
  }
}

function checkShed(shed: Partial<ShedSettings> = {}): ShedSettings {
  checkNames(shed, ['afterMs', ...Object.keys(shedDefaults)], '/shed')
  const settings = { ...shedDefaults, ...shed }
  const { afterMs, standingShare } = settings
  if (afterMs !== undefined && !(afterMs > 0)) {
    throw invalid('/shed/afterMs', `afterMs is a number of ms above 0, not ${String(afterMs)}`)
  }
  if (!(standingShare >= 0 && standingShare <= 1)) {
    const text = `standingShare is a share from 0 to 1, not ${String(standingShare)}`
    throw invalid('/shed/standingShare', text)
  }
  return settings
}

function checkRate(given: RateLimitOptions): RateLimitSettings {
  checkNames(given, ['perSecond', 'burst', 'per'], '/rateLimit')
  const { perSecond, burst, per = 'service' } = given
  const most = burst ?? Math.max(1, perSecond)
  if (!(perSecond > 0)) {
    const text = `perSecond is a number above 0, not ${String(perSecond)}`
    throw invalid('/rateLimit/perSecond', text)
  }
  if (!(most >= 1)) {
    throw invalid('/rateLimit/burst', `burst is a number from 1, not ${String(burst)}`)
  }
  if (per !== 'service' && per !== 'peer') {
    throw invalid('/rateLimit/per', `per is 'service' or 'peer', not ${String(per)}`)
  }
  return { perSecond, burst: most }
}

function checkConcurrency(concurrency = Number.POSITIVE_INFINITY): number {
  if (concurrency >= 1) return concurrency
  throw invalid('/concurrency', `concurrency is a number from 1, not ${String(concurrency)}`)
}

// Owns the policies of one channel of one client: whom a request may go to, what its outcome means,
// whether it is tried again.
// Hot path: `admits`, `begin`, `answered`: nothing is allocated. Never sends.

import type { Clock } from '../base/clock.ts'
import { reportNote } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes, Wish } from '../mesh/channel-routes.ts'
import type { Counters } from '../mesh/counters.ts'
import type { Remote } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import type { RouteFilter } from '../mesh/turns.ts'
import { Breaker, type BreakerState } from '../resilience/breaker.ts'
import { Bulkhead } from '../resilience/bulkhead.ts'
import { Latency } from '../resilience/latency.ts'
import { backoffMs, mayRetry } from '../resilience/retry.ts'
import type { RetryBudget } from '../resilience/retry-budget.ts'
import type { CallOptions, Stoppable } from './call-options.ts'
import { PeerGuard } from './peer-guard.ts'
import type { ChannelPolicy } from './policy-options.ts'
import { reportFailed, tellBy } from './said-aloud.ts'

/** What the channels of one client share. */
export interface ClientParts {
  readonly clock: Clock
  readonly random: () => number
  readonly counters: Counters
  readonly budget: RetryBudget
  readonly bulkhead: Bulkhead
}

/** A request under way, as far as its policies look at it. */
export interface GuardedRequest {
  readonly sentMs: number
  /** Of this try. */
  readonly timeoutMs: number
  /** The deadline of the whole call. */
  readonly endMs: number
  /** Which try it is, from 1. */
  readonly tries: number
  readonly options: Stoppable<CallOptions> | undefined
  guard: PeerGuard | undefined
  ticket: number
}

/** From so many on, those of peers that are gone are looked for. */
const MANY_GUARDS = 64
/** Slow is half of the time-out, where that is more than what the breaker calls slow. */
const SLOW_SHARE = 0.5

export class CallPolicy implements RouteFilter {
  readonly key: string
  readonly settings: ChannelPolicy
  readonly parts: ClientParts
  /** How long calls take; known only where it is needed. */
  readonly latency: Latency | undefined
  /** Who got the last request. */
  lastRemote: Remote | undefined
  readonly #idempotent: boolean
  readonly #bulkhead: Bulkhead
  readonly #guards = new Map<string, PeerGuard>()
  #last: PeerGuard | undefined

  constructor(key: string, idempotent: boolean, settings: ChannelPolicy, parts: ClientParts) {
    this.key = key
    this.#idempotent = idempotent
    this.settings = settings
    this.parts = parts
    this.#bulkhead = new Bulkhead(settings.perChannel, key, parts.bulkhead)
    this.latency = settings.hedge === undefined ? undefined : new Latency()
  }

  guards(): Iterable<PeerGuard> {
    return this.#guards.values()
  }

  admits({ remote }: Route): boolean {
    return this.#guard(remote).admits()
  }

  passesOver({ remote }: Route): boolean {
    const { spill } = this.#guard(remote)
    return spill?.passesOver(this.parts.clock.nowMs()) ?? false
  }

  /** How long one try may take, of what is left for the call. */
  tryMs(leftMs: number): number {
    const { retry } = this.settings
    return retry === undefined || !this.#idempotent ? leftMs : Math.min(leftMs, retry.tryTimeoutMs)
  }

  /** A request goes to a peer that was admitted; `answered` or `failed` follows exactly once. */
  begin(request: GuardedRequest, { remote }: Route): void {
    const guard = this.#guard(remote)
    request.guard = guard
    request.ticket = guard.begin()
    this.lastRemote = remote
    if (request.tries === 1) this.parts.budget.count(request.sentMs)
  }

  answered(request: GuardedRequest, nowMs: number): void {
    const tookMs = nowMs - request.sentMs
    request.guard?.answered(request.ticket, nowMs, tookMs, this.#slowMs(request))
    this.latency?.add(tookMs)
  }

  failed(request: GuardedRequest, error: EarshotError): void {
    const nowMs = this.parts.clock.nowMs()
    const tookMs = nowMs - request.sentMs
    request.guard?.failed(request.ticket, nowMs, tookMs, this.#slowMs(request), error)
  }

  /** After how many ms it is tried again; undefined when it is not. Takes from the budget. */
  retryAfter({ tries, endMs, options }: GuardedRequest, error: EarshotError): number | undefined {
    const { retry } = this.settings
    if (retry === undefined || tries >= retry.tries) return undefined
    if (!mayRetry(error, this.#idempotent) || options?.signal?.aborted) return undefined
    const { clock, budget, counters } = this.parts
    const nowMs = clock.nowMs()
    const waitMs = backoffMs(tries, retry, this.parts.random)
    if (nowMs + waitMs >= endMs) return undefined
    if (budget.take(nowMs)) return waitMs
    counters.retriesRefused++
    return undefined
  }

  /** Why nobody of those who are there is admitted; undefined when nobody is there. */
  refusal(routes: ChannelRoutes, wish: Wish | undefined): EarshotError | undefined {
    const there = routes
      .linked()
      .filter(({ remote }) => wish?.to === undefined || remote.id === wish.to)
    const guards = there.map(({ remote }) => this.#guard(remote))
    const shut = guards.filter(({ breaker }) => breaker?.admits() === false)
    const full = guards.find(({ bulkhead }) => bulkhead.full !== undefined)?.bulkhead.full
    if (full !== undefined) {
      this.parts.counters.bulkheadsRefused++
      const text = `${full.limit} requests of ${full.of} wait for answers already (bulkhead)`
      return new EarshotError('EARSHOT_OVERLOADED', text)
    }
    if (shut.length === 0) return undefined
    this.parts.counters.breakersRefused++
    const names = shut.map(({ remote }) => remote.name).join(', ')
    const text = `${this.key}: too many calls to ${names} failed or were slow`
    const peers = shut.map(({ remote }) => remote.id)
    return new EarshotError('EARSHOT_BREAKER_OPEN', text, { data: { peers } })
  }

  #slowMs({ timeoutMs }: GuardedRequest): number {
    const { breaker, slowIsGiven } = this.settings
    if (breaker === undefined) return 0
    return slowIsGiven ? breaker.slowMs : Math.max(breaker.slowMs, timeoutMs * SLOW_SHARE)
  }

  #guard(remote: Remote): PeerGuard {
    const last = this.#last
    if (last !== undefined && last.remote === remote) return last
    const guard = this.#guards.get(remote.id) ?? this.#newGuard(remote)
    guard.remote = remote
    this.#last = guard
    return guard
  }

  #newGuard(remote: Remote): PeerGuard {
    if (this.#guards.size >= MANY_GUARDS) {
      for (const [id, { idle }] of this.#guards) if (idle) this.#guards.delete(id)
    }
    const { perPeer, breaker, counts } = this.settings
    const bulkhead = new Bulkhead(perPeer, `${this.key} at ${remote.name}`, this.#bulkhead)
    const changed = (state: BreakerState, before: BreakerState) =>
      this.#changed(remote, state, before)
    const own = breaker && new Breaker(breaker, this.parts.clock, changed)
    const guard = new PeerGuard(remote, bulkhead, own, counts && this.#counting(counts))
    this.#guards.set(remote.id, guard)
    return guard
  }

  /** What users say of an error; where that fails, what is said without them. */
  #counting(counts: (error: EarshotError) => boolean) {
    return (error: EarshotError): boolean | undefined => {
      try {
        return Boolean(counts(error))
      } catch (thrown) {
        reportFailed('breaker.counts', this.key, thrown)
        return undefined
      }
    }
  }

  #changed(remote: Remote, state: BreakerState, before: BreakerState): void {
    if (state === 'open') this.parts.counters.breakersOpened++
    const change = { channel: this.key, peer: remote.label, state, before }
    const text = `the breaker of ${this.key} at ${remote.name} is ${state}`
    reportNote({ area: 'breaker', text, data: change })
    tellBy(this.settings.onChange, 'onChange', this.key, change)
  }
}

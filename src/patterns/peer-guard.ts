// Owns what stands between one client's channel and one remote peer: its breaker and its bulkhead.
// Hot path: `admits`, `begin`, `end`. Never chooses the peer.

import type { EarshotError } from '../base/errors.ts'
import type { Remote } from '../mesh/remote.ts'
import type { Breaker } from '../resilience/breaker.ts'
import type { Bulkhead } from '../resilience/bulkhead.ts'
import { Spill } from '../resilience/spill.ts'

/** Errors that speak against the peer, unless the client says otherwise. */
const against: ReadonlySet<string> = new Set([
  'EARSHOT_TIMEOUT',
  'EARSHOT_PEER_GONE',
  'EARSHOT_OVERLOADED',
  'EARSHOT_DEADLINE',
  'EARSHOT_BYTES_INVALID',
])
/**
 * Not when the peer says so itself: then it does all that it can, and a breaker would take that
 * from it as well. An answer that comes late counts as slow, whatever it says.
 */
const refusals: ReadonlySet<string> = new Set(['EARSHOT_OVERLOADED', 'EARSHOT_DEADLINE'])
/** It has more to do than it can, or may. */
const tooMuch: ReadonlySet<string> = new Set([...refusals, 'EARSHOT_RATE_LIMITED'])

export class PeerGuard {
  readonly bulkhead: Bulkhead
  readonly breaker: Breaker | undefined
  /** The latest incarnation of its link; the peer is the same as long as its id is. */
  remote: Remote
  /** There once it has refused something. */
  spill: Spill | undefined
  readonly #counts: ((error: EarshotError) => boolean | undefined) | undefined

  constructor(
    remote: Remote,
    bulkhead: Bulkhead,
    breaker: Breaker | undefined,
    counts: ((error: EarshotError) => boolean | undefined) | undefined,
  ) {
    this.remote = remote
    this.bulkhead = bulkhead
    this.breaker = breaker
    this.#counts = counts
  }

  admits(): boolean {
    if (this.bulkhead.full !== undefined) return false
    return this.breaker === undefined || this.breaker.admits()
  }

  /** The ticket comes back with the outcome. */
  begin(): number {
    this.bulkhead.enter()
    return this.breaker === undefined ? 0 : this.breaker.begin()
  }

  answered(ticket: number, nowMs: number, tookMs: number, slowMs: number): void {
    this.bulkhead.leave()
    this.breaker?.end(ticket, nowMs, tookMs, false, slowMs)
  }

  failed(ticket: number, nowMs: number, tookMs: number, slowMs: number, error: EarshotError): void {
    this.bulkhead.leave()
    const { code, data } = error
    if (data.remote !== undefined && tooMuch.has(code)) {
      this.spill ??= new Spill()
      this.spill.refused(nowMs)
    }
    if (this.breaker === undefined) return
    // It failed by itself, or the peer has answered; else nothing is known of the peer.
    const answered = code === 'EARSHOT_DECLARED' || data.remote !== undefined
    const refused = answered && refusals.has(code)
    const failed = this.#counts?.(error) ?? (against.has(code) && !refused)
    if (failed || answered) this.breaker.end(ticket, nowMs, tookMs, failed, slowMs)
    else this.breaker.abandon(ticket)
  }

  /** Nobody would miss it: its peer is gone, nothing is under way, no hand has set it. */
  get idle(): boolean {
    const forced = this.breaker?.state.startsWith('forced') ?? false
    return this.remote.down && this.bulkhead.count === 0 && !forced
  }
}

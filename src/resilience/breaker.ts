// Owns the breaker of one remote peer and channel: too many failed or slow calls, and none goes
// there for a while; then one goes to try.
// Hot path: closed, it reads no clock. Never sets a timer: open and half-open are told by time.

import type { Clock } from '../base/clock.ts'
import { TimeWindow } from './time-window.ts'

export interface BreakerSettings {
  /** What counts is the last so many ms. Default 60 000, in twelve buckets. */
  readonly windowMs: number
  /**
   * Fewer calls than this in the window prove nothing; so many bad ones in a row open it, however
   * good the minute was before. Default 20.
   */
  readonly minimumCalls: number
  /** Opens when a larger share of the calls failed or was slow. Default 0.3. */
  readonly threshold: number
  /** Slow is what takes longer. Default 1 000, or half of the call's time-out if that is more. */
  readonly slowMs: number
  /** How long it stays open before one call may try. Default 1 000. */
  readonly openMs: number
}

export type BreakerState = 'closed' | 'open' | 'half-open' | 'forced-open' | 'forced-closed'

export const breakerDefaults: BreakerSettings = {
  windowMs: 60_000,
  minimumCalls: 20,
  threshold: 0.3,
  slowMs: 1_000,
  openMs: 1_000,
}

const BUCKETS = 12

export class Breaker {
  readonly #settings: BreakerSettings
  readonly #clock: Clock
  readonly #onChange: (now: BreakerState, before: BreakerState) => void
  readonly #window: TimeWindow
  #state: BreakerState = 'closed'
  /** Outcomes count only in the state in which their call began. */
  #generation = 1
  #openedMs = 0
  #badInARow = 0
  #probing = false

  constructor(
    settings: BreakerSettings,
    clock: Clock,
    onChange: (now: BreakerState, before: BreakerState) => void = () => undefined,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#onChange = onChange
    this.#window = new TimeWindow(settings.windowMs, BUCKETS)
  }

  get state(): BreakerState {
    return this.#state
  }

  /** May a call go now? Takes nothing: `begin` does. */
  admits(): boolean {
    if (this.#state === 'closed' || this.#state === 'forced-closed') return true
    if (this.#state === 'half-open') return !this.#probing
    if (this.#state === 'forced-open') return false
    return this.#clock.nowMs() - this.#openedMs >= this.#settings.openMs
  }

  /** A call that was admitted goes out. The ticket comes back with its outcome. */
  begin(): number {
    if (this.#state === 'open') this.#become('half-open')
    if (this.#state === 'half-open') this.#probing = true
    return this.#generation
  }

  /** An outcome that came in time counts as bad when it took longer than slow. */
  end(ticket: number, nowMs: number, tookMs: number, failed: boolean, slowMs: number): void {
    if (ticket !== this.#generation) return
    const bad = failed || tookMs > slowMs
    if (this.#state === 'half-open') {
      this.#become(bad ? 'open' : 'closed')
      return
    }
    if (this.#state !== 'closed') return
    const window = this.#window
    window.add(nowMs, 1, bad ? 1 : 0)
    this.#badInARow = bad ? this.#badInARow + 1 : 0
    if (!bad) return
    const { minimumCalls, threshold } = this.#settings
    const calls = window.all(nowMs)
    if (calls < minimumCalls) return
    const tooMany = window.marked(nowMs) > threshold * calls
    if (tooMany || this.#badInARow >= minimumCalls) this.#become('open')
  }

  /** The call says nothing of the peer, it was cancelled: another may try in its place. */
  abandon(ticket: number): void {
    if (ticket === this.#generation) this.#probing = false
  }

  /** By hand: open or closed whatever happens, until it is forced to `undefined`. */
  force(state: 'open' | 'closed' | undefined): void {
    this.#become(state === undefined ? 'closed' : `forced-${state}`)
  }

  #become(state: BreakerState): void {
    const before = this.#state
    this.#generation++
    this.#probing = false
    this.#badInARow = 0
    this.#state = state
    if (state === 'open') this.#openedMs = this.#clock.nowMs()
    if (state === 'closed' || state === 'open') this.#window.clear()
    if (state !== before) this.#onChange(state, before)
  }
}

// Owns when what was written leaves: at the end of the turn, or once the shortest delay is over.
// Hot path: once a turn. Never decides whether it may wait: the channel did.

import type { Clock, Timer } from '../base/clock.ts'

export class Departure {
  readonly #clock: Clock
  readonly #leave: () => void
  #timer: Timer | undefined
  #delayMs = 0
  #atTurnEnd = false

  constructor(clock: Clock, leave: () => void) {
    this.#clock = clock
    this.#leave = () => {
      this.#atTurnEnd = false
      this.cancel()
      leave()
    }
  }

  /** All that was written leaves within `delayMs`; 0 for the end of the turn of the event loop. */
  within(delayMs: number): void {
    if (this.#atTurnEnd) return
    if (delayMs > 0) this.#wait(delayMs)
    else {
      this.#atTurnEnd = true
      this.#clock.afterTurn(this.#leave)
    }
  }

  /** No delay runs any longer. */
  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wait(delayMs: number): void {
    if (this.#timer && this.#delayMs <= delayMs) return
    this.cancel()
    this.#delayMs = delayMs
    this.#timer = this.#clock.after(delayMs, this.#leave)
  }
}

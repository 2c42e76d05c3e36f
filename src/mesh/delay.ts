// Owns how long what was written may wait for more to leave with it.
// Never decides whether it may wait: the channel did.

import type { Clock, Timer } from '../base/clock.ts'

export class Delay {
  readonly #clock: Clock
  readonly #run: () => void
  #timer: Timer | undefined
  #delayMs = 0

  /** `run` is called once the shortest delay is over; it calls `cancel`. */
  constructor(clock: Clock, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  /** The shortest delay of what has been written holds for all of it. */
  within(delayMs: number): void {
    if (this.#timer && this.#delayMs <= delayMs) return
    this.#timer?.cancel()
    this.#delayMs = delayMs
    this.#timer = this.#clock.after(delayMs, this.#run)
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

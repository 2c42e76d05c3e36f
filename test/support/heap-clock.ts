// Owns a clock for simulations: a millisecond at a time, since letting promises settle behind each
// of its many timers would take most of the run. Never reads the time of the machine.

import type { Clock, Timer } from '../../src/base/clock.ts'
import { Schedule, settle } from '../../src/testing/schedule.ts'

export class HeapClock implements Clock {
  readonly #schedule = new Schedule(0)

  nowMs(): number {
    return this.#schedule.nowMs
  }

  wallMs(): number {
    return this.#schedule.nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#schedule.at(this.nowMs() + delayMs, run)
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#schedule.every(periodMs, run)
  }

  /** Everything that is due, at once; promises do not settle in between. */
  advance(ms: number): void {
    this.#schedule.runBefore(this.nowMs() + ms)
  }

  afterTurn(run: () => void): void {
    this.after(0, run)
  }

  /** All of the next millisecond in which anything happens; promises settle after it. */
  async step(untilMs: number): Promise<void> {
    const nextMs = this.#schedule.nextMs ?? untilMs
    this.#schedule.runBefore(Math.min(untilMs, Math.floor(nextMs) + 1))
    await settle()
  }
}

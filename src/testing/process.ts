// Owns what runs in one simulated process: it can be stopped for a while, and killed.
// Never knows what runs in it.

import type { Clock } from '../base/clock.ts'
import type { Schedule } from './schedule.ts'

/** In 2026: what is sent of wall time has the length that it has outside. */
const WALL_START_MS = 1_767_225_600_000

export class SimulatedProcess {
  /** What traces call it. */
  readonly name: string
  /** Its address in the simulated network. */
  readonly host: string
  readonly clock: Clock
  readonly #schedule: Schedule
  #stopped = false
  #killed = false
  #waiting: (() => void)[] = []

  constructor(name: string, host: string, schedule: Schedule) {
    this.name = name
    this.host = host
    this.#schedule = schedule
    this.clock = this.#clockOn(schedule)
  }

  get killed(): boolean {
    return this.#killed
  }

  /** Now; when it goes on; or never. */
  run(work: () => void): void {
    if (this.#killed) return
    if (this.#stopped) this.#waiting.push(work)
    else work()
  }

  /** As by SIGSTOP: time goes on, and nothing in here does. */
  stop(): void {
    this.#stopped = true
  }

  /** As by SIGCONT: all that fell due meanwhile happens now, one after the other. */
  resume(): void {
    this.#stopped = false
    const waiting = this.#waiting
    this.#waiting = []
    // Promises settle in between, as between two callbacks of an event loop.
    for (const work of waiting) this.#schedule.at(this.#schedule.nowMs, () => this.run(work))
  }

  /** As by SIGKILL: nobody in here says goodbye, or anything else. */
  kill(): void {
    this.#killed = true
    this.#waiting = []
  }

  #clockOn(schedule: Schedule): Clock {
    const at = (delayMs: number, run: () => void) =>
      schedule.at(schedule.nowMs + delayMs, () => this.run(run))
    return {
      nowMs: () => schedule.nowMs,
      wallMs: () => WALL_START_MS + schedule.nowMs,
      after: (delayMs, run) => {
        let isSet = true
        const timer = at(delayMs, () => isSet && run())
        const cancel = () => {
          isSet = false
          timer.cancel()
        }
        return { cancel }
      },
      every: (periodMs, run) => {
        let isSet = true
        const again = () => {
          if (!isSet) return
          timer = at(periodMs, again)
          run()
        }
        let timer = at(periodMs, again)
        const cancel = () => {
          isSet = false
          timer.cancel()
        }
        return { cancel }
      },
      afterTurn: (run) => void schedule.at(schedule.nowMs, () => this.run(run), true),
    }
  }
}

// Owns a clock that moves only when told to, so that tests of time take none.
// Never reads the machine's clock.

import type { Clock } from '../base/clock.ts'
import { Schedule, settle } from './schedule.ts'

export interface VirtualClock extends Clock {
  /** Moves time forward and runs what falls due, in order, letting promises settle in between. */
  advance(byMs: number): Promise<void>
  /** Timers that are set and have not fired. */
  readonly pending: number
}

/** A clock at `startMs` whose wall time equals its monotonic time. */
export function createVirtualClock(startMs = 0): VirtualClock {
  const schedule = new Schedule(startMs)

  return {
    nowMs: () => schedule.nowMs,
    wallMs: () => schedule.nowMs,
    after: (delayMs, run) => schedule.at(schedule.nowMs + delayMs, run),
    every: (periodMs, run) => schedule.every(periodMs, run),
    afterTurn: (run) => void schedule.at(schedule.nowMs, run, true),
    get pending() {
      return schedule.pending
    },
    async advance(byMs) {
      const untilMs = schedule.nowMs + byMs
      await settle()
      while (schedule.step(untilMs)) await settle()
    },
  }
}

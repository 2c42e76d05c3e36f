// Owns a clock that moves only when told to, so that tests of time take none.
// Never reads the machine's clock.

import { checkArgument } from '../base/arguments.ts'
import type { Clock } from '../base/clock.ts'
import { isTime, Schedule, settle } from './schedule.ts'

export interface VirtualClock extends Clock {
  /** Moves time forward and runs what falls due, in order, letting promises settle in between. */
  advance(byMs: number): Promise<void>
  /** Timers that are set and have not fired. */
  readonly pending: number
}

/**
 * A clock at `startMs` whose wall time equals its monotonic time.
 * @throws EARSHOT_OPTION_INVALID for what is no time
 */
export function createVirtualClock(startMs = 0): VirtualClock {
  checkArgument(Number.isFinite(startMs), '/startMs', 'a number of ms', startMs)
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
      checkArgument(isTime(byMs), '/byMs', 'a number of ms from 0', byMs)
      const untilMs = schedule.nowMs + byMs
      await settle()
      while (schedule.step(untilMs)) await settle()
    },
  }
}

// Owns a clock that moves only when told to, so that tests of time take none.
// Never reads the machine's clock.

import type { Clock, Timer } from '../base/clock.ts'

interface Entry {
  atMs: number
  order: number
  run: () => void
  periodMs: number | undefined
}

export interface VirtualClock extends Clock {
  /** Moves time forward and runs what falls due, in order, letting promises settle in between. */
  advance(byMs: number): Promise<void>
  /** Timers that are set and have not fired. */
  readonly pending: number
}

/** A clock at `startMs` whose wall time equals its monotonic time. */
export function createVirtualClock(startMs = 0): VirtualClock {
  const entries = new Set<Entry>()
  let now = startMs
  let order = 0

  const add = (delayMs: number, run: () => void, periodMs?: number): Timer => {
    const entry: Entry = { atMs: now + Math.max(0, delayMs), order: order++, run, periodMs }
    entries.add(entry)
    return { cancel: () => entries.delete(entry) }
  }

  const earliest = (untilMs: number): Entry | undefined => {
    let first: Entry | undefined
    for (const entry of entries) {
      if (entry.atMs > untilMs) continue
      if (
        !first ||
        entry.atMs < first.atMs ||
        (entry.atMs === first.atMs && entry.order < first.order)
      )
        first = entry
    }
    return first
  }

  // A macrotask lets every chain of microtasks, however long, come to rest.
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

  return {
    nowMs: () => now,
    wallMs: () => now,
    after: (delayMs, run) => add(delayMs, run),
    every: (periodMs, run) => add(periodMs, run, periodMs),
    get pending() {
      return entries.size
    },
    async advance(byMs) {
      const untilMs = now + byMs
      await settle()
      for (let due = earliest(untilMs); due; due = earliest(untilMs)) {
        now = Math.max(now, due.atMs)
        if (due.periodMs === undefined) entries.delete(due)
        else {
          due.atMs = now + due.periodMs
          due.order = order++
        }
        due.run()
        await settle()
      }
      now = untilMs
    },
  }
}

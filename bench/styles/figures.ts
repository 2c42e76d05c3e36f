// Owns the form of what `styles` found: part of the JSON, and all that its view is made of.

import type { Figure } from 'earshot/report'

/** p50 and p99 of each round, µs. */
export interface Times {
  readonly p50Us: Figure
  readonly p99Us: Figure
}

export interface StylesFigures {
  readonly roundTrip: Times
  /** From `abort()` at the caller until the handler's signal says so, in the other process. */
  readonly cancel: Times
  readonly crowd: number
  readonly one: Times
  /** As many plain requests at once, one to each of the crowd, until the last is answered. */
  readonly each: Times
  /** A question to all of the crowd, until the last has answered. */
  readonly all: Times
  readonly itemsPerSecond: Figure
  readonly eventsPerSecond: Figure
}

/** What is aimed at, each within one run. */
export const aims = {
  cancel: { most: 2, what: 'cancelling a call, against a round trip' },
  scatter: { most: 3 },
  streams: { least: 0.5, what: 'items of a stream a second, against events' },
} as const

export interface Ratios {
  readonly cancel: number
  readonly scatter: number
  readonly streams: number
}

export function ratiosOf(figures: StylesFigures): Ratios {
  const { roundTrip, cancel, one, all, itemsPerSecond, eventsPerSecond } = figures
  return {
    cancel: cancel.p50Us.median / roundTrip.p50Us.median,
    scatter: all.p50Us.median / one.p50Us.median,
    streams: itemsPerSecond.median / eventsPerSecond.median,
  }
}

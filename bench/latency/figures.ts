// Owns the form of what `latency` found: part of the JSON, and all that its view is made of.

import type { Figure } from 'earshot/report'
import type { Percentiles } from '../process/command.ts'

export type System = 'earshot' | 'zeromq' | 'net'

export interface AloneRow {
  readonly system: System
  readonly p50Us: Figure
  readonly p99Us: Figure
  /** Of the round with the middle p50. */
  readonly all: Percentiles
}

export interface RateRow extends Percentiles {
  /** Of the baselines at the same rate. */
  readonly zeromqP50Us: number
  readonly netP50Us: number
  readonly rate: number
  readonly seconds: number
  readonly failed: number
}

export interface ManyRow {
  readonly system: System
  readonly perSecond: Figure
}

export interface LatencyFigures {
  /** One request at a time. */
  readonly alone: readonly AloneRow[]
  /** At fixed rates, from when each request was due. */
  readonly atRates: readonly RateRow[]
  readonly inFlight: number
  readonly many: readonly ManyRow[]
  /** How Earshot's two processes were connected. */
  readonly transport: string
}

/** What must hold and did not, a sentence each. */
export function failuresOf({ atRates }: LatencyFigures): string[] {
  return atRates
    .filter(({ failed }) => failed > 0)
    .map(({ rate, failed }) => `latency: ${failed} requests failed at ${rate} a second`)
}

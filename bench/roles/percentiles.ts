// Owns exact percentiles of a list of times, for what brings too few to need a histogram.

import type { Percentiles } from '../process/command.ts'

/** @throws Error when there are none */
export function percentilesOf(timesUs: readonly number[]): Percentiles {
  if (timesUs.length === 0) throw new Error('nothing was answered in time')
  const sorted = [...timesUs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] as number
  return {
    count: sorted.length,
    meanUs: sorted.reduce((sum, time) => sum + time, 0) / sorted.length,
    p50Us: at(0.5),
    p90Us: at(0.9),
    p99Us: at(0.99),
    p999Us: at(0.999),
    maxUs: sorted.at(-1) as number,
  }
}

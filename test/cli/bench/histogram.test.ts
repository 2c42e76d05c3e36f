// The histogram says what sorting all durations would say, within half a percent.

import { describe, expect, it } from 'vitest'
import { Histogram } from '../../../src/cli/bench/histogram.ts'

const shares = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

/** Durations over ten powers of ten, the same each time. */
function durations(count: number): number[] {
  let state = 42
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(10 ** ((state / 2 ** 32) * 10))
  })
}

describe('a histogram', () => {
  it('tells every percentile within half a percent', () => {
    const all = durations(50_000)
    const histogram = new Histogram()
    for (const ns of all) histogram.record(ns)
    const sorted = all.sort((a, b) => a - b)
    for (const share of shares) {
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number
      expect(Math.abs(histogram.percentileNs(share) - exact)).toBeLessThanOrEqual(exact * 0.005)
    }
    expect(histogram.count).toBe(all.length)
    expect(histogram.maxNs).toBe(sorted.at(-1))
  })

  it('keeps small durations exactly, and each power of two', () => {
    for (const ns of [0, 1, 127, 128, 255, 256, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 39]) {
      const histogram = new Histogram()
      histogram.record(ns)
      histogram.record(2 ** 40)
      expect(Math.abs(histogram.percentileNs(0.5) - ns)).toBeLessThanOrEqual(ns * 0.004)
    }
  })

  it('counts what is negative as 0, and what is too long in its last bucket', () => {
    const histogram = new Histogram()
    histogram.record(-5)
    histogram.record(2 ** 50)
    expect(histogram.percentileNs(0.5)).toBe(0)
    expect(histogram.percentileNs(1)).toBeGreaterThan(2 ** 39)
    expect(histogram.maxNs).toBe(2 ** 50)
  })

  it('tells zeros when there is nothing in it', () => {
    const { count, p50Us, p999Us, maxUs, meanUs } = new Histogram().percentiles()
    expect([count, p50Us, p999Us, maxUs, meanUs]).toEqual([0, 0, 0, 0, 0])
  })

  it('tells percentiles in µs', () => {
    const histogram = new Histogram()
    for (let us = 1; us <= 1_000; us++) histogram.record(us * 1_000)
    const { count, meanUs, p50Us, p99Us, maxUs } = histogram.percentiles()
    expect(count).toBe(1_000)
    expect(meanUs).toBeCloseTo(500.5, 1)
    expect(Math.abs(p50Us - 500)).toBeLessThan(2.5)
    expect(Math.abs(p99Us - 990)).toBeLessThan(5)
    expect(maxUs).toBe(1_000)
  })
})

// When silence is too long: by what was seen of a link, between a floor and what is promised.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rhythm } from '../../src/mesh/rhythm.ts'

const BEAT_MS = 1_000
const MOST_MS = 3_000
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)

/** A link whose beats came that far apart. */
function seen(distances: readonly number[]): { suspectMs: number; silentMs: number } {
  const rhythm = new Rhythm()
  let now = 0
  rhythm.beat(now)
  for (const distance of distances) {
    now += distance
    rhythm.beat(now)
  }
  return {
    suspectMs: rhythm.suspectMs(BEAT_MS, MOST_MS),
    silentMs: rhythm.silentMs(BEAT_MS, MOST_MS),
  }
}

const times = (count: number, ms: number) => new Array<number>(count).fill(ms)

describe(`what is too long for a link (seed ${seed})`, () => {
  it('is the most that is promised until it is known', () => {
    expect(seen([])).toEqual({ suspectMs: 1_750, silentMs: MOST_MS })
    expect(seen(times(7, BEAT_MS))).toEqual({ suspectMs: 1_750, silentMs: MOST_MS })
  })

  it('is a third less where beats come like a clock', () => {
    const { suspectMs, silentMs } = seen(times(40, BEAT_MS))
    expect(silentMs).toBeCloseTo(2_000, 0)
    expect(suspectMs).toBeCloseTo(1_250, 0)
  })

  it('grows with what the beats scatter', () => {
    const scattered = (byMs: number) =>
      seen(Array.from({ length: 40 }, (_, at) => BEAT_MS + (at % 2 === 0 ? byMs : -byMs)))
    const bounds = [5, 50, 100, 300].map((byMs) => scattered(byMs).silentMs)
    expect(bounds).toEqual(bounds.toSorted((one, other) => one - other))
    expect(bounds[0]).toBeLessThan(2_100)
    expect(bounds[3]).toBe(MOST_MS)
  })

  it('never leaves its bounds, and suspicion comes first, whatever was seen', () => {
    const distances = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { maxLength: 60 })
    fc.assert(
      fc.property(distances, (all) => {
        const { suspectMs, silentMs } = seen(all)
        expect(silentMs).toBeGreaterThanOrEqual(2 * BEAT_MS)
        expect(silentMs).toBeLessThanOrEqual(MOST_MS)
        expect(suspectMs).toBeGreaterThanOrEqual(1.25 * BEAT_MS)
        expect(suspectMs).toBeLessThanOrEqual(silentMs)
      }),
      { seed },
    )
  })

  it('does not count a time in which we stood still ourselves', () => {
    const rhythm = new Rhythm()
    for (let now = 0; now <= 20_000; now += BEAT_MS) rhythm.beat(now)
    rhythm.skip()
    for (let now = 90_000; now <= 100_000; now += BEAT_MS) rhythm.beat(now)
    expect(rhythm.silentMs(BEAT_MS, MOST_MS)).toBeLessThan(2_010)
  })
})

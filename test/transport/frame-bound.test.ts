// How many frames may wait where only frames are counted: their bytes stay within the bound.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameBound } from '../../src/transport/frame-bound.ts'

describe('a bound on frames', () => {
  it('lets no more wait than fit, of the largest that has just passed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20_000_000 }), { maxLength: 3_000 })
    fc.assert(
      fc.property(sizes, (bytes) => {
        let frames = 1_024
        const bound = new FrameBound(frames, 64_000_000, (now) => {
          frames = now
        })
        for (const size of bytes) {
          bound.pass(size)
          expect(frames === 2 || frames * size <= 64_000_000).toBe(true)
          expect(frames).toBeLessThanOrEqual(1_024)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('rises again when small frames have passed for a while, and is not touched before', () => {
    const applied: number[] = []
    const bound = new FrameBound(1_024, 64_000_000, (frames) => applied.push(frames))
    for (let count = 0; count < 5_000; count++) bound.pass(60_000)
    expect(applied).toEqual([])
    bound.pass(16_000_000)
    for (let count = 0; count < 3_000; count++) bound.pass(1_000)
    expect(applied).toEqual([4, 1_024])
  })
})

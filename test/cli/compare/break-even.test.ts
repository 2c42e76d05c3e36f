// Bytes against time: which codec for which link.

import { describe, expect, it } from 'vitest'
import { breakEvenMbit, type Cost, choices, costNs } from '../../../src/cli/compare/break-even.ts'

const small: Cost = { id: 'small', bytes: 100, cpuNs: 3_000 }
const quick: Cost = { id: 'quick', bytes: 225, cpuNs: 1_000 }

describe('break-even', () => {
  it('is bits saved divided by time lost: both cost the same there', () => {
    const mbit = breakEvenMbit(small, quick) as number
    // 1,000 bits in 2,000 ns.
    expect(mbit).toBe(500)
    expect(costNs(small, mbit)).toBeCloseTo(costNs(quick, mbit), 6)
    expect(costNs(small, mbit / 2)).toBeLessThan(costNs(quick, mbit / 2))
    expect(costNs(small, mbit * 2)).toBeGreaterThan(costNs(quick, mbit * 2))
  })

  it('is not there when one is both smaller and quicker, or they are equal', () => {
    const best: Cost = { id: 'best', bytes: 50, cpuNs: 500 }
    expect(breakEvenMbit(best, quick)).toBeUndefined()
    expect(breakEvenMbit(quick, best)).toBeUndefined()
    expect(breakEvenMbit(quick, quick)).toBeUndefined()
  })
})

describe('choices', () => {
  it('go from the smallest on slow links to the quickest, without who never wins', () => {
    const middle: Cost = { id: 'middle', bytes: 120, cpuNs: 1_500 }
    const never: Cost = { id: 'never', bytes: 200, cpuNs: 2_500 }
    const found = choices([quick, never, small, middle])
    expect(found.map(({ id }) => id)).toEqual(['small', 'middle', 'quick'])
    const speeds = found.map(({ belowMbit }) => belowMbit)
    expect(speeds).toEqual([160 / 1.5, 840 / 0.5, undefined])
  })

  it('agree with the costs at any speed', () => {
    const costs: Cost[] = Array.from({ length: 12 }, (_, at) => {
      return { id: `c${at}`, bytes: 50 + ((at * 37) % 101), cpuNs: 500 + ((at * 71) % 97) * 20 }
    })
    const found = choices(costs)
    for (let mbit = 0.5; mbit < 1e6; mbit *= 1.3) {
      const best = Math.min(...costs.map((cost) => costNs(cost, mbit)))
      const chosen = found.find(({ belowMbit }) => mbit < (belowMbit ?? Number.POSITIVE_INFINITY))
      const cost = costs.find(({ id }) => id === chosen?.id) as Cost
      expect(costNs(cost, mbit)).toBeCloseTo(best, 6)
    }
  })

  it('are one when one is smallest and quickest, and none of nothing', () => {
    expect(choices([{ id: 'a', bytes: 1, cpuNs: 1 }, small])).toEqual([
      { id: 'a', belowMbit: undefined },
    ])
    const alike = { id: 'b', bytes: 100, cpuNs: 100 }
    expect(choices([small, alike])).toEqual([{ id: 'b', belowMbit: undefined }])
    expect(choices([])).toEqual([])
  })
})

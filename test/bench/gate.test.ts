// The gate and the bound of memory judge figures as they say they do.

import { describe, expect, it } from 'vitest'
import { bounds, judge, type Measured, type Rates } from '../../bench/gate/bounds.ts'
import { heldOf } from '../../bench/memory/figures.ts'

const good: Measured = {
  earshot: { perSecond: 6e6, p50Us: 170, answeredPerSecond: 300_000 },
  zeromq: { perSecond: 3e5, p50Us: 160, answeredPerSecond: 50_000 },
  net: { perSecond: 1e6, p50Us: 100, answeredPerSecond: 140_000 },
  nobodyNs: 10,
}

function failing(change: Partial<Rates>, nobodyNs = 10): string[] {
  const measured = { ...good, nobodyNs, earshot: { ...good.earshot, ...change } }
  return judge(bounds, measured)
    .filter(({ holds }) => !holds)
    .map(({ bound }) => bound.name)
}

describe('the gate', () => {
  it('lets pass what was measured when its bounds were set, and twice as slow is near them', () => {
    expect(failing({})).toEqual([])
    expect(failing({ perSecond: 1.7e6 })).toEqual(['100 B one way, against zeromq.js'])
    expect(failing({ answeredPerSecond: 149_000 })).toHaveLength(2)
    expect(failing({ p50Us: 401 })).toHaveLength(1)
    expect(failing({}, 501)).toEqual(['publish to nobody, a call'])
  })

  it('fails what could not be measured', () => {
    expect(failing({ perSecond: Number.NaN })).toHaveLength(2)
  })

  it('says for each bound what to do', () => {
    for (const { remedy } of bounds) expect(remedy.length).toBeGreaterThan(20)
  })
})

describe('memory that is held', () => {
  it('grows when the last third is above the first by 15 % and 24 MiB, and not before', () => {
    const line = (from: number, to: number) =>
      Array.from({ length: 30 }, (_, at) => from + ((to - from) * at) / 29)
    expect(heldOf('flat', line(100, 100))).toMatchObject({ grows: false, slopeMiBPerMinute: 0 })
    expect(heldOf('small', line(20, 45)).grows).toBe(false)
    expect(heldOf('large', line(900, 950)).grows).toBe(false)
    const leak = heldOf('leak', line(100, 158))
    expect(leak.grows).toBe(true)
    expect(leak.slopeMiBPerMinute).toBeCloseTo(120, 5)
  })

  it('does not grow by a peak that goes away', () => {
    const peak = Array.from({ length: 30 }, (_, at) => (at === 15 ? 900 : 100))
    expect(heldOf('peak', peak).grows).toBe(false)
  })
})

// Retries: what may be repeated, how long they wait, and that no storm can come of them.

import { EarshotError } from 'earshot'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, mayRetry, retryDefaults } from '../../src/resilience/retry.ts'
import { BUDGET_WINDOW_MS, RetryBudget } from '../../src/resilience/retry-budget.ts'

describe('a failed call', () => {
  it('is tried again only where a repeat cannot do the work twice', () => {
    const gone = new EarshotError('EARSHOT_PEER_GONE', 'x')
    const refused = new EarshotError('EARSHOT_OVERLOADED', 'x')
    const wrong = new EarshotError('EARSHOT_BODY_INVALID', 'x')
    expect([mayRetry(gone, true), mayRetry(gone, false)]).toEqual([true, false])
    expect([mayRetry(refused, true), mayRetry(refused, false)]).toEqual([true, true])
    expect([mayRetry(wrong, true), mayRetry(wrong, false)]).toEqual([false, false])
  })

  it('waits anything up to a bound that doubles, and never longer than the longest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (tried, r) => {
          const waitMs = backoffMs(tried, retryDefaults, () => r)
          expect(waitMs).toBeGreaterThanOrEqual(0)
          expect(waitMs).toBeLessThanOrEqual(Math.min(1_000, 25 * 2 ** (tried - 1)))
        },
      ),
    )
    expect(backoffMs(3, retryDefaults, () => 0.5)).toBe(50)
  })
})

describe('a retry budget', () => {
  it('gives 20 % of the requests of ten seconds and 10 a second, and no more', () => {
    const budget = new RetryBudget()
    for (let index = 0; index < 1_000; index++) budget.count(0)
    let taken = 0
    while (budget.take(1)) taken++
    expect(taken).toBe(300)
    expect(budget.take(BUDGET_WINDOW_MS - 1)).toBe(false)
  })

  it('forgets requests with the retries that they allowed', () => {
    const budget = new RetryBudget({ share: 0.2, perSecond: 0 })
    for (let index = 0; index < 1_000; index++) budget.count(0)
    expect(budget.take(BUDGET_WINDOW_MS)).toBe(false)
  })

  it('holds over every ten seconds, whatever is asked of it and when', () => {
    const step = fc.record({
      waitMs: fc.constantFrom(0, 0, 1, 300, 1_000, 3_500, 20_000),
      requests: fc.nat(50),
      wanted: fc.nat(400),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new RetryBudget()
        const seen: { atMs: number; requests: number; taken: number }[] = []
        let nowMs = 0
        for (const { waitMs, requests, wanted } of steps) {
          nowMs += waitMs
          for (let index = 0; index < requests; index++) budget.count(nowMs)
          let taken = 0
          for (let index = 0; index < wanted; index++) if (budget.take(nowMs)) taken++
          seen.push({ atMs: nowMs, requests, taken })
        }
        // Buckets of 1 s: within 9 s all that was taken is still known, and so is what allowed it.
        for (const { atMs: endMs } of seen) {
          const taken = within(seen, endMs, 9_000).reduce((sum, one) => sum + one.taken, 0)
          const allowing = within(seen, endMs, 19_000).reduce((sum, one) => sum + one.requests, 0)
          expect(taken).toBeLessThanOrEqual(0.2 * allowing + 100)
        }
      }),
    )
  })
})

function within<T extends { atMs: number }>(list: readonly T[], endMs: number, spanMs: number) {
  return list.filter(({ atMs }) => atMs <= endMs && endMs - atMs < spanMs)
}

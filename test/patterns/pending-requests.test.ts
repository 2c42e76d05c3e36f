// Requests that wait: each ends exactly once, at its own deadline, whatever the others do.

import { createVirtualClock } from 'earshot/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PendingRequest, PendingRequests } from '../../src/patterns/pending-requests.ts'

const link = { remote: undefined } as PendingRequest['link']

function request(deadlineMs: number, settled?: () => void): PendingRequest {
  return {
    ...{ link, codec: undefined as never, key: 'k', timeoutMs: 1, deadlineMs },
    ...{ resolve: () => undefined, reject: () => undefined, settled },
  }
}

describe('pending requests', () => {
  it('expire at their own deadline, never early, in any order of deadlines', async () => {
    const times = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(times, async (deadlines) => {
        const clock = createVirtualClock()
        const expired: [number, number][] = []
        const pending = new PendingRequests(clock, (one) => {
          expired.push([one.deadlineMs, clock.nowMs()])
        })
        for (const deadlineMs of deadlines)
          pending.put(pending.nextCorrelation(), request(deadlineMs))
        await clock.advance(500)
        expect(expired.length).toBe(deadlines.length)
        for (const [deadlineMs, atMs] of expired) expect(atMs).toBe(deadlineMs)
        expect([pending.size, clock.pending]).toEqual([0, 0])
      }),
      { numRuns: 25 },
    )
  })

  it('that are answered no longer expire, and leave no timer when they were the last', async () => {
    const clock = createVirtualClock()
    const expired: unknown[] = []
    let settled = 0
    const pending = new PendingRequests(clock, (one) => expired.push(one))
    const correlation = pending.nextCorrelation()
    pending.put(
      correlation,
      request(100, () => settled++),
    )
    expect(pending.take(correlation)).toBeDefined()
    expect(pending.take(correlation)).toBeUndefined()
    await clock.advance(200)
    expect([expired.length, settled, clock.pending]).toEqual([0, 1, 0])
  })

  it('of a lost link are taken out, the others stay', () => {
    const clock = createVirtualClock()
    const other = { remote: undefined } as PendingRequest['link']
    const pending = new PendingRequests(clock, () => undefined)
    pending.put(1, request(100))
    pending.put(2, { ...request(100), link: other })
    expect(pending.takeAll(other)).toHaveLength(1)
    expect(pending.size).toBe(1)
    expect(pending.takeAll()).toHaveLength(1)
    pending.close()
  })
})

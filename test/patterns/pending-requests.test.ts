// Requests that wait: each ends exactly once, at its own deadline, whatever the others do.

import { createVirtualClock } from 'earshot/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Link } from '../../src/mesh/remote.ts'
import { PendingRequests } from '../../src/patterns/pending-requests.ts'

const linkOf = (name: string) => ({ remote: { name } }) as unknown as Link

describe('pending requests', () => {
  it('expire at their own deadline, never early, in any order of deadlines', async () => {
    const times = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(times, async (timeouts) => {
        const clock = createVirtualClock()
        const expired: [number, number][] = []
        const pending = new PendingRequests(clock, (one) => {
          expired.push([one.deadlineMs, clock.nowMs()])
          pending.close(one)
        })
        for (const timeoutMs of timeouts) pending.open(timeoutMs, linkOf('a'))
        await clock.advance(500)
        expect(expired.length).toBe(timeouts.length)
        for (const [deadlineMs, atMs] of expired) expect(atMs).toBe(deadlineMs)
        expect([pending.size, clock.pending]).toEqual([0, 0])
      }),
      { numRuns: 25 },
    )
  })

  it('that are answered no longer expire, and leave no timer when they were the last', async () => {
    const clock = createVirtualClock()
    const link = linkOf('a')
    const expired: unknown[] = []
    let settled = 0
    const pending = new PendingRequests(clock, (one) => expired.push(one))
    const request = pending.open(100, link)
    request.settled = () => settled++
    const { correlation } = request
    expect(pending.find(correlation, link)).toBe(request)
    pending.close(request)
    pending.close(request)
    expect(pending.find(correlation, link)).toBeUndefined()
    await clock.advance(200)
    expect([expired.length, settled, clock.pending]).toEqual([0, 1, 0])
  })

  it('are found by their own correlation and peer alone, however many come and go', () => {
    const clock = createVirtualClock()
    const links = [linkOf('a'), linkOf('b')] as const
    const pending = new PendingRequests(clock, () => undefined)
    const model = new Map<number, Link>()
    const step = fc.record({ open: fc.boolean(), link: fc.nat(1), which: fc.nat(10_000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        for (const { open, link, which } of steps) {
          if (open) {
            const owner = links[link] as Link
            const request = pending.open(1_000, owner)
            expect(model.has(request.correlation)).toBe(false)
            model.set(request.correlation, owner)
          } else if (model.size > 0) {
            const correlation = [...model.keys()][which % model.size] as number
            const owner = model.get(correlation) as Link
            const other = links[owner === links[0] ? 1 : 0]
            expect(pending.find(correlation, other)).toBeUndefined()
            const found = pending.find(correlation, owner)
            expect(found?.correlation).toBe(correlation)
            if (found) pending.close(found)
            model.delete(correlation)
            expect(pending.find(correlation, owner)).toBeUndefined()
          }
          expect(pending.size).toBe(model.size)
        }
        expect(pending.all()).toHaveLength(model.size)
        expect(pending.find(0, links[0])).toBeUndefined()
      }),
      { numRuns: 50 },
    )
    pending.stop()
  })

  it('of a lost link are told apart from the others', () => {
    const clock = createVirtualClock()
    const pending = new PendingRequests(clock, () => undefined)
    const links = [linkOf('a'), linkOf('b')]
    for (const link of links) pending.open(100, link)
    expect(pending.all(links[1]).map(({ link }) => link)).toEqual([links[1]])
    for (const request of pending.all()) pending.close(request)
    expect(pending.size).toBe(0)
    pending.stop()
  })
})

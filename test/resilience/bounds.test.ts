// Bulkhead, token bucket and shedding: what is let in, at any order of comings and goings.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bulkhead } from '../../src/resilience/bulkhead.ts'
import { Shed, shedDefaults } from '../../src/resilience/shed.ts'
import { TokenBucket } from '../../src/resilience/token-bucket.ts'

describe('a bulkhead', () => {
  it('never holds more than its limit, nor does the one around it, and counts back to 0', () => {
    const limits = fc.record({ client: fc.integer({ min: 1, max: 6 }), peer: fc.nat(5) })
    const steps = fc.array(fc.record({ which: fc.nat(2), leaves: fc.boolean() }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(limits, steps, ({ client, peer }, moves) => {
        const around = new Bulkhead(client, 'client')
        const peers = [0, 1, 2].map((index) => new Bulkhead(peer, `peer ${index}`, around))
        const inside: Bulkhead[] = []
        for (const { which, leaves } of moves) {
          const one = peers[which] as Bulkhead
          const held = inside.filter((other) => other === one).length
          expect([one.count, around.count]).toEqual([held, inside.length])
          const cause = held >= peer ? one : inside.length >= client ? around : undefined
          expect(one.full).toBe(cause)
          if (leaves) inside.pop()?.leave()
          else if (!cause) {
            one.enter()
            inside.push(one)
          }
        }
        for (const one of inside) one.leave()
        expect([around.count, ...peers.map(({ count }) => count)]).toEqual([0, 0, 0, 0])
      }),
    )
  })
})

describe('a rate limit', () => {
  it('lets in the burst and then so many a second, in any rhythm', () => {
    const waits = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 300 })
    fc.assert(
      fc.property(waits, (list) => {
        const bucket = new TokenBucket({ perSecond: 20, burst: 5 }, 0)
        let nowMs = 0
        let taken = 0
        for (const waitMs of list) {
          nowMs += waitMs
          if (bucket.take(nowMs)) taken++
          expect(taken).toBeLessThanOrEqual(5 + (20 * nowMs) / 1_000 + 1e-6)
        }
      }),
    )
  })

  it('is rested when all of its burst has come back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0)
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false])
    expect([bucket.rested(199), bucket.rested(200)]).toEqual([false, true])
  })
})

describe('shedding', () => {
  it('refuses what waited for more than half of its time, and nothing younger', () => {
    const shed = new Shed(shedDefaults, 0)
    expect(shed.refuses(5_000, 0, 2_000)).toBe(false)
    expect(shed.refuses(6_000, 1_000, 2_000)).toBe(false)
    expect(shed.refuses(6_001, 1_001, 2_000)).toBe(true)
    expect(shed.refuses(6_002, 1_002, 0)).toBe(false)
  })

  it('keeps only the youngest once the queue has stood for long', () => {
    const shed = new Shed({ afterMs: 400, standingShare: 0.25 }, 0)
    // One after the other is taken 110 ms after it came, each before the next has come.
    const taken = [100, 200, 300, 400, 500, 600].map((atMs) => shed.refuses(atMs, 110, 0))
    expect(taken).toEqual([false, false, false, false, true, true])
    // It was empty in between: a burst may wait again.
    expect(shed.refuses(2_000, 50, 0)).toBe(false)
    expect(shed.refuses(2_300, 350, 0)).toBe(false)
  })
})

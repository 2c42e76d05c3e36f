// The breaker: what opens it, who may try, and that nothing but time and outcomes moves it.

import { createVirtualClock } from 'earshot/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker, type BreakerState, breakerDefaults } from '../../src/resilience/breaker.ts'

function breaker() {
  const clock = createVirtualClock()
  const changes: BreakerState[] = []
  const one = new Breaker(breakerDefaults, clock, (now) => changes.push(now))
  const call = (failed: boolean, tookMs = 1) => {
    if (!one.admits()) return false
    one.end(one.begin(), clock.nowMs(), tookMs, failed, breakerDefaults.slowMs)
    return true
  }
  return { clock, changes, one, call }
}

describe('a breaker', () => {
  it('opens when more than 30 % of at least 20 calls failed, not before', () => {
    const { one, call } = breaker()
    for (let index = 0; index < 19; index++) call(true)
    expect(one.state).toBe('closed')
    call(true)
    expect(one.state).toBe('open')
    const second = breaker()
    for (let index = 0; index < 100; index++) second.call(index % 10 >= 7)
    expect(second.one.state).toBe('closed')
    second.call(true)
    expect(second.one.state).toBe('open')
  })

  it('opens after 20 bad calls in a row, however good the minute was', () => {
    const { one, call } = breaker()
    for (let index = 0; index < 5_000; index++) call(false)
    for (let index = 0; index < 19; index++) call(true)
    call(false)
    for (let index = 0; index < 19; index++) call(true)
    expect(one.state).toBe('closed')
    call(true)
    expect(one.state).toBe('open')
  })

  it('counts slow calls as failed ones, though they were answered', () => {
    const { one, call } = breaker()
    for (let index = 0; index < 20; index++) call(false, 1_000)
    expect(one.state).toBe('closed')
    for (let index = 0; index < 9; index++) call(false, 1_001)
    expect(one.state).toBe('open')
  })

  it('forgets what is more than a minute old', async () => {
    const { clock, one, call } = breaker()
    for (let index = 0; index < 19; index++) call(true)
    await clock.advance(60_000)
    call(true)
    expect(one.state).toBe('closed')
  })

  it('lets exactly one call try after 1 s, and closes or opens again by that one', async () => {
    const { clock, changes, one, call } = breaker()
    for (let index = 0; index < 20; index++) call(true)
    await clock.advance(999)
    expect(one.admits()).toBe(false)
    await clock.advance(1)
    const probe = one.begin()
    expect([one.state, one.admits()]).toEqual(['half-open', false])
    one.end(probe, clock.nowMs(), 1, true, 1_000)
    expect([one.state, one.admits()]).toEqual(['open', false])
    await clock.advance(1_000)
    call(false)
    expect(changes).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
    for (let index = 0; index < 19; index++) call(true)
    expect(one.state).toBe('closed')
  })

  it('gives the turn to try to the next when the one that tried was cancelled', async () => {
    const { clock, one } = breaker()
    for (let index = 0; index < 20; index++) one.end(one.begin(), 0, 1, true, 1_000)
    await clock.advance(1_000)
    one.abandon(one.begin())
    expect([one.state, one.admits()]).toEqual(['half-open', true])
  })

  it('ignores outcomes of calls that began in an earlier state', async () => {
    const { clock, one } = breaker()
    const early = Array.from({ length: 40 }, () => one.begin())
    for (const ticket of early.slice(0, 20)) one.end(ticket, 0, 1, true, 1_000)
    expect(one.state).toBe('open')
    await clock.advance(1_000)
    const probe = one.begin()
    for (const ticket of early.slice(20)) one.end(ticket, clock.nowMs(), 1, false, 1_000)
    expect(one.state).toBe('half-open')
    one.end(probe, clock.nowMs(), 1, false, 1_000)
    for (const ticket of early) one.end(ticket, clock.nowMs(), 1, true, 1_000)
    expect(one.state).toBe('closed')
  })

  it('stays as it is forced to be until it is let go', async () => {
    const { clock, one, call } = breaker()
    one.force('open')
    await clock.advance(60_000)
    expect([one.state, call(false)]).toEqual(['forced-open', false])
    one.force('closed')
    for (let index = 0; index < 100; index++) call(true)
    expect(one.state).toBe('forced-closed')
    one.force(undefined)
    expect([one.state, call(true), one.state]).toEqual(['closed', true, 'closed'])
  })

  it('sets no timer, admits one at a time when half-open, and opens only with cause', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 2_000 }),
      failed: fc.boolean(),
      tookMs: fc.constantFrom(1, 2_000),
      ends: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let nowMs = 0
        const clock = { ...createVirtualClock(), nowMs: () => nowMs }
        const recent: { atMs: number; bad: boolean }[] = []
        let openedMs = Number.NEGATIVE_INFINITY
        const one = new Breaker(breakerDefaults, clock, (now, before) => {
          if (now === 'open') openedMs = nowMs
          if (now !== 'open' || before !== 'closed') return
          const inWindow = recent.filter(({ atMs }) => nowMs - atMs <= 60_000)
          const bad = inWindow.filter((call) => call.bad).length
          expect(bad).toBeGreaterThanOrEqual(7)
        })
        let probe: number | undefined
        for (const { waitMs, failed, tookMs, ends } of steps) {
          nowMs += waitMs
          if (one.state === 'open') expect(one.admits()).toBe(nowMs - openedMs >= 1_000)
          if (probe !== undefined) {
            expect(one.admits()).toBe(false)
            if (ends) one.end(probe, nowMs, tookMs, failed, 1_000)
            if (ends) probe = undefined
            continue
          }
          if (!one.admits()) continue
          const ticket = one.begin()
          if (one.state === 'half-open') {
            probe = ticket
            continue
          }
          recent.push({ atMs: nowMs, bad: failed || tookMs > 1_000 })
          one.end(ticket, nowMs, tookMs, failed, 1_000)
        }
        expect(clock.pending).toBe(0)
      }),
    )
  })
})

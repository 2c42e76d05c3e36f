// Fallback, hedge, latency and deadline: what a caller gets in the end, and when.

import { EarshotError } from 'earshot'
import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { eitherSignal, withinMs } from '../../src/resilience/deadline.ts'
import { createFallback, type FallbackUsed } from '../../src/resilience/fallback.ts'
import { hedge } from '../../src/resilience/hedge.ts'
import { Latency } from '../../src/resilience/latency.ts'
import { failure } from '../support/peers.ts'

const gone = new EarshotError('EARSHOT_PEER_GONE', 'gone')
const fails = (error: unknown = gone) => Promise.reject(error)

describe('a fallback', () => {
  it('gives a value or what a function makes of the error, and says so', async () => {
    const clock = createVirtualClock()
    const used: FallbackUsed[] = []
    const value = createFallback({ value: 7 }, clock, (what) => used.push(what))
    const from = createFallback({ from: ({ code }, body) => [code, body] }, clock, () => undefined)
    expect([await value(Promise.resolve(1), {}), await value(fails(), {})]).toEqual([1, 7])
    expect(await from(fails(), 'x' as never)).toEqual(['EARSHOT_PEER_GONE', 'x'])
    expect(used).toEqual([{ error: gone }])
  })

  it('never hides what the caller did wrong, nor that it was cancelled', async () => {
    const value = createFallback({ value: 7 }, createVirtualClock(), () => undefined)
    for (const code of ['EARSHOT_BODY_INVALID', 'EARSHOT_CANCELLED', 'EARSHOT_CLOSED'] as const) {
      expect(await failure(value(fails(new EarshotError(code, 'x')), {}))).toMatchObject({ code })
    }
  })

  it('gives the last good answer to the same body and its age, until it is old', async () => {
    const clock = createVirtualClock()
    const used: FallbackUsed[] = []
    const options = { cache: { maxItems: 2, maxAgeMs: 1_000 } }
    const cache = createFallback(options, clock, (what) => used.push(what))
    await cache(Promise.resolve('old'), { id: 1n })
    await cache(Promise.resolve('new'), { id: 1n })
    await clock.advance(400)
    expect(await cache(fails(), { id: 1n })).toBe('new')
    expect(used).toEqual([{ error: gone, ageMs: 400 }])
    expect(await failure(cache(fails(), { id: 2n }))).toBe(gone)
    await clock.advance(601)
    expect(await failure(cache(fails(), { id: 1n }))).toBe(gone)
  })

  it('keeps no more answers than it may, the latest', async () => {
    const cache = createFallback({ cache: { maxItems: 2 } }, createVirtualClock(), () => undefined)
    for (const id of [1, 2, 1, 3]) await cache(Promise.resolve(`answer ${id}`), id)
    expect(await failure(cache(fails(), 2))).toBe(gone)
    expect([await cache(fails(), 1), await cache(fails(), 3)]).toEqual(['answer 1', 'answer 3'])
  })
})

describe('a hedge', () => {
  const setting = (answersMs: readonly (number | Error)[], may = true) => {
    const clock = createVirtualClock()
    const ended: boolean[] = []
    const result = hedge({
      clock,
      afterMs: 100,
      may: () => may,
      run: (second, signal) => {
        signal.addEventListener('abort', () => ended.push(second))
        const answer = answersMs[second ? 1 : 0]
        if (answer instanceof Error) return Promise.reject(answer)
        return new Promise((resolve) => {
          clock.after(answer ?? 0, () => resolve(second ? 'second' : 'first'))
        })
      },
    })
    return { clock, ended, result }
  }

  it('is not made when the first answers in time, and leaves no timer', async () => {
    const { clock, ended, result } = setting([99, 1])
    await clock.advance(99)
    expect([await result, ended, clock.pending]).toEqual(['first', [], 0])
  })

  it('says that the work may have been done, when that holds of either', async () => {
    const full = new EarshotError('EARSHOT_OVERLOADED', 'no room')
    for (const answers of [[full, gone] as const, [gone, full] as const]) {
      const clock = createVirtualClock()
      const result = failure(
        hedge({
          clock,
          afterMs: 100,
          may: () => true,
          run: (second) =>
            new Promise((_, reject) => {
              clock.after(200, () => reject(answers[second ? 1 : 0]))
            }),
        }),
      )
      await clock.advance(300)
      expect(await result).toBe(gone)
    }
  })

  it('takes whichever answers first and ends the other', async () => {
    const second = setting([1_000, 50])
    await second.clock.advance(150)
    expect([await second.result, second.ended]).toEqual(['second', [false]])
    const first = setting([120, 50])
    await first.clock.advance(120)
    expect([await first.result, first.ended]).toEqual(['first', [true]])
  })

  it('ends with an error that the contract declares: it is an answer', async () => {
    const declared = new EarshotError('EARSHOT_DECLARED', 'sold out', { name: 'Out', data: {} })
    const { clock, ended, result } = setting([1_000, declared])
    const told = failure(result)
    await clock.advance(100)
    expect([await told, ended, clock.nowMs() < 1_000]).toEqual([declared, [false], true])
  })

  it('is not made without budget; a first that fails early fails at once', async () => {
    const { clock, result } = setting([1_000, 1], false)
    await clock.advance(1_000)
    expect(await result).toBe('first')
    expect(await failure(setting([gone, 1]).result)).toBe(gone)
  })

  it('waits for the first when the second fails', async () => {
    const { clock, result } = setting([500, gone])
    await clock.advance(500)
    expect(await result).toBe('first')
  })
})

describe('the estimate of latency', () => {
  it('is right to within 19 %, says nothing of few calls, and follows a change', () => {
    const latency = new Latency()
    for (let index = 0; index < 19; index++) latency.add(10)
    expect(latency.percentile(0.95)).toBeUndefined()
    for (let index = 0; index < 981; index++) latency.add(index < 931 ? 10 : 200)
    const p95 = latency.percentile(0.95) ?? 0
    expect(p95).toBeGreaterThanOrEqual(10)
    expect(p95).toBeLessThan(10 * 1.19)
    for (let index = 0; index < 20_000; index++) latency.add(80)
    expect(latency.percentile(0.95)).toBeGreaterThan(80 / 1.19)
    latency.add(1e9)
    latency.add(0)
    expect(latency.percentile(1)).toBeGreaterThan(1_000)
  })
})

describe('a deadline', () => {
  it('only shrinks along a chain of calls', () => {
    const { signal } = new AbortController()
    expect(withinMs(500, undefined)).toBe(500)
    expect(withinMs(500, { remainingMs: 200, signal })).toBe(200)
    expect(withinMs(500, { remainingMs: Number.POSITIVE_INFINITY, signal })).toBe(500)
  })

  it('ends a call with its own signal or with that of its caller', () => {
    for (const which of [0, 1]) {
      const both = [new AbortController(), new AbortController()] as const
      const inherited = { remainingMs: 1, signal: both[1].signal }
      const signal = eitherSignal(both[0].signal, inherited)
      both[which as 0 | 1].abort()
      expect(signal?.aborted).toBe(true)
    }
  })
})

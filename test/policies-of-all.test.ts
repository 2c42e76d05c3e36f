// Policies of scatter and of notifications: whom they ask, what is tried again, what comes instead.

import { contract, notification, request, scatter } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Price = Type.Object({ price: Type.Integer() })
const Market = contract('test.market', '1.0.0', {
  quote: scatter(Id, Price, { errors: { Closed: Type.Object({}) } }),
  note: notification(Id),
  ask: request(Id, Price),
})
const quiet = { note: () => undefined, ask: () => ({ price: 0 }) }
const never = () => new Promise<never>(() => undefined)
const limits = { drainTimeoutMs: 50 }

describe('a scatter', () => {
  it('asks no peer whose breaker is open, and names it', async () => {
    const mesh = randomMesh()
    const good = await testPeer({ name: 'good', mesh })
    await good.serve(Market, { ...quiet, quote: () => ({ price: 1 }) })
    const hung = await testPeer({ name: 'hung', mesh, limits })
    let asked = 0
    await hung.serve(Market, {
      ...quiet,
      quote: () => {
        asked++
        return never()
      },
    })
    const caller = await testPeer({ name: 'caller', mesh })
    await until('both are up', () => caller.peers().length === 2)
    const { quote } = caller.client(Market, { breaker: { minimumCalls: 3, openMs: 60_000 } })
    for (let round = 0; round < 3; round++) {
      const { silent } = await quote({ id: round }, { withinMs: 300 })
      expect(silent.map(({ from, why }) => [from.name, why])).toEqual([['hung', 'late']])
    }
    const { answers, failed, silent } = await quote({ id: 9 }, { withinMs: 5_000 })
    expect(answers.map(({ from }) => from.name)).toEqual(['good'])
    expect(failed.map(({ from, error }) => [from.name, error.code])).toEqual([
      ['hung', 'EARSHOT_BREAKER_OPEN'],
    ])
    expect(silent).toEqual([])
    expect(asked).toBe(3)
  })

  it('that nobody answers has one answer by its fallback, typed as the others', async () => {
    faults()
    const [a, b] = await pairOf({ limits })
    let works = true
    await a.serve(Market, {
      ...quiet,
      quote: ({ id }) => {
        if (works) return { price: id }
        throw new Error('closed')
      },
    })
    const used: string[] = []
    const { quote } = b.client(Market, {
      channels: {
        quote: {
          fallback: { from: (error, { id }) => ({ price: error.code.length + id }) },
          onFallback: ({ channel }) => used.push(channel),
        },
      },
    })
    expect((await quote({ id: 1 })).answers).toMatchObject([{ answer: { price: 1 } }])
    works = false
    const { answers, failed } = await quote({ id: 1 })
    const fromFallback = { from: { name: 'fallback' }, answer: { price: 15 } }
    expect(answers).toMatchObject([fromFallback])
    expect(failed).toHaveLength(1)
    const each: unknown[] = []
    for await (const answer of quote.each({ id: 6 })) each.push(answer)
    expect(each).toMatchObject([{ from: { name: 'fallback' } }])
    expect(used).toEqual(['test.market/1/quote', 'test.market/1/quote'])
  })

  it('that all answer with a declared error has no fallback: they have answered', async () => {
    const [a, b] = await pairOf()
    await a.serve(Market, {
      ...quiet,
      quote: (_, context) => {
        throw context.error('Closed', {})
      },
    })
    const fallback = { value: { price: 1 } }
    const { quote } = b.client(Market, { channels: { quote: { fallback } } })
    const { answers, failed } = await quote({ id: 1 })
    expect(answers).toEqual([])
    expect(failed.map(({ error }) => error.name)).toEqual(['Closed'])
    expect(b.stats().counters.fallbacksUsed).toBe(0)
  })

  it('has its last good answers instead of none, and of no server', async () => {
    const [a, b] = await pairOf({ limits })
    const service = await a.serve(Market, { ...quiet, quote: ({ id }) => ({ price: id }) })
    const { quote } = b.client(Market, {
      timeoutMs: 500,
      channels: { quote: { fallback: { cache: { maxAgeMs: 60_000 } } } },
    })
    const first = await quote({ id: 4 })
    await service.close()
    await until('nobody serves it', () => {
      const [contractOfA] = b.peers()[0]?.contracts ?? []
      return contractOfA?.channels.every(({ number }) => number === 0) ?? true
    })
    expect((await quote({ id: 4 })).answers).toEqual(first.answers)
    expect(await failure(quote({ id: 5 }))).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
  })
})

describe('a notification', () => {
  it('that could not be sent goes to its fallback, and says so', async () => {
    const [, b] = await pairOf()
    const kept: number[] = []
    const { note } = b.client(Market, {
      timeoutMs: 30,
      retry: false,
      channels: { note: { fallback: { from: (_, { id }) => kept.push(id) } } },
    })
    const verdict = { became: 'dropped', by: 'sender', why: 'fallback' }
    expect(await note({ id: 7 })).toEqual(verdict)
    expect(kept).toEqual([7])
    expect(b.stats().counters.fallbacksUsed).toBe(1)
  })

  it('that is not sent is tried again within its time-out, and never once it was', async () => {
    const [a, b] = await pairOf({ limits })
    const seen: number[] = []
    await a.serve(Market, {
      ...quiet,
      quote: () => ({ price: 0 }),
      note: ({ id }) => {
        seen.push(id)
        return id === 2 ? never() : undefined
      },
    })
    const { note } = b.client(Market, { retry: { tries: 5, baseMs: 1 } })
    const to = 'ab'.repeat(16)
    const none = await failure(note({ id: 1 }, { to, timeoutMs: 500 }))
    expect(none).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no' })
    expect(b.stats().counters.requestsRetried).toBe(4)
    const late = await failure(note({ id: 2 }, { until: 'handled', timeoutMs: 60 }))
    expect(late).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    expect(seen).toEqual([2])
    expect(b.stats().counters.requestsRetried).toBe(4)
  })

  it('that is refused is told so at once: it is not tried again as something else', async () => {
    const [a, b] = await pairOf()
    const handlers = { ...quiet, quote: () => ({ price: 0 }) }
    await a.serve(Market, handlers, { rateLimit: { perSecond: 0.001, burst: 1 } })
    const { note } = b.client(Market, { retry: { tries: 5, baseMs: 1 } })
    expect(await note({ id: 1 }, { until: 'handled' })).toMatchObject({ became: 'handled' })
    const refused = { became: 'dropped', by: 'receiver', why: 'EARSHOT_RATE_LIMITED' }
    expect(await note({ id: 2 }, { until: 'handled' })).toMatchObject(refused)
    expect(b.stats().counters).toMatchObject({ requestsRetried: 0, requestsSent: 0 })
  })

  it('goes to no peer whose handlers do not end, once that is known', async () => {
    const mesh = randomMesh()
    const seen: string[] = []
    let hung = ''
    for (const name of ['good', 'hung']) {
      const peer = await testPeer({ name, mesh, limits })
      hung = peer.id
      const note = () => {
        seen.push(name)
        return name === 'hung' ? never() : undefined
      }
      await peer.serve(Market, { ...quiet, quote: () => ({ price: 0 }), note })
    }
    const caller = await testPeer({ name: 'caller', mesh })
    await until('both are up', () => caller.peers().length === 2)
    const { note } = caller.client(Market, { breaker: { minimumCalls: 2, openMs: 60_000 } })
    const options = { until: 'handled', timeoutMs: 30, to: hung } as const
    for (let id = 0; id < 2; id++) {
      await expect(note({ id }, options)).rejects.toThrow()
    }
    seen.length = 0
    for (let id = 0; id < 6; id++) {
      expect(await note({ id }, { until: 'handled' })).toMatchObject({ became: 'handled' })
    }
    expect(seen).toEqual(Array.from({ length: 6 }, () => 'good'))
  })
})

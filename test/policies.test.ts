// Policies of clients over real links: who is asked, what is tried again, and what comes back.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type ClientOptions,
  contract,
  type HandlerContext,
  notification,
  type Peer,
  request,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { doorway } from './support/doorway.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Id = Type.Object({ id: Type.Integer() })
const By = Type.Object({ by: Type.String() })
const Work = contract('test.work', '1.0.0', {
  safe: request(Id, By, { idempotent: true }),
  once: request(Id, By),
  note: notification(Id),
})

type Handler = (body: { id: number }, context: HandlerContext) => { by: string } | Promise<never>
const never = () => new Promise<never>(() => undefined)

/** A caller, and a server for each handler, called s0, s1 … */
async function meshOf(...handlers: Handler[]): Promise<{ caller: Peer; servers: Peer[] }> {
  const mesh = randomMesh()
  const servers: Peer[] = []
  for (const [index, handler] of handlers.entries()) {
    const limits = { drainTimeoutMs: 50 }
    const server = await testPeer({ name: `s${index}`, mesh, limits })
    await server.serve(Work, { safe: handler, once: handler, note: () => undefined })
    servers.push(server)
  }
  const caller = await testPeer({ name: 'caller', mesh })
  await until('all are up', () => caller.peers().length === handlers.length)
  return { caller, servers }
}

const answers =
  (by: string): Handler =>
  () => ({ by })

describe('retry', () => {
  it('asks another peer when a try of an idempotent channel takes too long', async () => {
    const { caller } = await meshOf(never, answers('s1'))
    const client = caller.client(Work, { retry: { tryTimeoutMs: 60, tries: 5 }, breaker: false })
    for (let id = 0; id < 6; id++) expect(await client.safe({ id })).toEqual({ by: 's1' })
    // The bad one has every other turn, unless the peers were just told anew.
    expect(caller.stats().counters.requestsRetried).toBeGreaterThan(0)
  })

  it('never repeats what may have been done, where that is not idempotent', async () => {
    const seen: number[] = []
    const { caller } = await meshOf(({ id }) => {
      seen.push(id)
      return never()
    })
    const client = caller.client(Work, { retry: { tryTimeoutMs: 10 } })
    const lost = failure(client.once({ id: 1 }, { timeoutMs: 100 }))
    expect(await lost).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    expect(seen).toEqual([1])
  })

  it('repeats what was refused unbegun, whatever it is, at another peer', async () => {
    const { caller, servers } = await meshOf(answers('s0'), answers('s1'))
    const [strict] = servers as [Peer]
    const Other = contract('test.other', '1.0.0', { once: request(Id, By) })
    const rateLimit = { perSecond: 0.001, burst: 1 }
    await strict.serve(Other, { once: answers('s0') }, { rateLimit })
    await servers[1]?.serve(Other, { once: answers('s1') })
    const client = caller.client(Other)
    await until('both serve it', () => {
      const named = caller.peers().map(({ contracts }) => contracts.map(({ name }) => name))
      return named.every((names) => names.includes('test.other'))
    })
    const by = await Promise.all(Array.from({ length: 10 }, (_, id) => client.once({ id })))
    expect(by.filter((answer) => answer.by === 's0')).toHaveLength(1)
    expect(strict.stats().counters.requestsShed).toBe(4)
    expect(caller.stats().counters.requestsRetried).toBe(4)
  })

  it('ends with the last error and says that an earlier try may have done the work', async () => {
    const { caller, servers } = await meshOf(never)
    const client = caller.client(Work, { retry: { tryTimeoutMs: 60, baseMs: 1, tries: 2 } })
    const lost = failure(client.safe({ id: 1 }))
    await until('it is under way', () => servers[0]?.stats().runningHandlers === 1)
    expect(await lost).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    expect(caller.stats().pendingRequests).toBe(0)
  })

  it('is bounded by its budget, however many calls fail', async () => {
    const { caller } = await meshOf(never)
    const budget = { share: 0.1, perSecond: 0.1 }
    const retry = { tryTimeoutMs: 5, baseMs: 1, budget }
    const client = caller.client(Work, { retry, breaker: false })
    await Promise.all(Array.from({ length: 100 }, (_, id) => failure(client.safe({ id }))))
    const { requestsRetried, retriesRefused } = caller.stats().counters
    expect(requestsRetried).toBe(11)
    expect(retriesRefused).toBe(100)
  })

  it('waits no longer than its caller: cancelling and closing end it', async () => {
    const { caller } = await meshOf(never)
    const retry = { tryTimeoutMs: 100, baseMs: 100_000, maxMs: 100_000, tries: 9 }
    const client = caller.client(Work, { retry, timeoutMs: 1_000_000 })
    const controller = new AbortController()
    const one = failure(client.safe({ id: 1 }, { signal: controller.signal }))
    const other = failure(client.safe({ id: 2 }))
    await until('both wait', () => caller.stats().counters.requestsRetried === 2)
    controller.abort()
    expect(await one).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    await caller.close()
    expect(await other).toMatchObject({ code: 'EARSHOT_CLOSED', sent: 'unknown' })
  })
})

describe('a breaker', () => {
  const breaker = { minimumCalls: 5, openMs: 50 }

  it('opens for a peer that answers no more, and closes when it answers again', async () => {
    let answer: Handler = never
    const { caller } = await meshOf((body, context) => answer(body, context))
    const states: string[] = []
    const onChange = ({ state }: { state: string }) => states.push(state)
    const client = caller.client(Work, { timeoutMs: 20, breaker: { ...breaker, onChange } })
    await Promise.all(Array.from({ length: 5 }, (_, id) => failure(client.once({ id }))))
    const refused = { code: 'EARSHOT_BREAKER_OPEN', sent: 'no', retryable: true }
    expect(await failure(client.once({ id: 5 }))).toMatchObject(refused)
    expect(caller.stats().counters).toMatchObject({ breakersRefused: 1, breakersOpened: 1 })
    const [view] = caller.breakers()
    expect(view).toMatchObject({ channel: 'test.work/1/once', peer: { name: 's0' }, state: 'open' })
    expect(caller.breakers()).toHaveLength(1)
    answer = answers('back')
    await until('it has closed', async () => {
      await client.once({ id: 6 }).catch(() => undefined)
      return states.at(-1) === 'closed'
    })
    expect(await client.once({ id: 7 }, { timeoutMs: 10_000 })).toEqual({ by: 'back' })
    expect(states.slice(0, 2)).toEqual(['open', 'half-open'])
  })

  it('sends everything to the others while one is open', async () => {
    const { caller } = await meshOf(never, answers('s1'))
    const client = caller.client(Work, {
      timeoutMs: 300,
      retry: false,
      breaker: { ...breaker, openMs: 60_000 },
    })
    const first = Array.from({ length: 10 }, (_, id) => client.once({ id }).catch(() => undefined))
    expect((await Promise.all(first)).filter((answer) => answer === undefined)).toHaveLength(5)
    for (let id = 0; id < 20; id++) expect(await client.once({ id })).toEqual({ by: 's1' })
    const [to] = caller.peers().filter(({ name }) => name === 's0')
    const named = client.once({ id: 1 }, { to: to?.id ?? '' })
    expect(await failure(named)).toMatchObject({ code: 'EARSHOT_BREAKER_OPEN' })
  })

  it('does not open for what handlers throw, unless its client says so', async () => {
    const { caller } = await meshOf(() => {
      throw new Error('no such order')
    })
    const patient = caller.client(Work, { breaker })
    const strict = caller.client(Work, { breaker: { ...breaker, counts: () => true } })
    const codes = async (client: typeof patient) => {
      const list: unknown[] = []
      for (let id = 0; id < 7; id++) list.push((await failure(client.once({ id }))).code)
      return list
    }
    expect(new Set(await codes(patient))).toEqual(new Set(['EARSHOT_REMOTE']))
    expect((await codes(strict)).slice(5)).toEqual(['EARSHOT_BREAKER_OPEN', 'EARSHOT_BREAKER_OPEN'])
  })

  it('is seen as long as its client is held, and no longer', async () => {
    const { caller } = await meshOf(answers('s0'))
    const held = caller.client(Work, { breaker })
    await held.once({ id: 0 })
    await caller.client(Work, { breaker }).once({ id: 1 })
    expect(caller.breakers()).toHaveLength(2)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    await until('the other is gone', () => {
      collect()
      return caller.breakers().length === 1
    })
    caller.breakers()[0]?.force('open')
    expect(await failure(held.once({ id: 2 }))).toMatchObject({ code: 'EARSHOT_BREAKER_OPEN' })
  })

  it('is open or closed by hand until it is let go', async () => {
    const { caller } = await meshOf(answers('s0'))
    const client = caller.client(Work)
    await client.once({ id: 0 })
    const [view] = caller.breakers()
    view?.force('open')
    expect(await failure(client.once({ id: 1 }))).toMatchObject({ code: 'EARSHOT_BREAKER_OPEN' })
    expect(caller.breakers()[0]?.state).toBe('forced-open')
    expect(() => view?.force('shut' as never)).toThrow(/forced 'open', 'closed'/)
    view?.force(undefined)
    expect(await client.once({ id: 2 })).toEqual({ by: 's0' })
  })
})

describe('a bulkhead', () => {
  it('refuses at once what is one too many, and lets in again what fits', async () => {
    const door = doorway()
    const { caller } = await meshOf(async () => {
      await door.passed
      return { by: 's0' } as never
    })
    const client = caller.client(Work, { bulkhead: { perPeer: 3 } })
    const calls = Array.from({ length: 3 }, (_, id) => client.once({ id }))
    const refused = { code: 'EARSHOT_OVERLOADED', sent: 'no' }
    expect(await failure(client.once({ id: 3 }))).toMatchObject(refused)
    expect(caller.stats().counters.bulkheadsRefused).toBeGreaterThan(0)
    const other = client.safe({ id: 4 })
    door.open()
    expect(await Promise.all([...calls, other])).toHaveLength(4)
    expect(await client.once({ id: 5 })).toEqual({ by: 's0' })
  })

  it('of a client holds over its channels, and of a channel over its peers', async () => {
    const { caller } = await meshOf(never, never)
    const client = caller.client(Work, {
      timeoutMs: 200,
      bulkhead: { perClient: 3 },
      channels: { safe: { bulkhead: { perChannel: 2 }, retry: false } },
    })
    const work = [client.safe({ id: 0 }), client.safe({ id: 1 })].map(failure)
    const text = (await failure(client.safe({ id: 2 }))).message
    expect(text).toContain('2 requests of test.work/1/safe wait')
    work.push(failure(client.once({ id: 3 })))
    expect((await failure(client.once({ id: 4 }))).message).toContain('3 requests of a client')
    await Promise.all(work)
  })
})

describe('a hedge', () => {
  it('asks a second peer when the first is slow, and ends the first', async () => {
    const ended: string[] = []
    const { caller } = await meshOf(
      (_, { signal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended.push('s0')
            reject(signal.reason)
          })
        }),
      answers('s1'),
    )
    const client = caller.client(Work, { hedge: { afterMs: 50 } })
    for (let id = 0; id < 8; id++) expect(await client.safe({ id })).toEqual({ by: 's1' })
    const { requestsHedged, requestsSent } = caller.stats().counters
    expect(requestsHedged).toBeGreaterThan(0)
    expect(requestsSent).toBe(8 + requestsHedged)
    await until('the slow ones have ended', () => ended.length > 0)
    expect(caller.stats().pendingRequests).toBe(0)
  })

  it('is not made for what may not be done twice', async () => {
    const { caller } = await meshOf(never, answers('s1'))
    const client = caller.client(Work, { hedge: { afterMs: 5 }, timeoutMs: 60 })
    const both = await Promise.allSettled([client.once({ id: 0 }), client.once({ id: 1 })])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(caller.stats().counters.requestsHedged).toBe(0)
  })
})

describe('a fallback', () => {
  it('is given when the service fails, with the age of a last good answer', async () => {
    const { caller, servers } = await meshOf(({ id }) => ({ by: `answer ${id}` }))
    const used: unknown[] = []
    const client = caller.client(Work, {
      timeoutMs: 100,
      retry: false,
      channels: {
        safe: { fallback: { cache: true }, onFallback: (one) => used.push(one) },
        once: { fallback: { value: { by: 'nobody' } } },
      },
    })
    await client.safe({ id: 1 })
    await servers[0]?.close()
    await until('it has left', () => caller.peers().length === 0)
    expect(await client.safe({ id: 1 })).toEqual({ by: 'answer 1' })
    expect(await failure(client.safe({ id: 2 }))).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
    expect(await client.once({ id: 3 })).toEqual({ by: 'nobody' })
    const error = expect.objectContaining({ code: 'EARSHOT_NO_SERVER' })
    expect(used).toEqual([{ error, ageMs: expect.any(Number), channel: 'test.work/1/safe' }])
    const wrong = client.once({ id: 'x' } as never)
    expect(await failure(wrong)).toMatchObject({ code: 'EARSHOT_BODY_INVALID' })
    expect(caller.stats().counters.fallbacksUsed).toBe(2)
  })
})

describe('options of policies', () => {
  it('that cannot be used are refused with their path', async () => {
    const [a] = await pairOf()
    const rows: [string, ClientOptions<typeof Work>][] = [
      ['/retry/tries', { retry: { tries: 0 } }],
      ['/retry/budget/share', { retry: { budget: { share: 2 } } }],
      ['/breaker/threshold', { breaker: { threshold: 1.1 } }],
      ['/bulkhead/perPeer', { bulkhead: { perPeer: Number.NaN } }],
      ['/channels/once/hedge', { channels: { once: { hedge: true } } }],
      ['/channels/safe/hedge/percentile', { channels: { safe: { hedge: { percentile: 95 } } } }],
      ['/channels/nope', { channels: { nope: {} } as object }],
      ['/fallback', { fallback: {} as never }],
      ['/fallback/cache/maxItems', { fallback: { cache: { maxItems: Number.NaN } } }],
      ['/fallback/cache/maxItems', { fallback: { cache: { maxItems: 0 } } }],
      ['/fallback/cache/maxAgeMs', { fallback: { cache: { maxAgeMs: -1 } } }],
      ['/retry', { retry: 5 as never }],
      ['/retry/trys', { retry: { trys: 3 } as object }],
      ['/retry/budget', { retry: { budget: 5 as never } }],
      ['/breaker', { breaker: true as never }],
      ['/breaker/counts', { breaker: { counts: 5 as never } }],
      ['/breaker/onChange', { breaker: { onChange: 5 as never } }],
      ['/bulkhead', { bulkhead: 7 as never }],
      ['/hedge', { hedge: 'yes' as never }],
      ['/onFallback', { onFallback: 5 as never }],
      ['/channels/safe', { channels: { safe: 5 as never } }],
      ['/channels/safe/bulkhead/per', { channels: { safe: { bulkhead: { per: 1 } as object } } }],
      ['/fallback/cache/maxitems', { fallback: { cache: { maxitems: 3 } as object } }],
      ['/fallback/cache/keyOf', { fallback: { cache: { keyOf: 5 as never } } }],
    ]
    for (const [path, options] of rows) {
      const caught = await failure((async () => a.client(Work, options))())
      expect(caught).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
  })
})

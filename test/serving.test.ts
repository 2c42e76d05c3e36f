// What a service takes on, and what it does not begin: by rate, by age, by deadline.

import { contract, notification, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { Shop } from './support/contract.ts'
import { doorway } from './support/doorway.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Left = Type.Object({ leftMs: Type.Number() })
const Desk = contract('test.desk', '1.0.0', {
  ask: request(Id, Id),
  left: request(Id, Left),
  note: notification(Id),
})
const others = { left: () => ({ leftMs: 0 }), note: () => undefined }

describe('a service with a rate limit', () => {
  it('refuses what is beyond it with a typed error, and serves again later', async () => {
    const [a, b] = await pairOf()
    const rateLimit = { perSecond: 20, burst: 3 }
    await a.serve(Desk, { ...others, ask: (body) => body }, { rateLimit })
    const client = b.client(Desk, { retry: false })
    await b.sender(Desk.note).ready()
    const calls = Array.from({ length: 10 }, (_, id) => client.ask({ id }).catch((e) => e.code))
    const answers = await Promise.all(calls)
    expect(answers.slice(0, 3)).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }])
    expect(answers.filter((code) => code === 'EARSHOT_RATE_LIMITED').length).toBeGreaterThan(3)
    await until('it serves again', async () => {
      const answer = await client.ask({ id: 7 }).catch(() => undefined)
      return answer?.id === 7
    })
  })

  it('of each peer lets one in when another has used up its own', async () => {
    const mesh = randomMesh()
    const server = await testPeer({ name: 'server', mesh })
    const rateLimit = { perSecond: 0.001, burst: 1, per: 'peer' as const }
    await server.serve(Desk, { ...others, ask: (body) => body }, { rateLimit })
    for (const name of ['one', 'two']) {
      const client = (await testPeer({ name, mesh })).client(Desk, { retry: false })
      expect(await client.ask({ id: 1 })).toEqual({ id: 1 })
      const refused = { code: 'EARSHOT_RATE_LIMITED', sent: 'no', retryable: true }
      expect(await failure(client.ask({ id: 2 }))).toMatchObject(refused)
      const dropped = { became: 'dropped', by: 'receiver', why: 'EARSHOT_RATE_LIMITED' }
      expect(await client.note({ id: 3 }, { until: 'handled' })).toMatchObject(dropped)
    }
  })
})

/** A service of one handler at a time, which waits at a door. */
async function oneByOne(options = {}, limits = {}) {
  const [a, b] = await pairOf({ limits: { drainTimeoutMs: 50, ...limits } })
  const door = doorway()
  const begun: number[] = []
  const ask = async (body: { id: number }) => {
    begun.push(body.id)
    await door.passed
    return body
  }
  const handlers = { ...others, ask, note: (body: { id: number }) => void begun.push(body.id) }
  await a.serve(Desk, handlers, { concurrency: 1, ...options })
  const client = b.client(Desk, { retry: false, breaker: false })
  await b.sender(Desk.note).ready()
  return { a, b, client, door, begun }
}

describe('a service of one handler at a time', () => {
  it('begins in the order of arrival, one after the other, notifications too', async () => {
    const { client, door, begun } = await oneByOne({ shed: false })
    const calls = [1, 2, 3].map((id) => client.ask({ id }))
    const noted = client.note({ id: 4 }, { until: 'handled' })
    calls.push(client.ask({ id: 5 }))
    await until('one is begun', () => begun.length === 1)
    door.open()
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 5].map((id) => ({ id })))
    expect((await noted).became).toBe('handled')
    expect(begun).toEqual([1, 2, 3, 4, 5])
  })

  it('does not begin what nobody waits for any more', async () => {
    const { a, client, door, begun } = await oneByOne({ shed: false })
    const first = client.ask({ id: 1 })
    await until('one is begun', () => begun.length === 1)
    const late = failure(client.ask({ id: 2 }, { timeoutMs: 40 }))
    const controller = new AbortController()
    const ended = failure(client.ask({ id: 3 }, { signal: controller.signal }))
    const last = client.ask({ id: 4 })
    await until('all wait', () => a.stats().runningHandlers === 4)
    controller.abort()
    expect(await late).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    expect(await ended).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    // The server counts from when it read it: a little later than its caller.
    const endedAt = performance.now()
    await until('it is late there, too', () => performance.now() - endedAt > 100)
    door.open()
    expect(await Promise.all([first, last])).toEqual([{ id: 1 }, { id: 4 }])
    expect(begun).toEqual([1, 4])
  })

  it('refuses what waited too long, and says that a repeat is harmless', async () => {
    const { a, client, door, begun } = await oneByOne({ shed: { afterMs: 30 } })
    const first = client.ask({ id: 1 })
    await until('one is begun', () => begun.length === 1)
    const old = failure(client.ask({ id: 2 }))
    await until('it waits', () => a.stats().runningHandlers === 2)
    const oldAt = performance.now()
    await until('it is old', () => performance.now() - oldAt > 40)
    door.open()
    expect(await old).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'no', retryable: true })
    expect(await first).toEqual({ id: 1 })
    expect([begun, a.stats().counters.requestsShed]).toEqual([[1], 1])
  })

  it('lets no more wait than maxQueuedRequests', async () => {
    const [a, b] = await pairOf({ limits: { maxQueuedRequests: 2, drainTimeoutMs: 50 } })
    const door = doorway()
    const ask = async (body: { id: number }) => {
      await door.passed
      return body
    }
    await a.serve(Desk, { ...others, ask }, { concurrency: 1 })
    const client = b.client(Desk, { retry: false })
    const calls = [1, 2, 3].map((id) => client.ask({ id }))
    await until('all wait', () => a.stats().runningHandlers === 3)
    expect((await failure(client.ask({ id: 4 }))).message).toContain('maxQueuedRequests')
    door.open()
    expect(await Promise.all(calls)).toHaveLength(3)
  })
})

describe('a deadline', () => {
  it('that passes while the link stands: the request never reaches the other side', async () => {
    const [a, b] = await pairOf({ limits: { creditBytes: 2_000, drainTimeoutMs: 50 } })
    const door = doorway()
    const begun: number[] = []
    const note = ({ id }: { id: number }) => {
      begun.push(id)
      return door.passed
    }
    const ask = (body: { id: number }) => {
      begun.push(body.id)
      return body
    }
    await a.serve(Desk, { ...others, note, ask })
    const out = b.sender(Desk.note)
    await out.ready()
    const client = b.client(Desk)
    for (let id = 0; id < 3_000; id++) out.send({ id })
    await until('the link stands', () => (b.stats().links[0]?.waitingBytes ?? 0) > 0)
    const late = failure(client.ask({ id: -1 }, { timeoutMs: 30 }))
    const where = { data: { where: 'outbound' } }
    expect(await late).toMatchObject({ code: 'EARSHOT_DEADLINE', sent: 'no', ...where })
    const noted = failure(client.note({ id: -2 }, { until: 'handled', timeoutMs: 30 }))
    expect(await noted).toMatchObject({ code: 'EARSHOT_DEADLINE', sent: 'no', ...where })
    door.open()
    expect(await client.ask({ id: -3 })).toEqual({ id: -3 })
    expect(begun.filter((id) => id < 0)).toEqual([-3])
    expect(begun).toHaveLength(3_001)
    expect(a.stats().counters).toMatchObject({ unknownRecords: 0, badFrames: 0 })
    expect(b.stats().counters).toMatchObject({ requestsExpired: 2, requestsTimedOut: 0 })
  })

  it('of a handler that hands on its context holds for the calls that it makes', async () => {
    const mesh = randomMesh()
    const back = await testPeer({ name: 'back', mesh, limits: { drainTimeoutMs: 50 } })
    const front = await testPeer({ name: 'front', mesh, limits: { drainTimeoutMs: 50 } })
    const caller = await testPeer({ name: 'caller', mesh })
    const Inner = contract('test.inner', '1.0.0', {
      left: request(Id, Left),
      hang: request(Id, Id),
    })
    const aborted: number[] = []
    await back.serve(Inner, {
      left: (_, { remainingMs }) => ({ leftMs: remainingMs }),
      hang: ({ id }, { signal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(id)
            reject(signal.reason)
          })
        }),
    })
    const inner = front.client(Inner, { timeoutMs: 60_000 })
    await front.serve(Desk, {
      ...others,
      left: (body, context) => inner.left(body, { context }),
      ask: (body, context) => inner.hang(body, { context }),
    })
    const client = caller.client(Desk)
    const { leftMs } = await client.left({ id: 1 }, { timeoutMs: 5_000 })
    expect(leftMs).toBeGreaterThan(0)
    expect(leftMs).toBeLessThanOrEqual(5_000)
    const controller = new AbortController()
    const call = failure(client.ask({ id: 2 }, { signal: controller.signal }))
    await until('the innermost is at work', () => back.stats().runningHandlers === 1)
    controller.abort()
    await call
    await until('the innermost has stopped', () => aborted.length === 1)
    const none = { remainingMs: 0, signal: new AbortController().signal }
    const dead = { code: 'EARSHOT_DEADLINE', sent: 'no', data: { where: 'caller' } }
    expect(await failure(inner.left({ id: 3 }, { context: none }))).toMatchObject(dead)
  })
})

describe('options of a service', () => {
  it('that cannot be used are refused with their path', async () => {
    const [a] = await pairOf()
    const rows: [string, object][] = [
      ['/rateLimit/perSecond', { rateLimit: { perSecond: 0 } }],
      ['/rateLimit/burst', { rateLimit: { perSecond: 1, burst: 0 } }],
      ['/rateLimit/per', { rateLimit: { perSecond: 1, per: 'caller' } }],
      ['/shed/afterMs', { shed: { afterMs: -1 } }],
      ['/shed/standingShare', { shed: { standingShare: 2 } }],
      ['/concurrency', { concurrency: 0 }],
    ]
    for (const [path, options] of rows) {
      const caught = await failure(a.serve(Desk, { ...others, ask: (body) => body }, options))
      expect(caught).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
    expect(await a.serve(Desk, { ...others, ask: (body) => body })).toBeDefined()
  })
})

describe('an instance of a class', () => {
  it('is served with its `this`, and may have what it likes beside its handlers', async () => {
    const [a, b] = await pairOf()
    class Counter {
      readonly by = 'the class'
      count = 0

      place() {
        this.count++
        return { total: this.count, by: this.by }
      }

      async slow() {
        return { by: this.by }
      }

      cancel() {
        this.count = 0
      }

      blob() {
        return this.count
      }
    }
    await a.serve(Shop, new Counter())
    const shop = b.client(Shop)
    await shop.place({ sku: 'x', count: 1 })
    expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: 'the class' })
    await shop.cancel({ id: 1 }, { until: 'handled' })
    expect(await shop.place({ sku: 'x', count: 1 })).toMatchObject({ total: 1 })
  })
})

describe('what waits for its turn', () => {
  it('is given up once nobody waits for it, is counted, and takes no more room', async () => {
    const { a, b, door, begun } = await oneByOne({}, { maxQueuedRequests: 3 })
    const client = b.client(Desk, { retry: false, timeoutMs: 60_000 })
    const first = client.ask({ id: 0 })
    await until('it is at work', () => begun.length === 1)
    const control = new AbortController()
    const left = [1, 2, 3].map((id) => failure(client.ask({ id }, { signal: control.signal })))
    await until('all wait', () => a.stats().runningHandlers === 4)
    control.abort()
    for (const error of left) expect(await error).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    await until('they are gone', () => a.stats().runningHandlers === 1)
    expect(a.stats().counters.requestsExpired).toBe(3)
    const dropped = a.stats().channels.find(({ channel }) => channel === 'test.desk/1/ask')?.dropped
    expect(dropped).toBe(3)
    const next = [4, 5, 6].map((id) => client.ask({ id }))
    await until('others wait in their place', () => a.stats().runningHandlers === 4)
    door.open()
    expect(await Promise.all([first, ...next])).toHaveLength(4)
    expect(begun).toEqual([0, 4, 5, 6])
  })

  it('is handled where it is a notification, also when its sender has closed', async () => {
    const [a, b] = await pairOf()
    const door = doorway()
    const seen: [id: number, aborted: boolean][] = []
    const note = async ({ id }: { id: number }, { signal }: { signal: AbortSignal }) => {
      await door.passed
      seen.push([id, signal.aborted])
    }
    await a.serve(Desk, { ...others, ask: (body) => body, note }, { concurrency: 1 })
    const desk = b.client(Desk)
    for (let id = 0; id < 3; id++) await desk.note({ id }, { until: 'received' })
    await b.close()
    await until('its sender and their link are gone', () => a.stats().links.length === 0)
    door.open()
    await until('all are handled', () => seen.length === 3)
    expect(seen).toEqual([0, 1, 2].map((id) => [id, false]))
    expect(a.stats().runningHandlers).toBe(0)
  })
})

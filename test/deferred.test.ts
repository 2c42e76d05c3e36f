// Answers that come after their handler has returned: from wherever the program has them, once, and
// for no longer than their caller waits.

import {
  codecNames,
  contract,
  type DeferredAnswer,
  isDeclared,
  notification,
  type Peer,
  request,
  scatter,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf, until } from './support/peers.ts'
import { testWorld } from './support/world.ts'

const Job = Type.Object({ id: Type.Integer() })
const Done = Type.Object({ id: Type.Integer(), by: Type.String() })
const errors = { Broken: Type.Object({ part: Type.String() }) }
const Works = contract('test.works', '1.0.0', { build: request(Job, Done, { errors }) })
const Offers = contract('test.offers', '1.0.0', { quote: scatter(Job, Done) })
const Notes = contract('test.notes', '1.0.0', { note: notification(Job) })

type Later = DeferredAnswer<{ id: number; by: string }>

/** Serves `build` so that all is answered by hand. */
async function desk(peer: Peer, concurrency?: number): Promise<Map<number, Later>> {
  const open = new Map<number, Later>()
  await peer.serve(
    Works,
    {
      build: ({ id }, context) => {
        const answer = context.defer()
        open.set(id, answer)
        return answer
      },
    },
    concurrency === undefined ? {} : { concurrency },
  )
  return open
}

describe.each(codecNames)('a deferred answer in %s', (codec) => {
  it('comes when it is there, in whatever order, and is an answer like any', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const open = await desk(a)
    const { build } = b.client(Works)
    const calls = [1, 2, 3].map((id) => build({ id }))
    await until('all are asked', () => open.size === 3)
    expect(a.stats().runningHandlers).toBe(3)
    for (const id of [3, 1, 2]) expect(open.get(id)?.resolve({ id, by: 'a' })).toBe(true)
    expect(await Promise.all(calls)).toEqual([1, 2, 3].map((id) => ({ id, by: 'a' })))
    expect(a.stats().runningHandlers).toBe(0)
    expect(open.get(1)).toMatchObject({ open: false })
    expect(open.get(1)?.resolve({ id: 1, by: 'again' })).toBe(false)
    expect(open.get(1)?.reject(new Error('again'))).toBe(false)
  })

  it('fails as a handler does: declared, by a bug, by what does not fit', async () => {
    const told = faults()
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const open = await desk(a)
    const { build } = b.client(Works)
    const calls = [1, 2, 3].map((id) => failure(build({ id })))
    await until('all are asked', () => open.size === 3)
    open
      .get(1)
      ?.reject(Object.assign(new Error('no axle'), { name: 'Broken', data: { part: 'x' } }))
    open.get(2)?.reject(new Error('a bug'))
    open.get(3)?.resolve({ id: 'three' } as never)
    const [declared, bug, unfit] = (await Promise.all(calls)) as [object, object, object]
    expect(isDeclared(Works.build, declared)).toBe(true)
    expect(declared).toMatchObject({ name: 'Broken', data: { part: 'x' } })
    expect(bug).toMatchObject({ code: 'EARSHOT_REMOTE' })
    expect(unfit).toMatchObject({ code: 'EARSHOT_REMOTE', path: '/id' })
    expect(told.map(({ text }) => text).join()).toContain('answer does not fit')
  })

  it('of a ticket outlives the link by which it was asked', async () => {
    const world = testWorld({ seed: 11 })
    const a = await world.createPeer({ name: 'a', codecs: [codec] })
    const b = await world.createPeer({ name: 'b', codecs: [codec] })
    const open = await desk(a)
    await world.run(async () => {
      const ticket = b.client(Works).build.later({ id: 7 })
      await ticket.taken()
      world.cut(a, b)
      await world.advance(500)
      expect(open.get(7)?.resolve({ id: 7, by: 'a' })).toBe(true)
      expect(await ticket.answer()).toEqual({ id: 7, by: 'a' })
      expect(open.size).toBe(1)
      await world.advance(100)
      expect([a.stats().keptTickets, a.stats().runningHandlers]).toEqual([0, 0])
    })
  })
})

describe('a handler that defers its answer', () => {
  it('leaves its place to the next one', async () => {
    const [a, b] = await pairOf()
    const open = await desk(a, 1)
    const { build } = b.client(Works)
    const calls = [1, 2, 3].map((id) => build({ id }))
    await until('all have begun', () => open.size === 3)
    for (const [id, answer] of open) answer.resolve({ id, by: 'a' })
    expect(await Promise.all(calls)).toHaveLength(3)
  })

  it('may be asynchronous, and have answered before it returns', async () => {
    const [a, b] = await pairOf()
    await a.serve(Works, {
      build: async ({ id }, context) => {
        const answer = context.defer()
        expect(context.defer()).toBe(answer)
        answer.resolve({ id, by: 'a' })
        await Promise.resolve()
        return answer
      },
    })
    expect(await b.client(Works).build({ id: 1 })).toEqual({ id: 1, by: 'a' })
    expect(await b.client(Works).build.later({ id: 2 }).answer()).toEqual({ id: 2, by: 'a' })
    expect(a.stats().runningHandlers).toBe(0)
  })

  it('answers a question to all as a request', async () => {
    const [a, b] = await pairOf()
    await a.serve(Offers, {
      quote: ({ id }, context) => {
        const answer = context.defer()
        setImmediate(() => answer.resolve({ id, by: 'a' }))
        return answer
      },
    })
    const { answers } = await b.client(Offers).quote({ id: 4 })
    expect(answers.map(({ answer }) => answer)).toEqual([{ id: 4, by: 'a' }])
  })

  it('is told where there is no answer, and when it returns that of another call', async () => {
    const told = faults()
    const [a, b] = await pairOf()
    const other: Later[] = []
    await a.serve(Works, {
      build: (_, context) => {
        other.push(context.defer())
        return other[0] as Later
      },
    })
    await a.serve(Notes, { note: (_, context) => (context as unknown as Asked).defer() })
    const first = b.client(Works).build({ id: 1 })
    await until('it has begun', () => other.length === 1)
    const wrong = { code: 'EARSHOT_REMOTE', message: expect.stringContaining('of another call') }
    expect(await failure(b.client(Works).build({ id: 2 }))).toMatchObject(wrong)
    expect(await failure(b.client(Works).build.later({ id: 3 }).answer())).toMatchObject(wrong)
    other[0]?.resolve({ id: 1, by: 'a' })
    expect(await first).toEqual({ id: 1, by: 'a' })
    await failure(b.client(Notes).note({ id: 1 }, { until: 'handled' }))
    expect(told.map(({ text }) => text).join()).toContain('it has no answer that could be deferred')
  })
})

interface Asked {
  defer(): unknown
}

describe('a deferred answer that nobody waits for any more', () => {
  const ends: [string, (world: ReturnType<typeof testWorld>, b: Peer, a: Peer) => unknown][] = [
    ['its caller has had its time', () => undefined],
    ['its caller has closed', (_, b) => b.close()],
    ['its caller is killed', (world, b) => world.kill(b)],
    ['the link is lost', (world, b, a) => world.cut(a, b)],
  ]

  it.each(ends)('is closed when %s, and holds nothing', async (_what, end) => {
    const world = testWorld({ seed: 12 })
    const a = await world.createPeer({ name: 'a' })
    const b = await world.createPeer({ name: 'b' })
    const open = await desk(a)
    await world.run(async () => {
      const call = b.client(Works, { retry: false }).build({ id: 1 }, { timeoutMs: 300 })
      void call.catch(() => undefined)
      await world.advance(50)
      expect(open.get(1)?.open).toBe(true)
      end(world, b, a)
      await world.advance(400)
      expect(open.get(1)?.open).toBe(false)
      expect(open.get(1)?.resolve({ id: 1, by: 'a' })).toBe(false)
      expect(a.stats().runningHandlers).toBe(0)
    })
  })

  it('is closed when its caller cancels, and a ticket at its deadline', async () => {
    const world = testWorld({ seed: 13 })
    const a = await world.createPeer({ name: 'a' })
    const b = await world.createPeer({ name: 'b' })
    const open = await desk(a)
    await world.run(async () => {
      const { build } = b.client(Works)
      const control = new AbortController()
      const cancelled = failure(build({ id: 1 }, { signal: control.signal }))
      const late = failure(build.later({ id: 2 }, { timeoutMs: 300 }).answer())
      await world.advance(50)
      control.abort()
      expect(await cancelled).toMatchObject({ code: 'EARSHOT_CANCELLED' })
      expect(await late).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
      await world.advance(50)
      expect([...open.values()].map((answer) => answer.open)).toEqual([false, false])
      expect([a.stats().runningHandlers, a.stats().keptTickets]).toEqual([0, 0])
    })
  })
})

describe('a peer that closes', () => {
  it('waits for deferred answers as for handlers, and no longer than it drains', async () => {
    const world = testWorld({ seed: 14 })
    const a = await world.createPeer({ name: 'a', limits: { drainTimeoutMs: 1_000 } })
    const b = await world.createPeer({ name: 'b' })
    const open = await desk(a)
    await world.run(async () => {
      const { build } = b.client(Works, { timeoutMs: 5_000, retry: false })
      const [answered, never] = [build({ id: 1 }), failure(build({ id: 2 }))]
      await world.advance(50)
      const closed = a.close()
      await world.advance(200)
      expect(open.get(1)?.resolve({ id: 1, by: 'a' })).toBe(true)
      expect(await answered).toEqual({ id: 1, by: 'a' })
      await closed
      expect(await never).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
      expect(open.get(2)?.open).toBe(false)
    })
  })
})

// Whole meshes in one process: found, linked, broken and healed in a time of their own.

import { contract, event, type Peer, request, stream } from 'earshot'
import { createWorld, type World } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { handlers, Shop } from '../support/contract.ts'
import { failure, faults } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Feed = contract('test.feed', '1.0.0', {
  ticks: event(Type.Object({ id: Type.Integer() })),
  count: stream(Type.Object({ to: Type.Integer() }), Type.Object({ n: Type.Integer() })),
  echo: request(Type.Object({ text: Type.String() }), Type.Object({ text: Type.String() })),
})

async function shopIn(one: World): Promise<{ server: Peer; caller: Peer }> {
  const server = await one.createPeer({ name: 'server' })
  await server.serve(Shop, handlers('server'))
  const caller = await one.createPeer({ name: 'caller' })
  await one.run(caller.client(Shop).place({ sku: 'tea', count: 1 }))
  return { server, caller }
}

/** A bit of everything, with all that can happen; the trace. */
async function story(seed: number): Promise<string> {
  const one = createWorld({ seed, trace: true, conditions: { jitterMs: 5, dropRate: 0.1 } })
  const said: string[] = []
  const servers: Peer[] = []
  for (const name of ['a', 'b']) {
    const server = await one.createPeer({ name })
    servers.push(server)
    await server.serve(Shop, handlers(name))
    await server.serve(Feed, {
      async *count({ to }) {
        for (let n = 0; n < to; n++) yield { n }
      },
      echo: ({ text }) => ({ text }),
    })
  }
  const caller = await one.createPeer({ name: 'caller' })
  await one.run(async () => {
    await caller.subscribe(Feed.ticks, ({ id }) => void said.push(`tick ${id}`))
    for (let id = 0; id < 20; id++) await servers[id % 2]?.publish(Feed.ticks, { id })
    const client = caller.client(Shop, { timeoutMs: 400 })
    for (let turn = 0; turn < 20; turn++) {
      if (turn === 5) one.cut(caller, servers[0] as Peer)
      if (turn === 8) one.part([caller], [servers[0] as Peer])
      if (turn === 12) one.heal()
      if (turn === 15) one.kill(servers[1] as Peer)
      await client.place({ sku: 'tea', count: 1 + Math.floor(one.random() * 9) }).then(
        ({ by, total }) => said.push(`${by} ${total}`),
        ({ code }) => said.push(code),
      )
    }
    for await (const { n } of caller.client(Feed).count({ to: 40 })) said.push(`count ${n}`)
    const ticket = caller.client(Feed).echo.later({ text: 'later' })
    said.push(ticket.id, (await ticket.answer()).text)
  })
  await one.close()
  return [...one.trace, ...said].join('\n')
}

describe('a world', () => {
  it('carries requests between peers that find each other', async () => {
    const one = testWorld()
    const { caller, server } = await shopIn(one)
    const receipt = await one.run(caller.client(Shop).place({ sku: 'tea', count: 2 }))
    expect(receipt).toEqual({ total: 4, by: 'server' })
    expect(caller.peers().map(({ name }) => name)).toEqual(['server'])
    expect(server.peers()[0]?.id).toBe(caller.id)
    expect(one.nowMs).toBeLessThan(1_000)
  })

  it('is the same for the same seed, byte for byte, and another for another', async () => {
    const first = await story(11)
    expect(await story(11)).toBe(first)
    expect(await story(12)).not.toBe(first)
    expect(first.split('\n').length).toBeGreaterThan(150)
    expect(first).toMatch(/EARSHOT_|count 39/)
  })

  it('says in its trace what came, who handled it, and what was done to them', async () => {
    const one = testWorld({ trace: true, conditions: { jitterMs: 0 } })
    const { caller, server } = await shopIn(one)
    one.fail(Shop.place, { times: 1, code: 'EARSHOT_OVERLOADED' })
    await one.run(failure(caller.client(Shop, { retry: false }).place({ sku: 'tea', count: 1 })))
    one.part([caller], [server])
    one.heal()
    one.cut(caller, server)
    await one.advance(50)
    const lines = one.trace.map((line) => line.replace(/^[\d.]+ /, ''))
    const told = [
      /^server#1 gets hello \(\d+ bytes, [0-9a-f]+\)$/,
      /^server#1 gets request 129 \(/,
      /^server#1 handles test\.shop\/place of caller, by a rule EARSHOT_OVERLOADED$/,
      /^caller#2 gets failure 129 \(/,
      /^server#1 is not heard by caller#2$/,
      /^all are heard again$/,
      /^caller#2 and server#1 are cut off$/,
      /^caller#2: the connection was lost$/,
    ]
    const at = told.map((text) => lines.findIndex((line) => text.test(line)))
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(Math.min(...at)).toBeGreaterThan(-1)
  })

  it('moves a minute in no time', async () => {
    const one = testWorld()
    const { caller } = await shopIn(one)
    const start = performance.now()
    await one.advance(60_000)
    expect(one.nowMs).toBeGreaterThan(60_000)
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(caller.peers()).toHaveLength(1)
  })

  it('runs several at once, and what is inside waits for its time', async () => {
    const one = testWorld()
    const { caller } = await shopIn(one)
    const start = one.nowMs
    await one.run(async () => {
      await Promise.all([one.advance(500), one.advance(700)])
      await one.run(caller.client(Shop).place({ sku: 'tea', count: 2 }))
    })
    expect(one.nowMs - start).toBeGreaterThan(700)
    expect(one.nowMs - start).toBeLessThan(800)
  })

  it('says when something is not over in time, with its seed', async () => {
    const one = testWorld({ seed: 77 })
    const error = await failure(one.run(new Promise(() => undefined), 5_000))
    expect(error).toMatchObject({ code: 'EARSHOT_TIMEOUT', message: /seed 77/ })
    expect(one.nowMs).toBe(5_000)
  })

  it('refuses a seed that is none, and a peer of another world', async () => {
    expect(() => createWorld({ seed: 0.5 })).toThrow(/whole number/)
    expect(() => createWorld({ seed: -1 })).toThrow(/whole number/)
    const stranger = await testWorld().createPeer({ name: 'stranger' })
    expect(() => testWorld().kill(stranger)).toThrow(/none of this world/)
  })
})

describe('in a world', () => {
  it('a killed peer is down in no time, and never answers', async () => {
    const one = testWorld()
    const { caller, server } = await shopIn(one)
    const call = caller.client(Shop, { retry: false }).place({ sku: 'tea', count: 1 })
    const left = failure(call)
    one.kill(server)
    await one.run(left)
    expect(await left).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
    await one.advance(1_000)
    expect(caller.peers()).toEqual([])
    // It keeps nobody waiting who closes it.
    await server.close()
  })

  it('a stopped peer is silent, leaves the pool within 3.5 s and comes back', async () => {
    const one = testWorld()
    const { caller, server } = await shopIn(one)
    one.stop(server)
    await one.advance(3_500)
    expect(caller.peers()).toEqual([])
    one.resume(server)
    await one.advance(10_000)
    expect(caller.peers()).toHaveLength(1)
    expect(server.peers()).toHaveLength(1)
    const receipt = await one.run(caller.client(Shop).place({ sku: 'tea', count: 3 }))
    expect(receipt.total).toBe(6)
  })

  it.each([
    ['both ways', (one: World, a: Peer, b: Peer) => one.part([a], [b])],
    ['one way', (one: World, a: Peer, b: Peer) => one.mute(a, b)],
    ['the other way', (one: World, a: Peer, b: Peer) => one.mute(b, a)],
  ])('a partition %s is noticed by heartbeats, and heals', async (_way, part) => {
    const one = testWorld()
    const { caller, server } = await shopIn(one)
    part(one, caller, server)
    const call = failure(caller.client(Shop, { timeoutMs: 1_000 }).place({ sku: 'tea', count: 1 }))
    await one.run(call)
    await one.advance(3_500)
    expect(Math.min(caller.peers().length, server.peers().length)).toBe(0)
    one.heal()
    await one.advance(12_000)
    expect([caller.peers().length, server.peers().length]).toEqual([1, 1])
    const receipt = await one.run(caller.client(Shop).place({ sku: 'tea', count: 3 }))
    expect(receipt.total).toBe(6)
  })

  it('a cut link is dialled anew, and nobody is down', async () => {
    const one = testWorld()
    const { caller, server } = await shopIn(one)
    const changes: string[] = []
    const watching = (async () => {
      for await (const { type } of caller.watch()) changes.push(type)
    })()
    one.cut(caller, server)
    await one.advance(1_000)
    const receipt = await one.run(caller.client(Shop).place({ sku: 'tea', count: 3 }))
    expect(receipt.total).toBe(6)
    expect(changes).toEqual(['up'])
    await one.run(caller.close())
    await watching
  })

  it('events that the network drops are counted exactly, those of the end too', async () => {
    const seen = faults()
    const one = testWorld({ seed: 5 })
    const publisher = await one.createPeer({ name: 'publisher' })
    const subscriber = await one.createPeer({ name: 'subscriber' })
    const ids: number[] = []
    const subscription = await one.run(async () => {
      await publisher.publish(Feed.ticks, { id: -1 })
      return subscriber.subscribe(Feed.ticks, ({ id }) => ids.push(id))
    })
    await one.advance(500)
    one.between(publisher, subscriber, { dropRate: 0.3 })
    for (let id = 0; id < 300; id++) {
      await one.run(publisher.publish(Feed.ticks, { id }))
      await one.advance(10)
    }
    one.between(publisher, subscriber, { dropRate: 0 })
    await one.advance(20_000)
    expect(ids.length).toBeLessThan(250)
    expect(ids.length).toBeGreaterThan(150)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(subscription.missed).toBe(300 - ids.length)
    expect(seen).toEqual([])
  })
})

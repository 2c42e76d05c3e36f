// Publishing and subscribing: in force when promised, numbered, gaps exact, slow ones alone suffer.

import type { PeerStats } from 'earshot'
import { describe, expect, it } from 'vitest'
import { Shop } from './support/contract.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'
import { startServing } from './support/processes.ts'

describe('a subscription', () => {
  it('is in force when subscribe() resolves: nothing is missed from then on', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = await pairOf()
      const heard: number[] = []
      const subscription = await b.subscribe(Shop.placed, ({ id }) => heard.push(id))
      for (let id = 0; id < 900; id++) await a.publish(Shop.placed, { id, text: 'x' })
      await until('all are heard', () => heard.length === 900)
      expect(heard).toEqual(Array.from({ length: 900 }, (_, id) => id))
      expect(subscription.missed).toBe(0)
      await Promise.all([a.close(), b.close()])
    }
  })

  it('holds for a publisher that appears later', async () => {
    const mesh = randomMesh()
    const b = await testPeer({ name: 'b', mesh })
    const heard: number[] = []
    await b.subscribe(Shop.placed, ({ id }) => heard.push(id))
    const a = await testPeer({ name: 'a', mesh })
    const out = a.publisher(Shop.placed)
    await until('it is in force', () => out.listeners === 1)
    for (let id = 0; id < 50; id++) out.send({ id, text: 'x' })
    await until('all are heard', () => heard.length === 50)
  })

  it('holds for the very first event of a peer that has just come up', async () => {
    for (let round = 0; round < 10; round++) {
      const mesh = randomMesh()
      const b = await testPeer({ name: 'b', mesh })
      const heard: number[] = []
      await b.subscribe(Shop.placed, ({ id }) => heard.push(id))
      const a = await testPeer({ name: 'a', mesh })
      for await (const { type } of a.watch()) if (type === 'up') break
      expect(await a.publish(Shop.placed, { id: 1, text: 'first' })).toMatchObject({ listeners: 1 })
      await until('it is heard', () => heard.length === 1)
      await Promise.all([a.close(), b.close()])
    }
  })

  it('is over when it is closed, and the publisher knows', async () => {
    const [a, b] = await pairOf()
    let heard = 0
    const subscription = await b.subscribe(Shop.placed, () => heard++)
    const out = a.publisher(Shop.placed)
    expect(out.listeners).toBe(1)
    await subscription.close()
    await until('nobody listens', () => out.listeners === 0)
    expect(await a.publish(Shop.placed, { id: 1, text: '' })).toEqual({
      became: 'dropped',
      by: 'publisher',
      why: 'no-listeners',
    })
    expect(heard).toBe(0)
  })

  it('without a handler is an async iterable that ends with its loop', async () => {
    const [a, b] = await pairOf()
    const subscription = await b.subscribe(Shop.placed)
    for (let id = 0; id < 5; id++) await a.publish(Shop.placed, { id, text: 'x' })
    const ids: number[] = []
    for await (const { id } of subscription) {
      ids.push(id)
      if (ids.length === 5) break
    }
    expect(ids).toEqual([0, 1, 2, 3, 4])
    await until('nobody listens', () => a.publisher(Shop.placed).listeners === 0)
  })

  it('drops the oldest or the newest when its iterable is not read, and counts them', async () => {
    const [a, b] = await pairOf()
    const oldest = await b.subscribe(Shop.placed, { capacity: 3 })
    const newest = await b.subscribe(Shop.placed, { capacity: 3, overflow: 'drop-newest' })
    for (let id = 0; id < 10; id++) await a.publish(Shop.placed, { id, text: 'x' })
    await until('seven are dropped', () => oldest.dropped === 7 && newest.dropped === 7)
    const first = async (iterable: AsyncIterable<{ id: number }>) => {
      for await (const { id } of iterable) return id
      return undefined
    }
    expect([await first(oldest), await first(newest)]).toEqual([7, 0])
    // Those that waited when their loops were left count as well.
    expect([oldest.dropped, newest.dropped]).toEqual([9, 9])
    expect(b.stats().counters.eventsDropped).toBe(18)
  })

  it('goes on when a handler throws or rejects, and counts it', async () => {
    const [a, b] = await pairOf()
    let heard = 0
    await b.subscribe(Shop.placed, ({ id }) => {
      heard++
      if (id === 0) throw new Error('sync')
      if (id === 1) return Promise.reject(new Error('async'))
      return undefined
    })
    for (let id = 0; id < 3; id++) await a.publish(Shop.placed, { id, text: 'x' })
    await until('both are counted', () => b.stats().counters.handlerErrors === 2 && heard === 3)
  })

  it('tells who published, with the headers', async () => {
    const [a, b] = await pairOf()
    const seen: unknown[] = []
    await b.subscribe(Shop.placed, (_body, { from, headers, channel, codec }) => {
      seen.push([from.name, { ...headers }, channel, codec])
    })
    await a.publish(Shop.placed, { id: 1, text: '' }, { headers: { k: 'v' } })
    await a.publish(Shop.placed, { id: 2, text: '' })
    await until('both are heard', () => seen.length === 2)
    expect(seen).toEqual([
      ['a', { k: 'v' }, 'test.shop/1/placed', 'avro'],
      ['a', {}, 'test.shop/1/placed', 'avro'],
    ])
  })
})

describe('a publisher', () => {
  it('encodes once for each codec that is heard, and all hear the same', async () => {
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh })
    const heard: Record<string, unknown[]> = {}
    for (const codec of ['json', 'msgpack', 'avro', 'protobuf'] as const) {
      const peer = await testPeer({ name: codec, mesh, codecs: [codec] })
      heard[codec] = []
      await until('it is up', () => peer.peers().some(({ name }) => name === 'a'))
      await peer.subscribe(Shop.placed, (body) => heard[codec]?.push(body))
    }
    const out = a.publisher(Shop.placed)
    await until('four listen', () => out.listeners === 4)
    for (let id = 0; id < 1_000; id++) out.send({ id, text: `nr ${id}` })
    const all = () => Object.values(heard).every((bodies) => bodies.length === 1_000)
    await until('all have heard all', all)
    expect(heard.json).toEqual(heard.avro)
    expect(heard.msgpack).toEqual(heard.protobuf)
    expect(heard.json).toEqual(heard.msgpack)
  })

  it('refuses a body that does not fit, and numbers nothing for it', async () => {
    const [a, b] = await pairOf()
    const heard: number[] = []
    const subscription = await b.subscribe(Shop.placed, ({ id }) => heard.push(id))
    const out = a.publisher(Shop.placed)
    out.send({ id: 1, text: 'x' })
    expect(() => out.send({ id: 'wrong', text: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_BODY_INVALID', path: '/id' }),
    )
    out.send({ id: 2, text: 'x' })
    await until('both are heard', () => heard.length === 2)
    expect(subscription.missed).toBe(0)
    const wrong = { id: 'wrong', text: 'x' } as never
    expect(await failure(a.publish(Shop.placed, wrong))).toMatchObject({ path: '/id' })
  })

  it('is not slowed by a subscriber that stands still', async () => {
    const mesh = randomMesh()
    const publisher = await startServing(mesh, 'publisher')
    const quick = await testPeer({ name: 'quick', mesh })
    const slow = await startServing(mesh, 'slow')
    await until('all are up', () => quick.peers().length === 2)
    let heard = 0
    let missed = 0
    const onMissed = (count: number) => {
      missed += count
    }
    await quick.subscribe(Shop.placed, () => heard++, { onMissed })
    slow.kill('SIGSTOP')
    const total = 300_000
    await publisher.ask({ do: 'publish', from: 0, to: total }, 'published')
    await until('the quick one has heard of all', () => heard + missed === total)
    slow.kill('SIGCONT')
    expect(heard).toBeGreaterThan(0)
  })

  it('is told by its numbers exactly how many a subscriber has lost', async () => {
    const limits = { maxOutletFrames: 2 }
    const mesh = randomMesh()
    const publisher = await startServing(mesh, 'publisher', { limits })
    const listener = await testPeer({ name: 'listener', mesh, limits })
    await until('it is up', () => listener.peers().length === 1)
    const gaps: number[] = []
    const ids: number[] = []
    const onMissed = (count: number) => gaps.push(count)
    await listener.subscribe(Shop.placed, ({ id }) => ids.push(id), { onMissed })
    const done = publisher.ask({ do: 'publish', from: 0, to: 2_000_000 }, 'published')
    // We stand still: the publisher's socket fills up and it drops for us.
    const end = performance.now() + 1_500
    while (performance.now() < end);
    await done
    // What is lost at the end shows with the next beat.
    const missed = () => gaps.reduce((sum, count) => sum + count, 0)
    await until('all are accounted for', () => ids.length + missed() === 2_000_000)
    expect(missed()).toBeGreaterThan(0)
    expect(listener.stats().counters.eventsMissed).toBe(missed())
    await until('the publisher has been told', async () => {
      const { stats } = await publisher.ask({ do: 'stats' }, 'stats')
      const { channels, links } = stats as PeerStats
      const there = channels.find(({ channel }) => channel === 'test.shop/1/placed')?.missedThere
      // Two that dial each other at once have two links.
      const byLinks = links.reduce((sum, { missedThere }) => sum + missedThere, 0)
      return there === missed() && byLinks === missed()
    })
  })
})

describe('a sender', () => {
  it('says when to wait, loses nothing, and keeps what waits within its bound', async () => {
    const mesh = randomMesh()
    const server = await startServing(mesh, 'server')
    const peer = await testPeer({ name: 'sender', mesh })
    const out = peer.sender(Shop.blob)
    expect(() => out.send(new Uint8Array(10))).toThrow(
      expect.objectContaining({ code: 'EARSHOT_NO_SERVER' }),
    )
    await out.ready(5_000)
    const body = new Uint8Array(1_000)
    let waits = 0
    const total = 50_000
    for (let index = 0; index < total; index++) {
      if (out.send(body)) continue
      waits++
      await out.ready()
      expect(peer.stats().waitingBytes).toBeLessThanOrEqual(9_000_000)
    }
    await peer.flush()
    await until('all have arrived', async () => {
      return (await server.ask({ do: 'stats' }, 'stats')).blobs === total
    })
    expect(waits).toBeGreaterThan(0)
  })

  it('that does not wait is refused at the limit, and what was taken still arrives', async () => {
    const [a, b] = await pairOf()
    let handled = 0
    await a.serve(Shop, {
      place: () => ({ total: 0, by: '' }),
      slow: () => ({ by: '' }),
      cancel: () => undefined,
      blob: () => void handled++,
    })
    const out = b.sender(Shop.blob)
    await out.ready()
    let taken = 0
    const flood = () => {
      for (; taken < 100; taken++) out.send(new Uint8Array(1_000_000))
    }
    expect(flood).toThrow(expect.objectContaining({ code: 'EARSHOT_OVERLOADED', sent: 'no' }))
    await until('what was taken is handled', () => handled === taken)
    expect(taken).toBeLessThan(30)
  })
})

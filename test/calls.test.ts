// Calls beyond the plain one: many at once, by key, to one peer, and after the end.

import { describe, expect, it } from 'vitest'
import { handlers, Shop } from './support/contract.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

describe('credit', () => {
  it('is given back in full for calls that are handled later, however many', async () => {
    const limits = { creditBytes: 2_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    await a.serve(Shop, {
      ...handlers('a'),
      slow: async () => {
        await turn()
        return { by: 'a' }
      },
      cancel: async () => {
        await turn()
      },
    })
    const shop = b.client(Shop)
    for (let round = 0; round < 60; round++) {
      const calls = Array.from({ length: 50 }, () => shop.slow({ forMs: round }))
      for (let id = 0; id < 50; id++) await shop.cancel({ id })
      expect(await Promise.all(calls)).toHaveLength(50)
    }
  })
})

describe('a key', () => {
  it('sends all its calls to one peer, and moves only when that peer leaves', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const servers = new Map<string, { close(): Promise<void> }>()
    for (const name of ['one', 'two', 'three']) {
      const peer = await testPeer({ name, mesh })
      await peer.serve(Shop, handlers(name))
      servers.set(name, peer)
    }
    await until('all three are up', () => caller.peers().length === 3)
    const shop = caller.client(Shop)
    const owner = async (key: string) => (await shop.place({ sku: 'x', count: 1 }, { key })).by
    const keys = Array.from({ length: 60 }, (_, index) => `customer-${index}`)
    const before = await Promise.all(keys.map(owner))
    expect(await Promise.all(keys.map(owner))).toEqual(before)
    expect(new Set(before).size).toBe(3)
    await servers.get('two')?.close()
    await until('it is gone', () => caller.peers().length === 2)
    const after = await Promise.all(keys.map(owner))
    for (const [index, by] of before.entries()) {
      if (by !== 'two') expect(after[index]).toBe(by)
      else expect(after[index]).not.toBe('two')
    }
  })
})

describe('a peer that is closed', () => {
  it('rejects what waits and refuses what comes, with EARSHOT_CLOSED', async () => {
    const [a, b] = await pairOf()
    const shop = b.client(Shop, { timeoutMs: 10_000 })
    const out = b.publisher(Shop.placed)
    const sender = b.sender(Shop.cancel)
    const waiting = failure(shop.place({ sku: 'x', count: 1 }))
    const ready = failure(sender.ready(10_000))
    await a.close()
    await Promise.all([b.close(), b.close()])
    const closed = { code: 'EARSHOT_CLOSED' }
    expect(await waiting).toMatchObject(closed)
    expect(await ready).toMatchObject(closed)
    expect(await failure(shop.place({ sku: 'x', count: 1 }))).toMatchObject(closed)
    expect(() => out.send({ id: 1, text: '' })).toThrow(expect.objectContaining(closed))
    expect(await failure(sender.ready())).toMatchObject(closed)
    expect(() => b.client(Shop)).toThrow(expect.objectContaining(closed))
    expect(await failure(b.subscribe(Shop.placed, () => undefined))).toMatchObject(closed)
    expect(await failure(b.publish(Shop.placed, { id: 1, text: '' }))).toMatchObject(closed)
  })
})

describe('one peer among several', () => {
  it('is found when the first look around is over, and can be asked by its id', async () => {
    const mesh = randomMesh()
    for (const name of ['one', 'two', 'three']) {
      const peer = await testPeer({ name, mesh })
      await peer.serve(Shop, handlers(name))
    }
    const caller = await testPeer({ name: 'caller', mesh })
    await caller.synced()
    expect(caller.peers()).toHaveLength(3)
    const shop = caller.client(Shop)
    for (const { id, name } of caller.peers()) {
      const asked = await Promise.all([1, 2, 3].map(() => shop.slow({ forMs: 0 }, { to: id })))
      expect(asked).toEqual([{ by: name }, { by: name }, { by: name }])
    }
    const nobody = shop.slow({ forMs: 0 }, { to: '0'.repeat(32) })
    expect(await failure(nobody)).toMatchObject({ code: 'EARSHOT_NO_SERVER' })
  })
})

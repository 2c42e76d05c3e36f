// Subscribing to one key of a channel: the others are not sent, and its numbers are its own.

import { contract, event } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Prices = contract('test.prices', '1.0.0', {
  tick: event(Type.Object({ symbol: Type.String(), nr: Type.Integer() }), { key: 'symbol' }),
  lot: event(Type.Object({ id: Type.Integer() }), { key: 'id' }),
  plain: event(Type.Object({ id: Type.Integer() })),
})

const symbols = ['a', 'ab', '', 'ä', 'x'.repeat(255)]

describe('a subscription to one key', () => {
  it('hears that key and no other, in every codec, beside one that hears all', async () => {
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh })
    const heard: Record<string, [string, number][]> = { all: [] }
    const all = await testPeer({ name: 'all', mesh, codecs: ['json'] })
    await all.subscribe(Prices.tick, ({ symbol, nr }) => heard.all?.push([symbol, nr]))
    const peers = []
    for (const codec of ['json', 'msgpack', 'avro', 'protobuf'] as const) {
      const peer = await testPeer({ name: codec, mesh, codecs: [codec] })
      peers.push(peer)
      for (const key of symbols) {
        const row: [string, number][] = []
        heard[`${codec} ${key}`] = row
        await peer.subscribe(Prices.tick, ({ symbol, nr }) => row.push([symbol, nr]), { key })
      }
    }
    const out = a.publisher(Prices.tick)
    await until('all listen', () => out.listeners === 1 + 4 * symbols.length)
    const total = 5_000
    const sent = Array.from({ length: total }, (_, nr): [string, number] => [
      nr % 7 === 0 ? 'nobody' : (symbols[nr % symbols.length] as string),
      nr,
    ])
    for (const [symbol, nr] of sent) out.send({ symbol, nr })
    await until('all is heard', () => heard.all?.length === total)
    expect(heard.all).toEqual(sent)
    for (const codec of ['json', 'msgpack', 'avro', 'protobuf']) {
      for (const key of symbols) {
        const wanted = sent.filter(([symbol]) => symbol === key)
        const row = heard[`${codec} ${key}`]
        await until(`${codec} has heard "${key}"`, () => row?.length === wanted.length)
        expect(row).toEqual(wanted)
      }
    }
    const received = sent.filter(([symbol]) => symbol !== 'nobody').length
    for (const peer of peers) {
      expect(peer.stats().counters).toMatchObject({ eventsReceived: received, eventsMissed: 0 })
    }
  })

  it('takes a number by its text, and says how many a message reaches', async () => {
    const [a, b] = await pairOf()
    const heard: number[] = []
    const subscription = await b.subscribe(Prices.lot, ({ id }) => heard.push(id), { key: '7' })
    await b.subscribe(Prices.lot, () => undefined, { key: '8' })
    expect(await a.publish(Prices.lot, { id: 7 })).toEqual({ became: 'written', listeners: 1 })
    expect(await a.publish(Prices.lot, { id: 70 })).toMatchObject({ became: 'dropped' })
    await until('it is heard', () => heard.length === 1)
    await subscription.close()
    await until('the publisher knows', async () => {
      return (await a.publish(Prices.lot, { id: 7 })).became === 'dropped'
    })
    expect(heard).toEqual([7])
  })

  it('holds for a publisher that appears later', async () => {
    const mesh = randomMesh()
    const b = await testPeer({ name: 'b', mesh })
    const heard: number[] = []
    await b.subscribe(Prices.tick, ({ nr }) => heard.push(nr), { key: 'a' })
    const a = await testPeer({ name: 'a', mesh })
    for await (const { type } of a.watch()) if (type === 'up') break
    for (let nr = 0; nr < 10; nr++) {
      await a.publish(Prices.tick, { symbol: nr % 2 === 0 ? 'a' : 'b', nr })
    }
    await until('its own are heard', () => heard.length === 5)
    expect(heard).toEqual([0, 2, 4, 6, 8])
  })

  it('keeps a body that does not fit from everybody', async () => {
    const [a, b] = await pairOf()
    const heard: number[] = []
    await b.subscribe(Prices.tick, ({ nr }) => heard.push(nr))
    const one = await b.subscribe(Prices.tick, ({ nr }) => heard.push(nr), { key: 'a' })
    const out = a.publisher(Prices.tick)
    const wrong = { symbol: 'a', nr: 1.5 }
    expect(() => out.send(wrong)).toThrow(expect.objectContaining({ path: '/nr' }))
    out.send({ symbol: 'a', nr: 1 })
    await until('both have heard', () => heard.length === 2)
    expect([heard, one.missed]).toEqual([[1, 1], 0])
  })

  it('is refused where there is no key, or none can be so', async () => {
    const [a] = await pairOf()
    const refused = { code: 'EARSHOT_OPTION_INVALID', path: '/key' }
    const take = () => undefined
    const long = 'ä'.repeat(128)
    expect(await failure(a.subscribe(Prices.plain, take, { key: 'x' }))).toMatchObject(refused)
    expect(await failure(a.subscribe(Prices.tick, take, { key: long }))).toMatchObject(refused)
    const number = { key: 7 as unknown as string }
    expect(await failure(a.subscribe(Prices.tick, take, number))).toMatchObject(refused)
  })
})

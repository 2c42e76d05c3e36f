// What a fresh pair of eyes found: ends that were told to nobody, errors that went too far.

import { contract, event, request, staticPeers } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { handlers, Shop } from './support/contract.ts'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'
import { freePorts } from './support/ports.ts'

describe('nothing that fails goes further than its caller', () => {
  it('a call that was cancelled before it began, and for which no server comes', async () => {
    const caller = await testPeer({ name: 'caller', mesh: randomMesh() })
    const shop = caller.client(Shop, { timeoutMs: 50 })
    const signal = AbortSignal.abort()
    const error = await failure(shop.place({ sku: 'x', count: 1 }, { signal }))
    expect(error).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no' })
    // Were its deadline an unhandled rejection, the run would fail by it.
    await failure(shop.place({ sku: 'x', count: 1 }))
  })

  it('a handler that throws what has no text', async () => {
    const [a, b] = await pairOf()
    await a.serve(Shop, {
      ...handlers('a'),
      place: () => {
        throw Object.create(null)
      },
      slow: () => Promise.reject(Symbol('s')),
    })
    const shop = b.client(Shop)
    const code = 'EARSHOT_REMOTE'
    expect(await failure(shop.place({ sku: 'x', count: 1 }))).toMatchObject({ code })
    expect(await failure(shop.slow({ forMs: 1 }))).toMatchObject({ code })
  })

  it('options that are refused after the directory was made', async () => {
    const options = { name: 'x', mesh: randomMesh(), discovery: ['bogus' as never] }
    expect(await failure(testPeer(options))).toMatchObject({ path: '/discovery' })
  })
})

describe('what waits is told when it is over', () => {
  it('an iterable subscription ends when its peer closes', async () => {
    const [a, b] = await pairOf()
    const subscription = await b.subscribe(Shop.placed)
    const reading = (async () => {
      let heard = 0
      for await (const _ of subscription) heard++
      return heard
    })()
    await a.publish(Shop.placed, { id: 1, text: '' })
    await until('it is there', () => b.stats().counters.eventsReceived === 1)
    await b.close()
    expect(await reading).toBe(1)
  })

  it('a notification that nobody takes ends with its signal', async () => {
    const caller = await testPeer({ name: 'caller', mesh: randomMesh() })
    const stop = new AbortController()
    const options = { signal: stop.signal, timeoutMs: 20_000 }
    const sent = failure(caller.client(Shop).cancel({ id: 1 }, options))
    stop.abort()
    expect(await sent).toMatchObject({ code: 'EARSHOT_CANCELLED' })
  })

  it('a service that was closed twice does not stop the next', async () => {
    const [a, b] = await pairOf()
    const first = await a.serve(Shop, handlers('first'))
    await first.close()
    await a.serve(Shop, handlers('second'))
    await first.close()
    expect(await b.client(Shop).slow({ forMs: 0 })).toEqual({ by: 'second' })
  })
})

describe('limits of two sides that differ', () => {
  it.each([
    ['a receiver that lets more come than the sender sends', { creditBytes: 67_108_864 }, {}],
    ['a sender that sends less than the receiver lets come', {}, { maxOutboundBytes: 200_000 }],
    ['both of few bytes', { creditBytes: 3_000 }, { maxOutboundBytes: 5_000 }],
    ['messages smaller than a frame', { maxMessageBytes: 4_000 }, { maxMessageBytes: 4_000 }],
  ])('do not stop a link: %s', async (_what, ofReceiver, ofSender) => {
    const [a, b] = await pairOf({ limits: ofReceiver }, { limits: ofSender })
    let arrived = 0
    await a.serve(Shop, { ...handlers('a'), blob: () => void arrived++ })
    const out = b.sender(Shop.blob)
    await out.ready()
    const total = 12_000
    const body = new Uint8Array(1_000)
    for (let sent = 0; sent < total; sent++) if (!out.send(body)) await out.ready()
    await until('all have arrived', () => arrived === total)
  })

  it('do not stop an outlet: messages smaller than a frame', async () => {
    const limits = { maxMessageBytes: 4_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    let heard = 0
    const subscription = await b.subscribe(Shop.raw, () => heard++)
    const out = a.publisher(Shop.raw)
    const total = 12_000
    const body = new Uint8Array(1_000)
    for (let sent = 0; sent < total; sent++) if (!out.send(body)) await out.ready()
    await until('all are accounted for', () => heard + subscription.missed === total)
    expect(heard).toBeGreaterThan(0)
  })

  it('are checked for a body that would fit the frame', async () => {
    const limits = { maxMessageBytes: 4_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    await a.serve(Shop, handlers('a'))
    const code = 'EARSHOT_BODY_TOO_LARGE'
    const note = 'n'.repeat(5_000)
    const call = b.client(Shop).place({ sku: 'x', count: 1, note })
    expect(await failure(call)).toMatchObject({ code, sent: 'no' })
    await b.subscribe(Shop.placed, () => undefined)
    expect(await failure(a.publish(Shop.placed, { id: 1, text: note }))).toMatchObject({ code })
  })

  it('of heartbeats do not make the slower one silent', async () => {
    const [a] = await pairOf({ limits: { heartbeatMs: 50 } }, { limits: { heartbeatMs: 1_000 } })
    const start = performance.now()
    await until('twenty quick beats have passed', () => performance.now() - start > 1_000)
    expect(a.stats().counters.peersDown).toBe(0)
  })
})

describe('negotiation', () => {
  const body = Type.Object({ n: Type.Integer() })

  it('offers of a channel only what the peer speaks as well', async () => {
    const both = contract('test.both', '1.0.0', {
      ask: request(body, body, { codecs: ['msgpack', 'json'] }),
      said: event(body, { codecs: ['msgpack', 'json'] }),
    })
    const [a, b] = await pairOf({ codecs: ['json'] })
    await a.serve(both, { ask: ({ n }) => ({ n: n + 1 }) })
    expect(await b.client(both).ask({ n: 1 })).toEqual({ n: 2 })
  })

  it('forgets a mismatch with the peer that caused it', async () => {
    const mesh = randomMesh()
    const mine = contract('test.differ', '1.0.0', { ask: request(body, body) })
    const text = Type.Object({ n: Type.String() })
    const theirs = contract('test.differ', '1.1.0', { ask: request(text, text) })
    const codecs = ['avro'] as const
    const caller = await testPeer({ name: 'caller', mesh, codecs })
    const other = await testPeer({ name: 'other', mesh, codecs })
    await other.serve(theirs, { ask: (asked) => asked })
    const client = caller.client(mine, { timeoutMs: 10_000 })
    const code = 'EARSHOT_CONTRACT_MISMATCH'
    await until('they have met', () => caller.peers()[0]?.contracts.length === 1)
    expect(await failure(client.ask({ n: 1 }))).toMatchObject({ code })
    await other.close()
    await until('it is gone', () => caller.peers().length === 0)
    const call = client.ask({ n: 1 })
    const right = await testPeer({ name: 'right', mesh, codecs })
    await right.serve(mine, { ask: ({ n }) => ({ n: n + 1 }) })
    expect(await call).toEqual({ n: 2 })
  })
})

describe('a static address', () => {
  it('is dialled anew for whoever comes to it next', async () => {
    const mesh = randomMesh()
    const port = await freePorts()
    const listen = { host: '127.0.0.1', port }
    const address = `tcp://127.0.0.1:${port}`
    const first = await testPeer({ name: 'first', mesh, discovery: [], listen })
    const caller = await testPeer({ name: 'caller', mesh, discovery: [staticPeers([address])] })
    await until('it is up', () => caller.peers()[0]?.name === 'first')
    await first.close()
    await until('it is gone', () => caller.peers().length === 0)
    await testPeer({ name: 'second', mesh, discovery: [], listen })
    await until('the next is up', () => caller.peers()[0]?.name === 'second')
  })
})

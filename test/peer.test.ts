// The public interface between two or three peers of one process, over real sockets.

import { contract, createPeer, event, notification, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { handlers, Shop } from './support/contract.ts'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

describe.each(['json', 'msgpack', 'avro', 'protobuf'] as const)('two peers in %s', (codec) => {
  it('answer requests, take notifications and hear events', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const cancelled: number[] = []
    const cancel = (body: { id: number }) => void cancelled.push(body.id)
    await a.serve(Shop, { ...handlers('a'), cancel })
    const shop = b.client(Shop)
    expect(await shop.place({ sku: 'x', count: 21 })).toEqual({ total: 42, by: 'a' })
    expect(await shop.cancel({ id: 7 })).toEqual({ became: 'written', to: a.id })
    await until('the notification is handled', () => cancelled.length === 1)
    const heard: unknown[] = []
    await b.subscribe(Shop.placed, (body) => heard.push(body))
    expect(await a.publish(Shop.placed, { id: 1, text: 'grüß' })).toEqual({
      became: 'written',
      listeners: 1,
    })
    await until('the event is heard', () => heard.length === 1)
    expect(heard).toEqual([{ id: 1, text: 'grüß' }])
    expect(a.stats().counters.badFrames + b.stats().counters.badFrames).toBe(0)
  })

  it('pass bytes through untouched', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const got: Uint8Array[] = []
    await b.subscribe(Shop.raw, (bytes) => got.push(Uint8Array.from(bytes)))
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)
    await a.publish(Shop.raw, bytes)
    await a.publish(Shop.raw, new Uint8Array())
    await until('both are heard', () => got.length === 2)
    expect(Buffer.compare(got[0] as Uint8Array, bytes)).toBe(0)
    expect(got[1]).toEqual(new Uint8Array())
  })
})

describe('requests', () => {
  it('are shared by several peers that serve one contract', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    for (const name of ['one', 'two', 'three']) {
      const peer = await testPeer({ name, mesh })
      await peer.serve(Shop, handlers(name))
    }
    await until('all three are up', () => caller.peers().length === 3)
    const shop = caller.client(Shop)
    const by = new Map<string, number>()
    for (let index = 0; index < 30; index++) {
      const receipt = await shop.place({ sku: 'x', count: 1 })
      by.set(receipt.by, (by.get(receipt.by) ?? 0) + 1)
    }
    expect(Object.fromEntries(by)).toEqual({ one: 10, two: 10, three: 10 })
  })

  it('wait for a server until their deadline, then say that there is none', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const shop = caller.client(Shop, { timeoutMs: 50 })
    expect(await failure(shop.place({ sku: 'x', count: 1 }))).toMatchObject({
      code: 'EARSHOT_NO_SERVER',
      sent: 'no',
      retryable: true,
    })
    const early = caller.client(Shop, { timeoutMs: 10_000 }).place({ sku: 'x', count: 1 })
    const server = await testPeer({ name: 'server', mesh })
    await server.serve(Shop, handlers('late'))
    expect(await early).toEqual({ total: 2, by: 'late' })
  })

  it('end at their deadline when the handler does not answer', async () => {
    const [a, b] = await pairOf()
    let aborted = false
    let answer: () => void = () => undefined
    await a.serve(Shop, {
      ...handlers('a'),
      slow: (_body, { signal }) =>
        new Promise((resolve) => {
          answer = () => resolve({ by: 'nobody' })
          signal.addEventListener('abort', () => {
            aborted = true
          })
        }),
    })
    const error = await failure(b.client(Shop).slow({ forMs: 1 }, { timeoutMs: 60 }))
    expect(error).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    await until('the handler is told', () => aborted)
    answer()
    await until('the late reply is counted', () => b.stats().counters.lateReplies === 1)
    expect(b.stats().pendingRequests).toBe(0)
  })

  it('are cancelled by their signal, at the handler too', async () => {
    const [a, b] = await pairOf()
    const reasons: unknown[] = []
    await a.serve(Shop, {
      ...handlers('a'),
      slow: (_body, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            resolve({ by: 'a' })
          })
        }),
    })
    const stop = new AbortController()
    const call = b.client(Shop).slow({ forMs: 1 }, { signal: stop.signal })
    await until('the handler is at work', () => a.stats().runningHandlers === 1)
    stop.abort()
    expect(await failure(call)).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    await until('the handler is told', () => reasons.length === 1)
    expect(reasons[0]).toMatchObject({ code: 'EARSHOT_CANCELLED' })
  })

  it('carry headers, and the handler sees who asks and how long it has', async () => {
    const [a, b] = await pairOf()
    const seen: unknown[] = []
    await a.serve(Shop, {
      ...handlers('a'),
      place: (_order, { from, headers, channel, remainingMs }) => {
        seen.push([from.name, { ...headers }, channel, remainingMs > 0 && remainingMs <= 1_000])
        return { total: 0, by: 'a' }
      },
    })
    const options = { headers: { trace: 'ä1' }, timeoutMs: 1_000 }
    await b.client(Shop).place({ sku: 'x', count: 1 }, options)
    expect(seen).toEqual([['b', { trace: 'ä1' }, 'test.shop/1/place', true]])
  })

  it('fail as EARSHOT_REMOTE when the handler throws or answers wrongly', async () => {
    const [a, b] = await pairOf()
    await a.serve(Shop, {
      ...handlers('a'),
      place: () => {
        throw new Error('out of stock')
      },
      slow: async () => ({ by: 5 }) as never,
    })
    const shop = b.client(Shop)
    const thrown = await failure(shop.place({ sku: 'x', count: 1 }))
    expect(thrown).toMatchObject({ code: 'EARSHOT_REMOTE' })
    expect(thrown.message).toContain('out of stock')
    const wrong = await failure(shop.slow({ forMs: 1 }))
    expect(wrong).toMatchObject({ code: 'EARSHOT_REMOTE', path: '/by' })
  })

  it('larger than a frame go through, larger than the limit are refused', async () => {
    const limits = { maxMessageBytes: 300_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    await a.serve(Shop, handlers('a'))
    const shop = b.client(Shop)
    const note = 'n'.repeat(250_000)
    expect(await shop.place({ sku: 'x', count: 1, note })).toMatchObject({ total: 2 })
    const huge = 'n'.repeat(400_000)
    expect(await failure(shop.place({ sku: 'x', count: 1, note: huge }))).toMatchObject({
      code: 'EARSHOT_BODY_TOO_LARGE',
      sent: 'no',
    })
    expect(await shop.place({ sku: 'x', count: 2 })).toMatchObject({ total: 4 })
  })
})

describe('bad input from the caller', () => {
  it.each([
    ['/sku', { sku: 5, count: 1 }],
    ['/count', { sku: 'x' }],
    ['/count', { sku: 'x', count: 1.5 }],
    ['/count', { sku: 'x', count: 5_000 }],
    ['/sku', { sku: '', count: 1 }],
    ['/note', { sku: 'x', count: 1, note: 3 }],
    ['', null],
    ['', 'text'],
  ])('is refused with the path %s before anything is sent', async (path, body) => {
    const [a, b] = await pairOf()
    await a.serve(Shop, handlers('a'))
    const shop = b.client(Shop)
    await shop.place({ sku: 'x', count: 1 })
    const error = await failure(shop.place(body as never))
    expect(error).toMatchObject({ code: 'EARSHOT_BODY_INVALID', path, sent: 'no' })
    expect(a.stats().counters.requestsServed).toBe(1)
  })

  it('is refused by options with their path', async () => {
    const wrong: [string, object][] = [
      ['/name', { name: '' }],
      ['/mesh', { name: 'x', mesh: 5 }],
      ['/codecs/0', { name: 'x', codecs: ['xml'] }],
      ['/limits/maxFrameBytes', { name: 'x', limits: { maxFrameBytes: -1 } }],
      ['/limits/nonsense', { name: 'x', limits: { nonsense: 1 } }],
      ['/listen/port', { name: 'x', listen: { host: '127.0.0.1', port: 99_999 } }],
      ['/discovery', { name: 'x', discovery: ['carrier pigeon'] }],
    ]
    for (const [path, options] of wrong) {
      const error = await failure(createPeer(options as never))
      expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path })
    }
  })

  it('is refused by serve: handlers missing, unknown, or served already', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    const { place: _, ...missing } = handlers('x')
    expect(await failure(peer.serve(Shop, missing as never))).toMatchObject({ path: '/place' })
    const extra = { ...handlers('x'), plcae: () => undefined }
    expect(await failure(peer.serve(Shop, extra))).toMatchObject({ path: '/plcae' })
    await peer.serve(Shop, handlers('x'))
    expect(await failure(peer.serve(Shop, handlers('x')))).toMatchObject({
      code: 'EARSHOT_ALREADY_SERVED',
    })
  })

  it('is refused when two contracts of one name and major are served', async () => {
    const peer = await testPeer({ name: 'x', mesh: randomMesh() })
    const other = contract('test.shop', '1.9.0', { ping: notification(Type.Object({})) })
    await peer.serve(Shop, handlers('x'))
    expect(await failure(peer.serve(other, { ping: () => undefined }))).toMatchObject({
      code: 'EARSHOT_CONTRACT_CLASH',
    })
    expect(Object.keys(peer.client(other))).toEqual(['ping'])
    const next = contract('test.shop', '2.0.0', { ping: notification(Type.Object({})) })
    expect(Object.keys(peer.client(next))).toEqual(['ping'])
  })
})

describe('contracts that differ', () => {
  const body = Type.Object({ a: Type.Integer() })

  it('of one major version talk in a codec that describes itself', async () => {
    const newer = Type.Object({ a: Type.Integer(), b: Type.Optional(Type.String()) })
    const reply = Type.Object({ text: Type.String() })
    const v0 = contract('test.differ', '1.0.0', { ask: request(body, reply) })
    const v1 = contract('test.differ', '1.1.0', { ask: request(newer, reply) })
    const [a, b] = await pairOf()
    await a.serve(v1, { ask: ({ a: number, b: text = 'none' }) => ({ text: `${number} ${text}` }) })
    expect(await b.client(v0).ask({ a: 1 })).toEqual({ text: '1 none' })
  })

  it('are refused when no such codec is shared, naming both versions', async () => {
    const v0 = contract('test.differ', '1.0.0', { ask: notification(body) })
    const v1 = contract('test.differ', '1.3.0', { ask: notification(Type.Object({})) })
    const told = faults()
    const [a, b] = await pairOf({ codecs: ['avro'] }, { codecs: ['avro'] })
    await a.serve(v1, { ask: () => undefined })
    const client = b.client(v0)
    await until('it is said when they meet', () => told.length > 0)
    const error = await failure(client.ask({ a: 1 }))
    expect(error).toMatchObject({ code: 'EARSHOT_CONTRACT_MISMATCH', sent: 'no' })
    expect(error.message).toMatch(/1\.0\.0.*1\.3\.0/)
  })

  it('in kind are refused, naming both kinds', async () => {
    const asEvent = contract('test.kind', '1.0.0', { it: event(body) })
    const asNotification = contract('test.kind', '1.0.0', { it: notification(body) })
    const told = faults()
    const [a, b] = await pairOf()
    await b.subscribe(asEvent.it, () => undefined)
    await a.serve(asNotification, { it: () => undefined })
    await until('it is said', () => told.some(({ code }) => code === 'EARSHOT_CONTRACT_MISMATCH'))
  })

  it('in codecs are refused with both lists', async () => {
    const [a, b] = await pairOf({ codecs: ['json'] }, { codecs: ['avro', 'protobuf'] })
    await a.serve(Shop, handlers('a'))
    const error = await failure(b.client(Shop).place({ sku: 'x', count: 1 }))
    expect(error).toMatchObject({ code: 'EARSHOT_CODEC_UNSHARED', sent: 'no' })
    expect(error.message).toMatch(/json.*avro|avro.*json/)
  })
})

// Streams between peers of one process: every codec, slow readers, ends of every kind.

import { Bytes, contract, type Peer, request, stream } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, faults, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Feed = contract('test.feed', '1.0.0', {
  count: stream(
    Type.Object({ from: Type.Integer(), to: Type.Integer() }),
    Type.Object({ at: Type.Integer(), text: Type.String() }),
  ),
  raw: stream(Type.Object({ items: Type.Integer(), bytes: Type.Integer() }), Bytes()),
  ask: request(Type.Object({}), Type.Object({ by: Type.String() })),
})

/** What the serving side has seen. */
interface Seen {
  given: number
  returned: number
  aborted: unknown[]
}

async function serveFeed(peer: Peer): Promise<Seen> {
  const seen: Seen = { given: 0, returned: 0, aborted: [] }
  await peer.serve(Feed, {
    async *count({ from, to }, { signal }) {
      signal.addEventListener('abort', () => seen.aborted.push(signal.reason.code))
      try {
        for (let at = from; at < to; at++) {
          seen.given++
          yield { at, text: `item ${at}` }
        }
        if (to < from) throw new Error('there is nothing backwards')
      } finally {
        seen.returned++
      }
    },
    async *raw({ items, bytes }) {
      for (let at = 0; at < items; at++) yield new Uint8Array(bytes).fill(at)
    },
    ask: () => ({ by: 'feed' }),
  })
  return seen
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const everything = { from: 0, to: 1_000_000_000 }
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe.each(['json', 'msgpack', 'avro', 'protobuf'] as const)('a stream in %s', (codec) => {
  it('brings every item in order and tells its end, however many', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const seen = await serveFeed(a)
    const feed = b.client(Feed)
    expect(await all(feed.count({ from: 3, to: 3 }))).toEqual([])
    const items = await all(feed.count({ from: 5, to: 20_005 }))
    expect(items).toHaveLength(20_000)
    for (const [index, item] of items.entries()) {
      if (item.at !== index + 5 || item.text !== `item ${index + 5}`) expect(item).toBe(index)
    }
    expect(seen).toMatchObject({ returned: 2, aborted: [] })
    await until('nothing is left open', () => a.stats().openStreams + b.stats().openStreams === 0)
    expect(b.stats().counters.itemsReceived).toBe(20_000)
    expect(a.stats().counters.itemsSent).toBe(20_000)
  })

  it('gives what came before an error, then the error', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    const told = faults()
    await a.serve(Feed, {
      async *count() {
        yield { at: 1, text: 'a' }
        yield { at: 2, text: 'b' }
        throw new Error('the shelf fell down')
      },
      raw: () => [],
      ask: () => ({ by: 'a' }),
    })
    const read: number[] = []
    const work = async () => {
      for await (const { at } of b.client(Feed).count(everything)) read.push(at)
    }
    const error = await failure(work())
    expect(error).toMatchObject({ code: 'EARSHOT_REMOTE', sent: 'unknown' })
    expect(error.message).toContain('the shelf fell down')
    expect(read).toEqual([1, 2])
    expect(told.filter(({ area }) => area === 'handler')).toHaveLength(1)
  })
})

describe('a reader', () => {
  it('lets the handler go no further than was granted', async () => {
    const [a, b] = await pairOf()
    const seen = await serveFeed(a)
    const items = b.client(Feed).count(everything, { ahead: 10 })
    for (let taken = 1; taken <= 40; taken++) {
      await items.next()
      for (let turns = 0; turns < 20; turns++) await turn()
      expect(seen.given).toBeLessThanOrEqual(taken + 10)
    }
    await items.return?.()
  })

  it('has no more on its way than the window, in bytes', async () => {
    const limits = { streamWindowBytes: 100_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    await serveFeed(a)
    const items = b.client(Feed).raw({ items: 1_000, bytes: 10_000 })
    await items.next()
    for (let turns = 0; turns < 200; turns++) await turn()
    // The item that uses it up goes beyond it.
    expect(a.stats().counters.itemsSent).toBeLessThanOrEqual(1 + 11)
    let count = 1
    for await (const item of items) {
      expect(item.length).toBe(10_000)
      expect(item[0]).toBe(count++ % 256)
    }
    expect(count).toBe(1_000)
  })

  it('takes items that are larger than the window', async () => {
    const limits = { streamWindowBytes: 1_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    await serveFeed(a)
    const items = await all(b.client(Feed).raw({ items: 5, bytes: 300_000 }))
    expect(items.map(({ length }) => length)).toEqual(Array(5).fill(300_000))
  })

  it('who leaves the loop lets the handler clean up within 10 ms', async () => {
    const [a, b] = await pairOf()
    const seen = await serveFeed(a)
    const leave = async () => {
      for await (const { at } of b.client(Feed).count(everything)) if (at === 100) break
    }
    await leave()
    await until('the first has returned', () => seen.returned === 1)
    const times: number[] = []
    for (let round = 0; round < 20; round++) {
      const before = seen.returned
      await leave()
      const startMs = performance.now()
      await until('it has returned', () => seen.returned > before)
      times.push(performance.now() - startMs)
    }
    // Other work on the same cores may hold up some of them.
    times.sort((x, y) => x - y)
    expect(times[5]).toBeLessThan(10)
    expect(seen.aborted).toEqual(Array(21).fill('EARSHOT_CANCELLED'))
    expect(b.stats().openStreams + a.stats().openStreams).toBe(0)
  })

  it('is ended by its signal, and so is a handler that waits', async () => {
    const [a, b] = await pairOf()
    let gone: unknown
    await a.serve(Feed, {
      async *count(_query, { signal }) {
        yield { at: 1, text: '' }
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        gone = signal.reason
      },
      raw: () => [],
      ask: () => ({ by: 'a' }),
    })
    const controller = new AbortController()
    const items = b.client(Feed).count(everything, { signal: controller.signal })
    expect(await items.next()).toMatchObject({ value: { at: 1 } })
    const next = failure(items.next())
    controller.abort(new Error('enough'))
    expect(await next).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'unknown' })
    await until('the handler knows', () => gone !== undefined)
    expect(gone).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    expect(await items.next()).toEqual({ value: undefined, done: true })
    const never = b.client(Feed).count(everything, { signal: AbortSignal.abort() })
    expect(await failure(never.next())).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no' })
  })

  it('who never asks for an item sends nothing', async () => {
    const [a, b] = await pairOf()
    await serveFeed(a)
    const items = b.client(Feed).count(everything)
    await items.return?.()
    expect(await items.next()).toEqual({ value: undefined, done: true })
    expect(b.stats().counters.streamsOpened).toBe(0)
  })

  it('keeps nobody else from their answers, however slow it is', async () => {
    const limits = { creditBytes: 100_000, maxOutboundBytes: 1_000_000 }
    const [a, b] = await pairOf({ limits }, { limits })
    await serveFeed(a)
    const feed = b.client(Feed)
    const slow = Array.from({ length: 10 }, () => feed.raw({ items: 100_000, bytes: 20_000 }))
    for (const items of slow) await items.next()
    for (let turns = 0; turns < 100; turns++) await turn()
    expect(await feed.ask({})).toEqual({ by: 'feed' })
    for (const items of slow) await items.return?.()
  })

  it('is told when nobody serves, when nobody answers, and what does not fit', async () => {
    const mesh = randomMesh()
    const b = await testPeer({ name: 'b', mesh })
    const late = b.client(Feed).count(everything, { timeoutMs: 30 })
    expect(await failure(late.next())).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no' })
    const wrong = b.client(Feed).count({ from: 'x', to: 1 } as never)
    const unfit = { code: 'EARSHOT_BODY_INVALID', path: '/from' }
    expect(await failure(wrong.next())).toMatchObject(unfit)
    const option = (options: object) => () => b.client(Feed).count(everything, options)
    for (const options of [{ ahead: 0 }, { ahead: 1.5 }, { idleMs: -1 }, { timeoutMs: 0 }]) {
      expect(option(options)).toThrow(expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID' }))
    }
    const a = await testPeer({ name: 'a', mesh })
    const soon = all(b.client(Feed).count({ from: 0, to: 2 }))
    await serveFeed(a)
    expect(await soon).toHaveLength(2)
  })

  it('has no more than maxStreams open, and no more that wait', async () => {
    const mesh = randomMesh()
    const limits = { maxStreams: 3 }
    const b = await testPeer({ name: 'b', mesh, limits })
    const { count } = b.client(Feed, { timeoutMs: 20_000 })
    const waiting = Array.from({ length: 3 }, () => count(everything))
    const first = waiting.map((items) => items.next())
    const crowded = { code: 'EARSHOT_OVERLOADED', sent: 'no' }
    expect(await failure(count(everything).next())).toMatchObject(crowded)
    await serveFeed(await testPeer({ name: 'a', mesh }))
    await Promise.all(first)
    const error = await failure(count(everything).next())
    expect(error).toMatchObject(crowded)
    expect(error.message).toContain('maxStreams')
    for (const items of waiting) await items.return?.()
    expect(await all(count({ from: 0, to: 1 }))).toHaveLength(1)
  })

  it('waits no longer for an item than idleMs', async () => {
    const [a, b] = await pairOf()
    let aborted = false
    await a.serve(Feed, {
      async *count(_query, { signal }) {
        yield { at: 1, text: '' }
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        aborted = true
      },
      raw: () => [],
      ask: () => ({ by: 'a' }),
    })
    const items = b.client(Feed).count(everything, { idleMs: 1_000 })
    expect(await items.next()).toMatchObject({ done: false })
    expect(await failure(items.next())).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    await until('the handler knows', () => aborted)
  })
})

describe('who serves a stream', () => {
  it('may give any iterable, and is told of what is none', async () => {
    const [a, b] = await pairOf()
    await a.serve(Feed, {
      count: ({ from, to }) => (to < from ? (5 as never) : [{ at: from, text: 'a' }]),
      raw: async () => new Set([Uint8Array.of(1), Uint8Array.of(2)]),
      ask: () => ({ by: 'a' }),
    })
    const feed = b.client(Feed)
    expect(await all(feed.count({ from: 7, to: 8 }))).toEqual([{ at: 7, text: 'a' }])
    expect(await all(feed.raw({ items: 0, bytes: 0 }))).toHaveLength(2)
    const none = await failure(all(feed.count({ from: 1, to: 0 })))
    expect(none).toMatchObject({ code: 'EARSHOT_REMOTE' })
    expect(none.message).toContain('async function*')
  })

  it('is told of an item that does not fit, and so is the reader, with the path', async () => {
    const [a, b] = await pairOf()
    let returned = false
    await a.serve(Feed, {
      async *count() {
        try {
          yield { at: 1, text: 'a' }
          yield { at: 1.5, text: 'a' }
          yield { at: 2, text: 'a' }
        } finally {
          returned = true
        }
      },
      raw: () => [],
      ask: () => ({ by: 'a' }),
    })
    const items = b.client(Feed).count(everything)
    expect(await items.next()).toMatchObject({ value: { at: 1 } })
    const unfit = { code: 'EARSHOT_REMOTE', path: '/at' }
    expect(await failure(items.next())).toMatchObject(unfit)
    await until('it has cleaned up', () => returned)
  })

  it('refuses more at once than maxStreams, and serves again when one has ended', async () => {
    const [a, b] = await pairOf({ limits: { maxStreams: 2 } })
    await serveFeed(a)
    const feed = b.client(Feed)
    const open = [feed.count(everything), feed.count(everything)]
    for (const items of open) await items.next()
    const refused = await failure(feed.count(everything).next())
    expect(refused).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'no' })
    expect(refused.message).toContain('maxStreams')
    await open[0]?.return?.()
    await until('there is room', () => a.stats().openStreams === 1)
    expect(await all(feed.count({ from: 0, to: 1 }))).toHaveLength(1)
  })

  it('lets streams finish when it closes, and ends those that do not, typed', async () => {
    const [a, b] = await pairOf({ limits: { drainTimeoutMs: 1_000 } })
    const seen = await serveFeed(a)
    const feed = b.client(Feed)
    const short = feed.count({ from: 0, to: 1_000 }, { ahead: 10 })
    const long = feed.count(everything, { ahead: 10 })
    await Promise.all([short.next(), long.next()])
    const closed = a.close()
    expect(await all(short)).toHaveLength(999)
    const end = await failure(all(long))
    expect(end).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
    await closed
    expect(seen.returned).toBe(2)
  })

  it('reads no more when its own peer closes', async () => {
    const [a, b] = await pairOf()
    const seen = await serveFeed(a)
    const items = b.client(Feed).count(everything)
    await items.next()
    await b.close()
    expect(await failure(all(items))).toMatchObject({ code: 'EARSHOT_CLOSED' })
    await until('the handler has ended', () => seen.returned === 1)
  })
})

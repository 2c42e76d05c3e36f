// Duplex talks between peers of one process: both ways at their own pace, and how they end.

import { Bytes, contract, duplex, type Peer } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, randomMesh, testPeer, until } from './support/peers.ts'

const Say = Type.Object({ text: Type.String({ maxLength: 100 }) })
const Said = Type.Object({ text: Type.String(), count: Type.Integer() })
const Room = contract('test.room', '1.0.0', {
  chat: duplex(Say, Said),
  raw: duplex(Bytes(), Bytes()),
})

interface Seen {
  heard: number
  ended: number
  errors: unknown[]
}

async function serveRoom(peer: Peer): Promise<Seen> {
  const seen: Seen = { heard: 0, ended: 0, errors: [] }
  await peer.serve(Room, {
    async *chat(said, { from }) {
      yield { text: `hello ${from.name}`, count: 0 }
      try {
        for await (const { text } of said) {
          seen.heard++
          if (text === 'fail') throw new Error('it cannot be said')
          if (text === 'bye') return
          yield { text: text.toUpperCase(), count: seen.heard }
        }
        yield { text: 'all heard', count: seen.heard }
      } catch (error) {
        seen.errors.push((error as { code?: unknown }).code)
        throw error
      } finally {
        seen.ended++
      }
    },
    async *raw(said) {
      yield* said
    },
  })
  return seen
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe.each(['json', 'msgpack', 'avro', 'protobuf'] as const)('a talk in %s', (codec) => {
  it('goes both ways, and is over when both have said all', async () => {
    const [a, b] = await pairOf({ codecs: [codec] }, { codecs: [codec] })
    await serveRoom(a)
    const talk = b.client(Room).chat()
    await talk.ready()
    for (const text of ['one', 'two', 'three']) talk.send({ text })
    expect((await talk.next()).value).toEqual({ text: 'hello b', count: 0 })
    expect((await talk.next()).value).toEqual({ text: 'ONE', count: 1 })
    talk.end()
    const rest: string[] = []
    for await (const { text } of talk) rest.push(text)
    expect(rest).toEqual(['TWO', 'THREE', 'all heard'])
    await until('nothing is open', () => a.stats().openStreams + b.stats().openStreams === 0)
  })
})

describe('who calls', () => {
  it('is told by false and ready() when the other side is slow, and loses nothing', async () => {
    const limits = { streamWindowItems: 8 }
    const [a, b] = await pairOf({ limits }, { limits })
    await serveRoom(a)
    const talk = b.client(Room).raw({})
    await talk.ready()
    let waited = 0
    const total = 2_000
    const say = async () => {
      for (let at = 0; at < total; at++) {
        if (talk.send(Uint8Array.of(at % 256, at >> 8))) continue
        waited++
        await talk.ready()
      }
      talk.end()
    }
    const saying = say()
    let read = 0
    for await (const item of talk) {
      expect([item[0], item[1]]).toEqual([read % 256, read >> 8])
      read++
    }
    await saying
    expect(read).toBe(total)
    expect(waited).toBeGreaterThan(total / 100)
  })

  it('is held up by a handler that does not listen', async () => {
    const limits = { streamWindowItems: 10 }
    const [a, b] = await pairOf({ limits }, { limits })
    let go: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let heard = 0
    await a.serve(Room, {
      chat: () => [],
      async *raw(said) {
        await gate
        for await (const _ of said) heard++
        yield Uint8Array.of(1)
      },
    })
    const talk = b.client(Room).raw()
    await talk.ready()
    let sent = 0
    while (talk.send(Uint8Array.of(1))) sent++
    for (let turns = 0; turns < 50; turns++) await turn()
    expect(b.stats().counters.itemsSent).toBe(10)
    // It was taken with the false; as many more may wait here, and no more.
    const more = () => {
      for (;;) {
        talk.send(Uint8Array.of(1))
        sent++
      }
    }
    expect(more).toThrow(expect.objectContaining({ code: 'EARSHOT_OVERLOADED' }))
    expect(sent).toBeLessThanOrEqual(20)
    talk.end()
    go()
    expect((await talk.next()).value).toEqual(Uint8Array.of(1))
    expect(heard).toBe(20)
  })

  it('ends the talk for both by leaving the loop, or by its signal', async () => {
    const [a, b] = await pairOf()
    const seen = await serveRoom(a)
    for await (const _ of b.client(Room).chat()) break
    await until('the handler has ended', () => seen.ended === 1)
    const controller = new AbortController()
    const talk = b.client(Room).chat({ signal: controller.signal })
    await talk.next()
    controller.abort()
    expect(await failure(talk.next())).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    expect(() => talk.send({ text: 'x' })).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CANCELLED' }),
    )
    expect(await failure(talk.ready())).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    await until('the handler has ended again', () => seen.ended === 2)
    // Its loop over what is said ends with why.
    expect(seen.errors).toEqual(['EARSHOT_CANCELLED', 'EARSHOT_CANCELLED'])
  })

  it('is told what does not fit, of nobody there, and that it has ended', async () => {
    const mesh = randomMesh()
    const b = await testPeer({ name: 'b', mesh })
    const early = b.client(Room).chat({ timeoutMs: 5_000 })
    const nobody = { code: 'EARSHOT_NO_SERVER' }
    expect(() => early.send({ text: 'x' })).toThrow(expect.objectContaining(nobody))
    const late = b.client(Room).chat({ timeoutMs: 20 })
    expect(await failure(late.ready())).toMatchObject(nobody)
    expect(await failure(late.next())).toMatchObject(nobody)
    const a = await testPeer({ name: 'a', mesh })
    await serveRoom(a)
    await early.ready()
    const unfit = { code: 'EARSHOT_BODY_INVALID', path: '/text' }
    expect(() => early.send({ text: 'x'.repeat(101) })).toThrow(expect.objectContaining(unfit))
    early.send({ text: 'fits' })
    early.end()
    const closed = { code: 'EARSHOT_CLOSED' }
    expect(() => early.send({ text: 'x' })).toThrow(expect.objectContaining(closed))
    const heard: string[] = []
    for await (const { text } of early) heard.push(text)
    expect(heard).toEqual(['hello b', 'FITS', 'all heard'])
  })
})

describe('who serves', () => {
  it('ends the talk for both when its handler returns, or fails', async () => {
    const [a, b] = await pairOf()
    const seen = await serveRoom(a)
    const { chat } = b.client(Room)
    const talk = chat()
    await talk.ready()
    talk.send({ text: 'bye' })
    const heard: string[] = []
    for await (const { text } of talk) heard.push(text)
    expect(heard).toEqual(['hello b'])
    const closed = { code: 'EARSHOT_CLOSED' }
    expect(() => talk.send({ text: 'x' })).toThrow(expect.objectContaining(closed))
    const failing = chat()
    await failing.ready()
    failing.send({ text: 'fail' })
    expect(await failing.next()).toMatchObject({ done: false })
    const error = await failure(failing.next())
    expect(error).toMatchObject({ code: 'EARSHOT_REMOTE' })
    expect(error.message).toContain('it cannot be said')
    expect(seen.ended).toBe(2)
  })
})

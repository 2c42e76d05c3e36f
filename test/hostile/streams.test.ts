// A stranger with a raw ZeroMQ binding at the inbox of a peer that serves streams: parts of streams
// that nobody opened, grants without end, openings without number. It lives, counts, and serves on.

import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import * as zmq from 'zeromq'
import { FRAME_MAGIC, Kind, PROTOCOL_VERSION } from '../../src/wire/record.ts'
import { varintSize, writeVarint } from '../../src/wire/varint.ts'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startProcess } from '../support/processes.ts'
import { helloOf, nextFrame, record } from '../support/strangers.ts'

const MAX_GROWTH_BYTES = 96 * 1_048_576
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
const sockets: zmq.Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

function start(mesh: string, name: string, settings: object): Promise<PeerProcess> {
  return startProcess('streams.js', [mesh, name, JSON.stringify(settings)])
}

interface State {
  readonly rss: number
  readonly given: number
  readonly stats: {
    readonly openStreams: number
    readonly counters: Readonly<Record<string, number>>
  }
}

async function stateOf(peer: PeerProcess): Promise<State> {
  return (await peer.ask({ do: 'state' }, 'state')) as unknown as State
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(varintSize(value))
  writeVarint(bytes, 0, value)
  return bytes
}

function frame(...records: readonly [number, Buffer][]): Buffer {
  const parts = records.map(([kind, bytes]) =>
    Buffer.concat([Buffer.of(kind), number(bytes.length), bytes]),
  )
  return Buffer.concat([Buffer.of(FRAME_MAGIC, PROTOCOL_VERSION), ...parts])
}

/** Of records that are shorter than 128 bytes, or stand alone. */
function recordsOf(bytes: Buffer): [number, Buffer][] {
  const records: [number, Buffer][] = []
  for (let at = 2; at < bytes.length; ) {
    const kind = bytes.readUInt8(at++)
    const size = bytes.readUInt8(at++)
    if (size > 0x7f) return records
    records.push([kind, bytes.subarray(at, at + size)])
    at += size
  }
  return records
}

const numbers = (...values: readonly number[]) => Buffer.concat(values.map(number))

function open(channel: number, correlation: number, items: number, bytes: number, body = '') {
  const head = numbers(channel * 8, correlation, items, bytes)
  return [Kind.open, Buffer.concat([head, Buffer.from(body)])] as [number, Buffer]
}

/** A server, a reader whose streams go on all the while, and a stranger who has said hello. */
async function scene(limits: object = {}) {
  const mesh = randomMesh()
  const victim = await start(mesh, 'victim', { serves: '1.0.0', options: { limits } })
  const reader = await start(mesh, 'reader', {})
  await until('they are up', async () => {
    const { value } = await reader.ask({ do: 'read', body: { to: 10 } }, 'read done')
    return (value as unknown[] | undefined)?.length === 10
  })
  const stranger = new zmq.Dealer({ linger: 0, sendHighWaterMark: 0 })
  sockets.push(stranger)
  stranger.connect((victim.ready.inbox as string[]).find((one) => one.startsWith('ipc')) as string)
  await stranger.send(record(Kind.hello, helloOf(mesh, { credit: 1_000_000_000 })))
  const works = async () => {
    const { value } = await reader.ask({ do: 'read', body: { to: 500 } }, 'read done')
    expect(value).toHaveLength(500)
    expect(victim.errors()).toBe('')
  }
  return { victim, stranger, works, before: await stateOf(victim) }
}

/** In the order of the contract: count, chat, quote, blob. */
const [COUNT, CHAT] = [1, 2]
const endless = JSON.stringify({ to: 1_000_000_000 })

describe('a stranger', () => {
  it('who sends parts of streams that nobody opened, or cut ones, harms nobody', async () => {
    const { victim, stranger, works } = await scene()
    const kinds = [Kind.more, Kind.open, Kind.item, Kind.end, Kind.stop]
    for (const kind of kinds) {
      await stranger.send(frame([kind, numbers(2, 3, 4, 5)]))
    }
    await works()
    // Cut ones are counted, and end the link after a while.
    for (const kind of kinds) await stranger.send(frame([kind, Buffer.of(0xff, 0xff)]))
    await until('they are counted', async () => {
      return ((await stateOf(victim)).stats.counters.badFrames as number) >= kinds.length
    })
    await works()
  })

  it(`who sends rubbish as any part of a stream harms nobody (seed ${seed})`, async () => {
    const { victim, stranger, works, before } = await scene({ maxBadFrames: 1_000_000 })
    const kinds = [Kind.more, Kind.open, Kind.item, Kind.end, Kind.stop]
    const record = fc.tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 24 }))
    const sent = fc.sample(fc.array(record, { minLength: 1, maxLength: 8 }), {
      numRuns: 3_000,
      seed,
    })
    await stranger.send(frame(open(CHAT, 1, 5, 5_000)))
    for (const records of sent) {
      await stranger.send(
        frame(...records.map(([kind, bytes]) => [kind, Buffer.from(bytes)] as [number, Buffer])),
      )
    }
    await works()
    expect((await stateOf(victim)).rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES)
  })

  it('who opens without end gets as many as maxStreams, and no more of a generator', async () => {
    const { victim, stranger, works, before } = await scene({ maxStreams: 50 })
    for (let at = 1; at <= 40; at++) await stranger.send(frame(open(COUNT, at, 2, 1_000, endless)))
    await until('they are open', async () => (await stateOf(victim)).stats.openStreams === 40)
    await works()
    for (let at = 41; at <= 5_000; at++) {
      await stranger.send(frame(open(COUNT, at, 2, 1_000, endless)))
    }
    await until('they are full', async () => (await stateOf(victim)).stats.openStreams === 50)
    const { given, rss } = await stateOf(victim)
    expect(given - before.given - 500).toBe(100)
    expect(rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES)
    stranger.close()
    await until('its streams have ended', async () => {
      return (await stateOf(victim)).stats.openStreams === 0
    })
    await works()
  })

  it('who opens one twice, or sends more than was granted, is counted and stopped', async () => {
    const { victim, stranger, works } = await scene({ streamWindowItems: 4 })
    await stranger.send(frame(open(CHAT, 7, 0, 0), open(CHAT, 7, 0, 0)))
    const say: [number, Buffer] = [
      Kind.item,
      Buffer.concat([number(14), Buffer.from(JSON.stringify({ to: 1 }))]),
    ]
    await stranger.send(frame(...Array<[number, Buffer]>(20).fill(say)))
    await until('both are counted, and the stream is over', async () => {
      const { counters, openStreams } = (await stateOf(victim)).stats
      return openStreams === 0 && (counters.badFrames as number) >= 2
    })
    await works()
  })

  it('whose talk ends with fewer items than it says is stopped', async () => {
    const { stranger, works } = await scene()
    const say: [number, Buffer] = [
      Kind.item,
      Buffer.concat([number(14), Buffer.from(JSON.stringify({ to: 1 }))]),
    ]
    const ended = async (sent: number, said: number) => {
      await stranger.send(frame(open(CHAT, 7, 100, 100_000)))
      await stranger.send(frame(...Array<[number, Buffer]>(sent).fill(say)))
      await stranger.send(frame([Kind.end, numbers(14, said)]))
      for (;;) {
        for (const [kind, payload] of recordsOf(await nextFrame(stranger))) {
          if (kind === Kind.end) return 'ended'
          if (kind === Kind.stop) return payload.toString()
        }
      }
    }
    expect(await ended(3, 3)).toBe('ended')
    expect(await ended(2, 3)).toContain('of 3 items of test.feed/1/chat 2 could be read')
    await works()
  })

  it('who grants without end and reads nothing fills no memory', async () => {
    const limits = { maxOutboundBytes: 1_000_000 }
    const { victim, stranger, works, before } = await scene(limits)
    const most = 2 ** 52
    await stranger.send(frame(open(COUNT, 1, most, most, endless)))
    await stranger.send(
      frame([Kind.more, numbers(3, most, most)], [Kind.more, numbers(3, most, most)]),
    )
    await until('it is under way', async () => (await stateOf(victim)).given > 1_000)
    await works()
    expect((await stateOf(victim)).rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES)
    stranger.close()
    await until('its stream has ended', async () => {
      return (await stateOf(victim)).stats.openStreams === 0
    })
  })
})

// A stranger with a raw ZeroMQ binding at each socket of a peer in a process of its own:
// rubbish, mutated frames, floods of topics. The peer lives, counts, and serves on.

import dgram from 'node:dgram'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import * as zmq from 'zeromq'
import { Kind } from '../../src/wire/record.ts'
import { Shop } from '../support/contract.ts'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { type PeerProcess, startServing } from '../support/processes.ts'
import { helloOf, introduce, nextFrame, record } from '../support/strangers.ts'

const FRAMES = 10_000
const MAX_GROWTH_BYTES = 128 * 1_048_576
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
const sockets: zmq.Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

interface Stats {
  readonly rss: number
  readonly stats: { readonly counters: Record<string, number> }
}

/** Over ipc, where the directory's mode is all that guards: loopback lets no stranger speak. */
function ipc(peer: PeerProcess, socket: 'inbox' | 'outlet' | 'door'): string {
  const endpoints = peer.ready.endpoints as Record<string, string[]>
  return endpoints[socket]?.find((endpoint) => endpoint.startsWith('ipc')) as string
}

function dealer(peer: PeerProcess): zmq.Dealer {
  const socket = new zmq.Dealer({ linger: 0, sendHighWaterMark: 0 })
  sockets.push(socket)
  socket.connect(ipc(peer, 'inbox'))
  return socket
}

async function stats(peer: PeerProcess): Promise<Stats> {
  return (await peer.ask({ do: 'stats' }, 'stats')) as unknown as Stats
}

/** A victim, and a caller whose requests go on all the while. */
async function victim(options: object = {}) {
  const mesh = randomMesh()
  const peer = await startServing(mesh, 'victim', options)
  const caller = await testPeer({ name: 'caller', mesh })
  const shop = caller.client(Shop)
  const works = async () => {
    expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: 'victim' })
  }
  await works()
  return { mesh, peer, works, before: await stats(peer) }
}

async function unharmed(peer: PeerProcess, works: () => Promise<void>, before: Stats) {
  await works()
  const after = await stats(peer)
  expect(after.rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES)
  expect(peer.errors()).toBe('')
  expect(peer.child.exitCode).toBeNull()
  return after.stats.counters
}

function hello(mesh: string, change: object = {}): Buffer {
  const said = { credit: 1_000_000_000, heartbeatMs: 1_000, ...change }
  return record(Kind.hello, helloOf(mesh, said))
}

describe(`hostile frames at the inbox (seed ${seed})`, () => {
  it('that are random bytes are dropped and counted', async () => {
    const { peer, works, before } = await victim()
    const stranger = dealer(peer)
    const bytes = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), {
      numRuns: FRAMES,
      seed,
    })
    for (const frame of bytes) await stranger.send(Buffer.from(frame))
    await stranger.send([Buffer.from('several'), Buffer.from('parts')])
    await until('all are counted', async () => {
      return ((await stats(peer)).stats.counters.badFrames as number) > FRAMES
    })
    await unharmed(peer, works, before)
  })

  it('that are hellos with one wrong field, or of another mesh, are refused', async () => {
    const { mesh, peer, works, before } = await victim()
    const wrong = [
      { id: 5 },
      { epoch: -1 },
      { contracts: 'x' },
      { protocol: [9, 9] },
      { mesh: 'x' },
    ]
    for (const change of wrong) await dealer(peer).send(hello(mesh, change))
    await dealer(peer).send(record(Kind.hello, Buffer.from('[')))
    await until('all are counted', async () => {
      const { badFrames = 0, refusedHellos = 0 } = (await stats(peer)).stats.counters
      return badFrames + refusedHellos === wrong.length + 1
    })
    const counters = await unharmed(peer, works, before)
    expect(counters.peersUp).toBe(1)
  })

  it('from a peer that said hello are dropped, and in the end the peer, too', async () => {
    const { mesh, peer, works, before } = await victim()
    const stranger = dealer(peer)
    // With one good word behind it: whose first words are all bad was never up.
    await introduce(stranger, mesh)
    expect((await nextFrame(stranger))[2]).toBe(Kind.welcome)
    const base = record(Kind.request, Buffer.from([8, 1, 100, 0x7b, 0x7d]))
    const places = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1 })
    for (const changes of fc.sample(places, { numRuns: FRAMES, seed })) {
      const frame = Buffer.from(base)
      for (const [at, value] of changes) frame[at] = value
      await stranger.send(frame)
    }
    await until('it is disconnected', async () => {
      return (await stats(peer)).stats.counters.peersDown === 1
    })
    await unharmed(peer, works, before)
  })

  it('beyond the credit that was granted end the link before they fill the process', async () => {
    const limits = { creditBytes: 10_000, maxMessageBytes: 20_000 }
    const { mesh, peer, works, before } = await victim({ limits })
    const stranger = dealer(peer)
    await stranger.send(hello(mesh))
    const [welcome] = await stranger.receive()
    const told = String(welcome)
    const { contracts } = JSON.parse(told.slice(told.indexOf('{')))
    const slow = contracts[0].channels.find(({ name }: { name: string }) => name === 'slow')
    // A body of 15 KB for a handler that takes a minute, a hundred times.
    const body = Buffer.from('{"forMs":60000}'.padEnd(15_000))
    const head = Buffer.from([slow.number * 8, 1, 0])
    const call = record(Kind.request, Buffer.concat([head, body]))
    for (let index = 0; index < 100; index++) await stranger.send(call)
    await until('the link is cut', async () => {
      return ((await stats(peer)).stats.counters.peersDown as number) >= 1
    })
    const { stats: now } = await stats(peer)
    expect((now as unknown as { runningHandlers: number }).runningHandlers).toBeLessThan(60)
    await unharmed(peer, works, before)
  })

  it('with calls to channels that are not there get failures, not silence', async () => {
    const { mesh, peer, works, before } = await victim()
    const stranger = dealer(peer)
    await stranger.send(hello(mesh))
    await stranger.receive()
    await stranger.send(record(Kind.request, Buffer.from([0xf8, 0x7f, 9, 100])))
    const [answer] = await stranger.receive()
    expect((answer as Buffer).toString('latin1')).toContain('EARSHOT_CHANNEL_UNKNOWN')
    await unharmed(peer, works, before)
  })
})

describe('hostile bytes at the other sockets', () => {
  it('at the outlet: subscriptions to anything, by the thousand, cost little', async () => {
    const { peer, works, before } = await victim()
    const ear = new zmq.Subscriber({ linger: 0 })
    sockets.push(ear)
    ear.connect(ipc(peer, 'outlet'))
    const topics = fc.sample(fc.uint8Array({ maxLength: 100 }), { numRuns: FRAMES, seed })
    for (const topic of topics) ear.subscribe(Buffer.from(topic))
    const pusher = new zmq.XSubscriber({ linger: 0 })
    sockets.push(pusher)
    pusher.connect(ipc(peer, 'outlet'))
    for (const bytes of topics) await pusher.send(Buffer.from(bytes))
    await unharmed(peer, works, before)
  })

  it('at the door: what is no request gets an answer that says so', async () => {
    const { peer, works, before } = await victim()
    const asker = new zmq.Request({ linger: 0, receiveTimeout: 5_000 })
    sockets.push(asker)
    asker.connect(ipc(peer, 'door'))
    const wrong = ['', '[', 'null', '[]', '{}', '{"op":5}', '{"op":"constructor"}', '{"op":"call"}']
    for (const text of wrong) {
      await asker.send(text)
      const [answer] = await asker.receive()
      expect(JSON.parse(String(answer))).toMatchObject({
        ok: false,
        error: { code: 'EARSHOT_DOOR' },
      })
    }
    await asker.send(['two', 'parts'])
    await asker.receive()
    for (const bytes of fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 1_000, seed })) {
      await asker.send(Buffer.from(bytes))
      const [answer] = await asker.receive()
      expect(JSON.parse(String(answer)).ok).toBe(false)
    }
    await unharmed(peer, works, before)
  })

  it('at the door: what has no envelope is passed over, and the next is answered', async () => {
    const { peer, works, before } = await victim()
    const asker = new zmq.Dealer({ linger: 0, receiveTimeout: 5_000 })
    sockets.push(asker)
    asker.connect(ipc(peer, 'door'))
    for (let round = 0; round < 3; round++) {
      await asker.send('no empty part in front')
      // Alone, so that the door finds nothing behind it.
      await until('it is counted', async () => {
        return (await stats(peer)).stats.counters.badFrames === round + 1
      })
      await asker.send(['', '{"op":"health"}'])
      const [, answer] = await asker.receive()
      expect(JSON.parse(String(answer))).toMatchObject({ ok: true })
    }
    await unharmed(peer, works, before)
  })

  it('at the door: a message over the limit ends that connection alone', async () => {
    const { peer, works, before } = await victim()
    const asker = new zmq.Request({ linger: 0, receiveTimeout: 300 })
    sockets.push(asker)
    asker.connect(ipc(peer, 'door'))
    await asker.send(Buffer.alloc(3_000_000))
    await expect(asker.receive()).rejects.toThrow()
    await unharmed(peer, works, before)
  })

  it('at the mDNS port: rubbish does not disturb a peer that listens there', async () => {
    const { peer, works, before } = await victim({ discovery: ['directory', 'mdns'] })
    const socket = dgram.createSocket('udp4')
    const samples = fc.sample(fc.uint8Array({ maxLength: 600 }), { numRuns: 3_000, seed })
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
    socket.setMulticastInterface('127.0.0.1')
    for (const bytes of samples) {
      await new Promise((done) => socket.send(Buffer.from(bytes), 5353, '224.0.0.251', done))
    }
    socket.close()
    await unharmed(peer, works, before)
  })
})

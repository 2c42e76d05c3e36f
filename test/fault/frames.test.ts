// Fault 19: 10 000 random and 10 000 mutated frames at each socket that a peer binds, from a
// program with ZeroMQ alone, while others call the peer and hear it.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { Kind } from '../../src/wire/record.ts'
import { prefixOf, topicOf } from '../../src/wire/topic.ts'
import { Shop } from '../support/contract.ts'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { type PeerProcess, startProcess, startServing } from '../support/processes.ts'
import { helloOf, introduce, nextFrame, record } from '../support/strangers.ts'

const FRAMES = 10_000
/** Peers that say a proper hello, and then nothing proper. */
const OFFENDERS = 20
/** What the second half of the frames may cost, of memory: it has seen such before. */
const FLAT_BYTES = 32 * 1_048_576
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
const sockets = ['inbox', 'outlet', 'door'] as const
type Socket = (typeof sockets)[number]

interface State {
  readonly rss: number
  readonly stats: { readonly counters: Readonly<Record<string, number>> }
  /** What was reported, without its numbers, and how often. */
  readonly said: Readonly<Record<string, number>>
}

const stateOf = async (peer: PeerProcess) =>
  (await peer.ask({ do: 'stats' }, 'stats')) as unknown as State
const told = ({ said }: State, what: RegExp) =>
  Object.entries(said).reduce((sum, [text, count]) => sum + (what.test(text) ? count : 0), 0)

/** Over ipc, where the directory's mode is all that guards: a stranger may connect. */
function endpointsOf(peer: PeerProcess): Record<Socket, string> {
  const all = peer.ready.endpoints as Record<Socket, string[]>
  const ipc = (socket: Socket) => all[socket].find((one) => one.startsWith('ipc')) as string
  return { inbox: ipc('inbox'), outlet: ipc('outlet'), door: ipc('door') }
}

/** The numbers of the channels, as the peer tells whoever says hello. */
async function numbersOf(mesh: string, endpoint: string): Promise<ReadonlyMap<string, number>> {
  const dealer = new zmq.Dealer({ linger: 0, receiveTimeout: 10_000 })
  onTestFinished(() => dealer.close())
  dealer.connect(endpoint)
  await introduce(dealer, mesh, { id: 'fe'.repeat(16) })
  const welcome = String(await nextFrame(dealer))
  const { contracts } = JSON.parse(welcome.slice(welcome.indexOf('{')))
  const channels: { name: string; number: number }[] = contracts[0].channels
  return new Map(channels.map(({ name, number }) => [name, number]))
}

/** What peers send each other there, one of each kind. */
function framesOf(mesh: string, numbers: ReadonlyMap<string, number>) {
  const code = (channel: string) => (numbers.get(channel) as number) * 8
  const bytes = (head: number[], body: object | string = '') =>
    Buffer.concat([
      Buffer.from(head),
      Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    ])
  const id = 'ab'.repeat(32)
  const order = { sku: 'x', count: 1, note: 'ü' }
  const inbox = [
    record(Kind.hello, helloOf(mesh)),
    record(Kind.welcome, helloOf(mesh)),
    record(Kind.offer, { revision: 1, contracts: [] }),
    record(Kind.refuse, { code: 'EARSHOT_DENIED', message: 'no' }),
    record(Kind.gossip, { me: {}, sum: '1', have: [], peers: [] }),
    record(Kind.request, bytes([code('place'), 1, 100], order)),
    record(Kind.request, bytes([code('slow'), 2, 100], { forMs: 3 })),
    record(Kind.notification, bytes([code('cancel')], { id: 1 })),
    record(Kind.asking, bytes([code('cancel'), 3, 2], { id: 1 })),
    record(Kind.open, bytes([code('place'), 5, 9, 100], order)),
    record(Kind.ask, { id }),
    record(Kind.tell, { id, kind: 'request', shape: { kind: 'string' } }),
    record(Kind.differ, { channel: 'test.shop/1/place', number: 1, id, version: '1.3.0' }),
    record(Kind.differs, { channel: 'test.shop/1/place', id, number: 4 }),
    record(Kind.ticket | 0x20, bytes([1, 20], '{"earshot-ticket":1}{}')),
    record(Kind.aside, bytes([1, 3, 0x61, 0x62, 0x63, 0, 0, 0, 0, 0, 0])),
    record(Kind.missed, bytes([3], 'test.shop/1/placed')),
    ...[Kind.credit, Kind.more, Kind.reply, Kind.failure, Kind.cancel, Kind.item, Kind.stop].map(
      (kind) => record(kind, bytes([1, 2, 3], '{}')),
    ),
    ...[Kind.beat, Kind.last, Kind.farewell, Kind.end].map((kind) => record(kind, bytes([1]))),
  ]
  const topic = prefixOf(topicOf('test.shop/1/placed', 0, '00000000'), undefined)
  const marker = Buffer.concat([Buffer.alloc(1), Buffer.alloc(16, 0xab), topic])
  const outlet = [topic, marker].flatMap((what) =>
    [1, 0].map((on) => Buffer.concat([Buffer.from([on]), what])),
  )
  const asked = ['hello', 'describe', 'peers', 'health', 'stats', 'schema'].map((op) => ({ op }))
  // Nobody else serves it: the door waits for somebody as long as it is told.
  const call = { op: 'call', contract: 'test.shop', channel: 'place', body: order, timeoutMs: 9 }
  const door = [...asked, call].map((question) => Buffer.from(JSON.stringify(question)))
  return { inbox, outlet, door }
}

function startRaw(victim: PeerProcess, mesh: string, numbers: ReadonlyMap<string, number>) {
  const all = Object.entries(framesOf(mesh, numbers))
  const texts = (frames: readonly Buffer[]) => frames.map((frame) => frame.toString('base64'))
  const hellos = Array.from({ length: OFFENDERS }, (_, at) => {
    const id = (at + 16).toString(16).repeat(16)
    return Buffer.concat([
      record(Kind.hello, helloOf(mesh, { id, credit: 1_000_000_000 })),
      record(Kind.beat, '').subarray(2),
    ])
  })
  const given = {
    ...{ seed, endpoints: endpointsOf(victim), hellos: texts(hellos) },
    bases: Object.fromEntries(all.map(([socket, frames]) => [socket, texts(frames)])),
  }
  return startProcess('raw.js', [JSON.stringify(given)])
}

/** Calls, and hears events, until it is stopped; each failure ends it. */
async function traffic(mesh: string, victim: PeerProcess) {
  const caller = await testPeer({ name: 'caller', mesh })
  const shop = caller.client(Shop, { timeoutMs: 10_000, retry: false, breaker: false })
  let heard = 0
  const hearing = await caller.subscribe(Shop.placed, () => {
    heard++
  })
  const done = { calls: 0, published: 0 }
  let going = true
  const work = async () => {
    while (going) {
      expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: 'victim' })
      done.calls++
      const range = { from: done.published, to: done.published + 20 }
      await victim.ask({ do: 'publish', ...range }, 'published')
      done.published = range.to
      await sleep(5)
    }
  }
  const working = work()
  // Told by stop().
  working.catch(() => undefined)
  return {
    done,
    stop: async () => {
      going = false
      await working
      await until('all is heard', () => heard + hearing.missed === done.published)
      return { ...done, missed: hearing.missed }
    },
  }
}

describe(`10 000 random and 10 000 mutated frames to every socket (fault 19, seed ${seed})`, () => {
  it('neither end the peer nor fill it, and others are served all the while', async () => {
    const mesh = randomMesh()
    // Each is told of, so that what was counted can be told apart.
    const limits = { maxStrangerFaults: 10 * FRAMES }
    const victim = await startServing(mesh, 'victim', { limits })
    const { done, stop } = await traffic(mesh, victim)
    const raw = await startRaw(victim, mesh, await numbersOf(mesh, endpointsOf(victim).inbox))
    const half = async () => {
      for (const socket of sockets) {
        for (const how of ['random', 'mutated']) {
          const before = done.calls
          await raw.ask({ do: socket, how, frames: FRAMES / 2 }, 'sent')
          await until('others are served', () => done.calls > before + 3)
        }
      }
      return stateOf(victim)
    }
    const first = await half()
    const last = await half()
    const { calls, published, missed } = await stop()
    const { badFrames, doorRequests } = last.stats.counters
    const grownMB = Math.round((last.rss - first.rss) / 1_048_576)
    console.info({ seed, calls, published, badFrames, grownMB })
    expect(missed).toBe(0)
    expect(last.rss - first.rss).toBeLessThan(FLAT_BYTES)
    expect([victim.errors(), victim.child.exitCode]).toEqual(['', null])
    // The door has answered each; what is bad elsewhere is counted, and told one by one.
    expect(doorRequests).toBe(2 * FRAMES)
    expect(told(last, /\bat the outlet: no subscription/)).toBeGreaterThan(0.98 * FRAMES)
    expect(told(last, / sent a frame of another protocol/)).toBeGreaterThan(0.98 * FRAMES)
    expect(told(last, / sent |\bat the \w+: /)).toBe(badFrames)
    expect(last.stats.counters).toMatchObject({ handlerErrors: 0, requestsFailed: 0 })
    // Each of those who said hello has been dropped for it, once at least.
    expect(told(last, / is down: misbehaved/)).toBeGreaterThanOrEqual(OFFENDERS)
  })
})

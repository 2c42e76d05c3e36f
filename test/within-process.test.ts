// Peers of one process: by memory as by sockets all styles of talking do the same, in every codec.

import {
  Bytes,
  type CodecName,
  codecNames,
  contract,
  createPeer,
  duplex,
  event,
  notification,
  type Peer,
  type PeerOptions,
  request,
  scatter,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { doorway } from './support/doorway.ts'
import { failure, randomMesh, until } from './support/peers.ts'

const N = Type.Object({ n: Type.Integer() })
const All = contract('test.within', '1.0.0', {
  ask: request(N, N),
  fail: request(N, N, { errors: { Odd: N } }),
  note: notification(N),
  ticked: event(N),
  blobs: event(Bytes()),
  count: stream(N, N),
  talk: duplex(N, N),
  poll: scatter(N, N),
})

const bare = { discovery: ['directory'] } satisfies Partial<PeerOptions>

async function open(options: PeerOptions): Promise<Peer> {
  const peer = await createPeer({ ...bare, ...options })
  onTestFinished(() => peer.close())
  return peer
}

async function pair(options: Partial<PeerOptions>) {
  const mesh = randomMesh()
  const server = await open({ name: 'server', mesh, ...options })
  const noted: number[] = []
  await server.serve(All, {
    ask: ({ n }) => ({ n: n + 1 }),
    fail: ({ n }, context) => {
      throw context.error('Odd', { n })
    },
    note: ({ n }) => void noted.push(n),
    async *count({ n }) {
      for (let item = 0; item < n; item++) yield { n: item }
    },
    async *talk(said) {
      for await (const { n } of said) yield { n: n * 2 }
    },
    poll: ({ n }) => ({ n: -n }),
  })
  const caller = await open({ name: 'caller', mesh, ...options })
  await until('both are up', () => server.peers().length + caller.peers().length === 2)
  return { server, caller, noted }
}

const ways = (['memory', 'sockets'] as const).flatMap((withinProcess) =>
  codecNames.map((codec: CodecName) => ({ withinProcess, codec })),
)

describe.each(ways)('within a process, by $withinProcess in $codec', ({ withinProcess, codec }) => {
  it('all styles do what they do', async () => {
    const { server, caller, noted } = await pair({ withinProcess, codecs: [codec] })
    const client = caller.client(All)
    expect(await client.ask({ n: 1 })).toEqual({ n: 2 })
    expect(await failure(client.fail({ n: 3 }))).toMatchObject({ name: 'Odd', data: { n: 3 } })
    expect(await client.note({ n: 4 }, { until: 'handled' })).toMatchObject({ became: 'handled' })
    expect(noted).toEqual([4])
    const heard: number[] = []
    await server.subscribe(All.ticked, ({ n }) => void heard.push(n))
    const out = caller.publisher(All.ticked)
    for (let n = 0; n < 1_000; n++) if (!out.send({ n })) await out.ready()
    await until('all are heard', () => heard.length === 1_000)
    expect(heard).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    const items: number[] = []
    for await (const { n } of client.count({ n: 500 })) items.push(n)
    expect(items).toHaveLength(500)
    const talk = client.talk()
    for (const n of [1, 2, 3]) talk.send({ n })
    talk.end()
    const doubled: number[] = []
    for await (const { n } of talk) doubled.push(n)
    expect(doubled).toEqual([2, 4, 6])
    expect((await client.poll({ n: 5 })).answers).toMatchObject([{ answer: { n: -5 } }])
    expect(await client.ask.later({ n: 6 }).answer()).toEqual({ n: 7 })
    expect(await client.ask({ n: 7 }, { headers: { a: 'b' } })).toEqual({ n: 8 })
  })
})

describe('peers of one process', () => {
  it('say how they are linked, and keep memory bounded where one is slow', async () => {
    const { server, caller } = await pair({ withinProcess: 'memory' })
    expect(caller.peers()[0]?.transport).toBe('memory')
    expect(server.peers()[0]?.transport).toBe('memory')
    const kept: Uint8Array[] = []
    const door = doorway()
    const options = { concurrency: 1, overflow: 'block', capacity: 8 } as const
    const subscription = await server.subscribe(
      All.blobs,
      async (blob) => {
        kept.push(blob)
        await door.passed
      },
      options,
    )
    const out = caller.publisher(All.blobs)
    const blob = new Uint8Array(100_000)
    for (let n = 0; n < 2_000; n++) {
      blob.fill(n % 256)
      out.send(blob)
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    door.open()
    const known = () => kept.length + subscription.missed === 2_000
    await until('each was heard or is known as missed', known)
    expect(subscription.missed).toBeGreaterThan(0)
    const numbers = kept.map(([first]) => first)
    expect(numbers.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('know at once when one of them closes, and take the sockets where one wishes', async () => {
    const { server, caller } = await pair({ withinProcess: 'memory' })
    const third = await open({ name: 'third', mesh: randomMesh(), withinProcess: 'sockets' })
    expect(third.peers()).toEqual([])
    await server.close()
    await until('it is gone', () => caller.peers().length === 0)
    const gone = await failure(caller.client(All).ask({ n: 1 }, { timeoutMs: 100 }))
    expect(gone).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no' })
    const wrong = open({ name: 'x', withinProcess: 'magic' as never })
    expect(await failure(wrong)).toMatchObject({
      code: 'EARSHOT_OPTION_INVALID',
      path: '/withinProcess',
    })
  })
})

describe('peers of one process that hear somebody of another', () => {
  it('share the socket, and are counted, confirm and leave each by itself', async () => {
    const mesh = randomMesh()
    // Who takes sockets is for the others as one of another process.
    const publisher = await open({ name: 'publisher', mesh, withinProcess: 'sockets' })
    const hearing = await Promise.all(['one', 'other', 'third'].map((name) => open({ name, mesh })))
    await until('all are met', () => publisher.peers().length === 3)
    const heard = new Map<string, number[]>()
    for (const peer of hearing) {
      const numbers: number[] = []
      heard.set(peer.name, numbers)
      await peer.subscribe(All.ticked, ({ n }) => void numbers.push(n))
    }
    const said = (n: number) => publisher.publish(All.ticked, { n }, { until: 'handled' })
    expect(await said(1)).toMatchObject({ became: 'handled', listeners: 3, silent: 0 })
    await hearing[0]?.close()
    await until('it has left', () => publisher.peers().length === 2)
    await until('it is counted no more', () => publisher.publisher(All.ticked).listeners === 2)
    expect(await said(2)).toMatchObject({ became: 'handled', listeners: 2, silent: 0 })
    expect(Object.fromEntries(heard)).toEqual({ one: [1], other: [1, 2], third: [1, 2] })
    expect(hearing.map((peer) => peer.stats().counters.eventsMissed)).toEqual([0, 0, 0])
  })
})

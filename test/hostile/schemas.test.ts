// A stranger that offers a channel in another version and then answers for it as it likes: wrong
// shapes, endless ones, none, floods of questions. The peer lives, says so, and talks to others.

import { contract, request } from 'earshot'
import { Type } from 'typebox'
import { afterEach, describe, expect, it } from 'vitest'
import * as zmq from 'zeromq'
import type { Shape } from '../../src/contract/shape.ts'
import { Kind } from '../../src/wire/record.ts'
import { writeVarint } from '../../src/wire/varint.ts'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startVersioned } from '../support/processes.ts'
import { introduce, record } from '../support/strangers.ts'

const sockets: zmq.Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

/** The kind and JSON of the first record of a frame. */
function parsed(frame: Buffer): { kind: number; content: Record<string, unknown> } {
  let at = 3
  while ((frame[at] as number) >= 0x80) at++
  const text = frame.toString('utf8', at + 1)
  return { kind: frame[2] as number, content: text.startsWith('{') ? JSON.parse(text) : {} }
}

interface Stranger {
  readonly socket: zmq.Dealer
  /** The next record of that kind. */
  next(kind: number): Promise<Record<string, unknown>>
}

/** Dials the victim and offers `place` in version 1.5.0 under `id`. */
async function stranger(mesh: string, victim: PeerProcess, id: string): Promise<Stranger> {
  const socket = new zmq.Dealer({ linger: 0, sendHighWaterMark: 0, receiveTimeout: 10_000 })
  sockets.push(socket)
  const { inbox } = victim.ready.endpoints as { inbox: string[] }
  socket.connect(inbox.find((endpoint) => endpoint.startsWith('ipc')) as string)
  const channels = [{ name: 'place', kind: 'request', number: 9, codecs: ['json'], id }]
  const contracts = [{ name: 'test.orders', version: '1.5.0', channels }]
  await introduce(socket, mesh, { contracts })
  const next = async (kind: number) => {
    for (;;) {
      const [frame] = await socket.receive()
      const read = parsed(frame as Buffer)
      if (read.kind === kind) return read.content
    }
  }
  return { socket, next }
}

interface State {
  readonly peers: readonly { readonly name: string; readonly mismatches: readonly unknown[] }[]
  readonly faults: readonly { readonly text: string }[]
  readonly stats: { readonly counters: Record<string, number> }
}

async function state(victim: PeerProcess): Promise<State> {
  return (await victim.ask({ do: 'state' }, 'state')) as unknown as State
}

async function start(options: object = {}) {
  const mesh = randomMesh()
  const limits = { schemaTimeoutMs: 300, ...options }
  const settings = { serves: ['1.2.0'], uses: '1.2.0', options: { limits } }
  const victim = await startVersioned(mesh, 'victim', settings)
  /** A peer of another minor version is served as if nothing was. */
  const unharmed = async () => {
    const caller = await startVersioned(mesh, 'caller', { serves: [], uses: '1.4.0' })
    const body = { sku: 'a', count: 1, size: 'huge' }
    let answer: Record<string, unknown> = {}
    // A busy host may need longer than schemaTimeoutMs, and they then try again of themselves.
    await until('it is answered', async () => {
      answer = await caller.ask({ do: 'call', body }, 'called')
      return (answer.error as { code?: string } | undefined)?.code !== 'EARSHOT_TIMEOUT'
    })
    expect(answer).toMatchObject({ value: { by: 'victim 1.2.0', days: 3 } })
    expect(victim.errors()).toBe('')
  }
  return { mesh, victim, unharmed }
}

const text: Shape = { kind: 'string' }
const nested = (depth: number): unknown =>
  depth === 0 ? text : { kind: 'list', items: nested(depth - 1) }
const ID = 'cd'.repeat(32)

const order = {
  sku: Type.String(),
  count: Type.Integer(),
  note: Type.Optional(Type.String()),
  size: Type.Enum(['small', 'large'], { unknown: 'small' }),
}
const receipt = Type.Object({ total: Type.Integer(), by: Type.String() })

/** What goes together with what the victim has. */
const Later = contract('test.orders', '1.5.0', {
  place: request(Type.Object({ ...order, more: Type.Optional(Type.String()) }), receipt),
})

/** As the victim has it, but for a pattern that takes 2^60 steps to fail on the text below. */
const Evil = contract('test.orders', '1.1.0', {
  place: request(
    Type.Object({ ...order, note: Type.Optional(Type.String({ pattern: '^(a|a)+$' })) }),
    receipt,
  ),
})

interface Welcome {
  readonly contracts: readonly {
    readonly channels: readonly { name: string; number: number; id: string }[]
  }[]
}

describe('a shape that a peer tells', () => {
  it.each([
    ['that is another than it offered', { kind: 'request', shape: text, replyShape: text }],
    ['that is none', { kind: 'request', shape: { kind: 'wave' }, replyShape: text }],
    ['of no known kind', { kind: 'wish', shape: text }],
    ['nested without end', { kind: 'request', shape: nested(1_000), replyShape: text }],
  ])('%s is refused and said', async (_, answer) => {
    const { mesh, victim, unharmed } = await start()
    const { socket, next } = await stranger(mesh, victim, ID)
    expect(await next(Kind.ask)).toEqual({ id: ID })
    await socket.send(record(Kind.tell, { id: ID, ...answer }))
    await until('it is refused', async () => {
      return (await state(victim)).peers.some(({ mismatches }) => mismatches.length > 0)
    })
    const { stats, peers } = await state(victim)
    expect(stats.counters.badFrames).toBe(1)
    expect(peers[0]?.mismatches).toMatchObject([
      { channel: 'test.orders/1/place', ours: '1.2.0', theirs: '1.5.0' },
    ])
    await unharmed()
  })

  it.each([
    [
      'larger than maxSchemaBytes',
      record(Kind.tell, `{"id":"${ID}","x":"${'x'.repeat(131_072)}"}`),
    ],
    ['that is not JSON', record(Kind.tell, '{')],
    ['that nobody asked for', record(Kind.tell, { id: 'ef'.repeat(32), shape: text })],
  ])('%s is dropped and counted, and the peer not used', async (_, frame) => {
    const { mesh, victim, unharmed } = await start()
    const { socket, next } = await stranger(mesh, victim, ID)
    await next(Kind.ask)
    await socket.send(frame)
    await until('the time is up', async () => {
      return (await state(victim)).peers.some(({ mismatches }) => mismatches.length > 0)
    })
    expect((await state(victim)).stats.counters.badFrames).toBe(1)
    await unharmed()
  })

  it('that comes too late is of use all the same', async () => {
    const { mesh, victim, unharmed } = await start({ schemaTimeoutMs: 1_000 })
    const { id, shape, replyShape } = Later.place
    const { socket, next } = await stranger(mesh, victim, id)
    const tell = record(Kind.tell, { id, kind: 'request', shape, replyShape })
    while ((await next(Kind.ask)).id !== id);
    const mismatches = async () => (await state(victim)).peers[0]?.mismatches
    await until('it is given up', async () => (await mismatches())?.length === 1)
    expect(await mismatches()).toMatchObject([{ reason: expect.stringContaining('did not say') }])
    await socket.send(tell)
    const { channel, id: ours } = await next(Kind.differ)
    await socket.send(record(Kind.differs, { channel, id: ours, number: 3 }))
    await until('they are through with each other', async () => (await mismatches())?.length === 0)
    expect((await state(victim)).stats.counters.badFrames).toBe(0)
    await unharmed()
  })

  it('with a pattern that takes for ever is read without it', async () => {
    const { mesh, victim, unharmed } = await start()
    const { id, shape, replyShape } = Evil.place
    const { socket, next } = await stranger(mesh, victim, '00'.repeat(32))
    const { contracts } = (await next(Kind.welcome)) as unknown as Welcome
    const number = contracts[0]?.channels.find(({ name }) => name === 'place')?.number
    const differ = { channel: 'test.orders/1/place', number, id, version: '1.1.0' }
    await socket.send(record(Kind.differ, differ))
    while ((await next(Kind.ask)).id !== id);
    await socket.send(record(Kind.tell, { id, kind: 'request', shape, replyShape }))
    const differs = await next(Kind.differs)
    expect(differs).toMatchObject({ id, channel: 'test.orders/1/place' })
    expect(differs.error).toBeUndefined()
    const head = Buffer.alloc(16)
    let at = writeVarint(head, 0, (differs.number as number) * 8)
    at = writeVarint(head, at, 1)
    at = writeVarint(head, at, 5_000)
    const body = { sku: 'a', count: 1, size: 'small', note: `${'a'.repeat(60)}!` }
    const startMs = performance.now()
    await socket.send(
      record(
        Kind.request,
        Buffer.concat([head.subarray(0, at), Buffer.from(JSON.stringify(body))]),
      ),
    )
    await next(Kind.reply)
    expect(performance.now() - startMs).toBeLessThan(2_000)
    await unharmed()
  })
})

describe('a flood', () => {
  it('of differences beyond maxDifferences ends the link', async () => {
    const { mesh, victim, unharmed } = await start({ maxDifferences: 50 })
    const { socket } = await stranger(mesh, victim, ID)
    for (let index = 0; index < 100; index++) {
      const id = index.toString(16).padStart(64, '0')
      const differ = { channel: 'test.orders/1/place', number: 1, id, version: '1.1.0' }
      await socket.send(record(Kind.differ, differ))
    }
    await until('it is cut', async () => (await state(victim)).peers.length === 0)
    await unharmed()
  })

  it('of questions is answered up to a bound of bytes, then ends the link', async () => {
    const { mesh, victim, unharmed } = await start({ maxSchemaCacheBytes: 4_096 })
    const { socket, next } = await stranger(mesh, victim, ID)
    const { contracts } = (await next(Kind.welcome)) as unknown as Welcome
    const id = contracts[0]?.channels[0]?.id
    for (let index = 0; index < 200; index++) await socket.send(record(Kind.ask, { id }))
    await until('it is cut', async () => (await state(victim)).peers.length === 0)
    await unharmed()
  })
})

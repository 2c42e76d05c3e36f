// Every kind of message waits for its way alike: until there is one, or until its deadline.

import {
  type Client,
  contract,
  duplex,
  notification,
  type Peer,
  request,
  scatter,
  stream,
} from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Body = Type.Object({ n: Type.Integer() })
const Work = contract('test.work', '1.0.0', {
  ask: request(Body, Body),
  note: notification(Body),
  count: stream(Body, Body),
  talk: duplex(Body, Body),
  poll: scatter(Body, Body),
  newest: notification(Type.Object({ n: Type.Integer(), pad: Type.String() }), {
    overflow: 'latest',
  }),
})

interface How {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly to?: string
}

/** Each kind, as a promise of its first outcome. */
const kinds: Record<string, (client: Client<typeof Work>, how: How) => Promise<unknown>> = {
  request: (client, how) => client.ask({ n: 1 }, how),
  'request without a retry': (client, how) => client.ask({ n: 2 }, how),
  notification: (client, how) => client.note({ n: 1 }, how),
  'notification until handled': (client, how) =>
    client.note({ n: 1 }, { ...how, until: 'handled' }),
  stream: (client, how) => client.count({ n: 1 }, how).next(),
  duplex: async (client, how) => {
    const talk = client.talk(how)
    await talk.ready()
    talk.send({ n: 1 })
    return talk.next()
  },
  'scatter, which asks whoever is there': (client, { timeoutMs, signal }) =>
    client.poll({ n: 1 }, { withinMs: timeoutMs, ...(signal && { signal }) }),
  'ticket to be answered later': (client, how) => client.ask.later({ n: 1 }, how).answer(),
}

async function serve(peer: Peer): Promise<number[]> {
  const seen: number[] = []
  const took = <T extends { n: number }>(body: T) => {
    seen.push(body.n)
    return body
  }
  await peer.serve(Work, {
    ask: took,
    poll: took,
    note: (body) => void took(body),
    newest: (body) => void took(body),
    async *count(body) {
      yield took(body)
    },
    async *talk(said) {
      for await (const body of said) yield took(body)
    },
  })
  return seen
}

describe.each(Object.entries(kinds))('a %s', (kind, send) => {
  const clientOf = (peer: Peer) => peer.client(Work, kind.includes('retry') ? { retry: false } : {})

  it('that nobody comes to serve ends at its deadline, unsent', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const startMs = world.nowMs
    const ended = failure(send(clientOf(caller), { timeoutMs: 700 }))
    const error = await world.run(ended)
    expect(error).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no', retryable: true })
    expect(String(error.message)).toMatch(/no remote peer serves test\.work\/1\/.* after 700 ms/)
    expect(world.nowMs - startMs).toBeGreaterThanOrEqual(700)
    expect(world.nowMs - startMs).toBeLessThan(705)
  })

  it('leaves as soon as somebody serves it', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const sent = send(clientOf(caller), { timeoutMs: 5_000 })
    await world.advance(1_000)
    const server = await world.createPeer({ name: 'server' })
    await world.advance(1_000)
    const seen = await serve(server)
    await world.advance(50)
    expect(seen).toHaveLength(1)
    await world.run(sent)
  })

  it('leaves when its peer has been found whom it names, though others were sooner', async () => {
    const world = testWorld({ conditions: { latencyMs: 1, jitterMs: 0 } })
    const [one, other] = [
      await world.createPeer({ name: 'one' }),
      await world.createPeer({ name: 'other' }),
    ]
    await serve(one)
    const seen = await serve(other)
    world.between(other, one, { latencyMs: 1 })
    const caller = await world.createPeer({ name: 'caller' })
    world.between(caller, other, { latencyMs: 40 })
    const sent = send(clientOf(caller), { timeoutMs: 5_000, to: other.id })
    if (kind.startsWith('scatter')) await world.advance(1_000)
    await world.run(sent)
    await world.advance(100)
    expect(seen.length).toBe(kind.startsWith('scatter') ? 0 : 1)
  })

  it('ends at once when its caller cancels it, unsent', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const control = new AbortController()
    const ended = failure(send(clientOf(caller), { timeoutMs: 5_000, signal: control.signal }))
    await world.advance(100)
    control.abort()
    expect(await ended).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no' })
  })

  it('ends when its own peer closes, unsent', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const ended = failure(send(clientOf(caller), { timeoutMs: 50_000 }))
    await world.advance(100)
    await world.run(caller.close())
    expect(await ended).toMatchObject({ code: 'EARSHOT_CLOSED', sent: 'no' })
  })
})

it('a peer that is named, is known and does not serve it is told at once', async () => {
  const world = testWorld()
  const server = await world.createPeer({ name: 'server' })
  await serve(server)
  const other = await world.createPeer({ name: 'other' })
  const caller = await world.createPeer({ name: 'caller' })
  await world.advance(2_000)
  const startMs = world.nowMs
  for (const to of [other.id, 'f'.repeat(32)]) {
    const error = await world.run(
      failure(caller.client(Work, { retry: false }).note({ n: 1 }, { to })),
    )
    expect(error).toMatchObject({ code: 'EARSHOT_NO_SERVER', sent: 'no' })
    expect(error.message).toContain(to)
  }
  expect(world.nowMs - startMs).toBeLessThan(100)
})

describe('a notification that is held for a full link', () => {
  it('ends at its deadline, unsent, while its receiver does nothing', async () => {
    const world = testWorld()
    const server = await world.createPeer({ name: 'server', limits: { creditBytes: 4_096 } })
    const seen: number[] = []
    const slow = {
      ...noHandlers,
      newest: async ({ n }: { n: number }) => {
        seen.push(n)
        await world.advance(20_000)
      },
    }
    await server.serve(Work, slow)
    const limits = { maxOutboundBytes: 8_192 }
    const caller = await world.createPeer({ name: 'caller', limits })
    await world.advance(100)
    const { newest } = caller.client(Work, { retry: false })
    const pad = 'x'.repeat(3_000)
    for (let n = 1; n <= 4; n++) void newest({ n, pad }, { until: 'queued' })
    const startMs = world.nowMs
    const error = await world.run(failure(newest({ n: 5, pad }, { timeoutMs: 1_000 })))
    expect(error).toMatchObject({
      code: 'EARSHOT_DEADLINE',
      sent: 'no',
      data: { where: 'outbound' },
    })
    expect(world.nowMs - startMs).toBeLessThan(1_005)
    const control = new AbortController()
    const cancelled = failure(newest({ n: 6, pad }, { timeoutMs: 50_000, signal: control.signal }))
    await world.advance(100)
    control.abort()
    expect(await cancelled).toMatchObject({ code: 'EARSHOT_CANCELLED', sent: 'no' })
    await world.advance(100_000)
    expect(seen).toContain(1)
    expect(seen).not.toContain(5)
    expect(seen).not.toContain(6)
  })
})

const noHandlers = {
  ask: (body: { n: number }) => body,
  poll: (body: { n: number }) => body,
  note: () => undefined,
  async *count(body: { n: number }) {
    yield body
  },
  async *talk(said: AsyncIterable<{ n: number }>) {
    yield* said
  },
}

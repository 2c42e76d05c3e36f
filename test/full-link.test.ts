// What happens when one link is full: each overflow, for notifications and requests.

import { Bytes, contract, notification, type Overflow, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure, pairOf, until } from './support/peers.ts'

const Small = Type.Object({ id: Type.Integer() })
const channel = (overflow: Overflow) => notification(Small, { overflow })
const Flow = contract('test.flow', '1.0.0', {
  fill: notification(Bytes()),
  rejecting: channel('reject'),
  newest: channel('drop-newest'),
  oldest: channel('drop-oldest'),
  latest: channel('latest'),
  blocking: request(Small, Small),
  asking: request(Small, Small, { overflow: 'reject' }),
  late: notification(Small, { delayMs: 100 }),
})

/** A pair whose link from b to a is full until `open()`. */
async function fullPair() {
  const bounds = { creditBytes: 20_000, maxOutboundBytes: 40_000, maxHeldMessages: 3 }
  const limits = { ...bounds, drainTimeoutMs: 100 }
  const [a, b] = await pairOf({ limits }, { limits })
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const seen: [string, number][] = []
  const note = (name: string) => (body: { id: number }) => void seen.push([name, body.id])
  await a.serve(Flow, {
    fill: () => gate,
    rejecting: note('rejecting'),
    newest: note('newest'),
    oldest: note('oldest'),
    latest: note('latest'),
    late: note('late'),
    blocking: (body) => body,
    asking: (body) => body,
  })
  const client = b.client(Flow)
  const out = b.sender(Flow.fill)
  await out.ready()
  while (out.send(new Uint8Array(1_000))) await new Promise((resolve) => setImmediate(resolve))
  return { a, b, client, seen, open }
}

describe('a notification to a full link', () => {
  it('is refused at once with reject', async () => {
    const { client, b } = await fullPair()
    const refused = { code: 'EARSHOT_OVERLOADED', sent: 'no' }
    expect(await failure(client.rejecting({ id: 1 }))).toMatchObject(refused)
    expect(() => b.sender(Flow.rejecting).send({ id: 2 })).toThrow(expect.objectContaining(refused))
  })

  it('gives way with drop-newest, and is counted', async () => {
    const { client, b, a, seen, open } = await fullPair()
    const gone = { became: 'dropped', by: 'sender', why: 'overflow', to: a.id }
    expect(await client.newest({ id: 1 })).toEqual(gone)
    expect(b.sender(Flow.newest).send({ id: 2 })).toBe(false)
    const row = b.stats().channels.find(({ channel }) => channel === 'test.flow/1/newest')
    expect(row).toMatchObject({ sent: 0, dropped: 2 })
    expect(b.stats().links[0]).toMatchObject({ dropped: 2 })
    open()
    await until(
      'there is room again',
      async () => (await client.newest({ id: 3 })).became !== 'dropped',
    )
    await until('it has come', () => seen.length === 1)
    expect(seen).toEqual([['newest', 3]])
  })

  it('lets the oldest give way with drop-oldest; the rest leaves in order', async () => {
    const { client, b, seen, open } = await fullPair()
    const out = b.sender(Flow.oldest)
    for (const id of [1, 2]) expect(out.send({ id })).toBe(false)
    const verdicts = [3, 4, 5].map((id) => client.oldest({ id }))
    const queued = await client.oldest({ id: 6 }, { until: 'queued' })
    expect(queued.became).toBe('queued')
    open()
    expect((await Promise.all(verdicts)).map(({ became }) => became)).toEqual([
      'dropped',
      'written',
      'written',
    ])
    await until('three have come', () => seen.length === 3)
    expect(seen.map(([, id]) => id)).toEqual([4, 5, 6])
    const row = b.stats().channels.find(({ channel }) => channel === 'test.flow/1/oldest')
    expect(row).toMatchObject({ sent: 3, dropped: 3 })
  })

  it('keeps only the newest with latest, as it was when it was sent', async () => {
    const { b, seen, open } = await fullPair()
    const out = b.sender(Flow.latest)
    const body = { id: 0 }
    for (body.id = 1; body.id < 10; body.id++) out.send(body)
    open()
    await until('one has come', () => seen.length > 0)
    expect(seen).toEqual([['latest', 9]])
  })
})

describe('a request to a full link', () => {
  it('waits for room, and has its answer', async () => {
    const { client, open } = await fullPair()
    const calls = Array.from({ length: 20 }, (_, id) => client.blocking({ id }))
    expect(await Promise.race([calls[0], 'waits'])).toBe('waits')
    open()
    expect(await Promise.all(calls)).toEqual(calls.map((_, id) => ({ id })))
  })

  it('that stays full ends at its time-out, unsent', async () => {
    const { client } = await fullPair()
    const work = client.blocking({ id: 1 }, { timeoutMs: 50 })
    expect(await failure(work)).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'no' })
  })

  it('is refused at once with reject', async () => {
    const { client } = await fullPair()
    const work = client.asking({ id: 1 }, { timeoutMs: 60_000 })
    expect(await failure(work)).toMatchObject({ code: 'EARSHOT_OVERLOADED', sent: 'no' })
  })
})

describe('a channel with a delay', () => {
  it('lets what comes within it leave together, and not later', async () => {
    const { b, seen, open, client } = await fullPair()
    open()
    await until('there is room', async () => (await client.newest({ id: 0 })).became === 'written')
    const framesBefore = b.stats().links[0]?.framesOut ?? 0
    const out = b.sender(Flow.late)
    for (let id = 0; id < 20; id++) {
      out.send({ id })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('all have come', () => seen.filter(([name]) => name === 'late').length === 20)
    expect((b.stats().links[0]?.framesOut ?? 0) - framesBefore).toBeLessThan(10)
  })

  it('is refused where it is no delay', () => {
    expect(() => contract('x.y', '1.0.0', { a: notification(Small, { delayMs: -1 }) })).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' }),
    )
  })
})

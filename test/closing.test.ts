// A peer that closes: whoever asked it before they knew is answered, whoever comes late is told.

import { contract, type Peer, request, stream } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { testWorld } from './support/world.ts'

const Numbered = Type.Object({ n: Type.Integer() })
const Work = contract('test.work', '1.0.0', {
  ask: request(Numbered, Type.Object({ by: Type.String() })),
  count: stream(Numbered, Numbered),
})

const handlers = (by: string) => ({
  ask: async () => ({ by }),
  async *count({ n }: { n: number }) {
    for (let item = 0; item < n; item++) yield { n: item }
  },
})

describe('a peer that closes in the middle of a dial', () => {
  it('says goodbye to who has heard its hello', async () => {
    const world = testWorld({ conditions: { latencyMs: 10, jitterMs: 0 } })
    const other = await world.createPeer({ name: 'other' })
    await world.advance(2_000)
    const ends: [string, unknown][] = []
    const watching = (async () => {
      for await (const { type, peer, reason } of other.watch()) {
        if (type === 'down') ends.push([peer.name, reason])
      }
    })()
    // The connection takes 30 ms, the hello 10, the welcome 10.
    for (const afterMs of [5, 25, 35, 45, 55]) {
      const brief = await world.createPeer({ name: `brief ${afterMs}` })
      await world.advance(afterMs)
      await world.run(brief.close())
    }
    await world.advance(100)
    const known = ends.map(([name]) => name)
    expect(known).toEqual(expect.arrayContaining(['brief 35', 'brief 45', 'brief 55']))
    expect(ends).toEqual(known.map((name) => [name, 'left']))
    await world.run(other.close())
    await watching
  })

  it('waits 100 ms for who does not answer, and leaves nothing behind', async () => {
    const world = testWorld()
    const mute = await world.createPeer({ name: 'mute' })
    await world.advance(2_000)
    world.stop(mute)
    const brief = await world.createPeer({ name: 'brief' })
    const late = brief.client(Work).ask({ n: 1 })
    const failed = expect(late).rejects.toMatchObject({ code: 'EARSHOT_CLOSED', sent: 'no' })
    await world.advance(200)
    const closeMs = world.nowMs
    await world.run(brief.close())
    expect(world.nowMs - closeMs).toBeGreaterThan(99)
    expect(world.nowMs - closeMs).toBeLessThan(110)
    await failed
    world.resume(mute)
    await world.run(mute.close())
    await world.advance(1_000)
    expect(world.pending).toBe(0)
  })

  it('dials nobody any more, whoever is found', async () => {
    const world = testWorld()
    const limits = { maxDialsAtOnce: 1 }
    const mutes: Peer[] = []
    for (const name of ['one', 'two', 'three']) mutes.push(await world.createPeer({ name }))
    await world.advance(2_000)
    for (const mute of mutes) world.stop(mute)
    const brief = await world.createPeer({ name: 'brief', limits })
    await world.advance(100)
    const closeMs = world.nowMs
    await world.run(brief.close())
    expect(world.nowMs - closeMs).toBeLessThan(110)
  })
})

describe('a peer that closes', () => {
  it('tells those who find it meanwhile, so that they ask somebody else', async () => {
    const world = testWorld()
    const server = await world.createPeer({ name: 'server' })
    const slow = {
      ...handlers('server'),
      ask: () => world.advance(1_000).then(() => ({ by: 's' })),
    }
    await server.serve(Work, slow)
    const caller = await world.createPeer({ name: 'caller' })
    await world.advance(100)
    const call = caller.client(Work).ask({ n: 1 })
    await world.advance(50)
    const newcomer = await world.createPeer({ name: 'newcomer' })
    const seen: string[] = []
    const watching = (async () => {
      for await (const { type, peer } of newcomer.watch()) seen.push(`${peer.name} ${type}`)
    })()
    const closing = server.close()
    await world.advance(500)
    expect(newcomer.peers().map(({ name }) => name)).toEqual(['caller'])
    const asking = newcomer.client(Work, { retry: false }).ask({ n: 2 })
    const other = await world.createPeer({ name: 'other' })
    await other.serve(Work, handlers('other'))
    expect(await world.run(asking)).toEqual({ by: 'other' })
    expect(await world.run(call)).toEqual({ by: 's' })
    await world.run(closing)
    expect(seen).toContain('server leaving')
    await world.run(newcomer.close())
    await watching
  })

  it('serves a stream to its end that was asked for before its goodbye was heard', async () => {
    const world = testWorld({ conditions: { latencyMs: 20, jitterMs: 0 } })
    const server = await world.createPeer({ name: 'server' })
    await server.serve(Work, handlers('server'))
    const caller = await world.createPeer({ name: 'caller' })
    await world.advance(500)
    const items: number[] = []
    await world.run(async () => {
      const closing = server.close()
      const counting = caller.client(Work).count({ n: 60 }, { ahead: 4 })
      for await (const { n } of counting) items.push(n)
      await closing
    })
    expect(items).toHaveLength(60)
  })

  it('answers what was asked up to the instant at which its goodbye is heard', async () => {
    const world = testWorld({ conditions: { latencyMs: 20, jitterMs: 0 } })
    const servers: Peer[] = []
    for (const name of ['first', 'second']) {
      const server = await world.createPeer({ name })
      await server.serve(Work, handlers(name))
      servers.push(server)
    }
    const caller = await world.createPeer({ name: 'caller' })
    const work = caller.client(Work, { retry: false })
    await world.advance(500)
    const by = new Set<string>()
    await world.run(async () => {
      const closing = servers[0]?.close()
      const calls: Promise<unknown>[] = []
      for (let n = 0; n < 400; n++) {
        calls.push(work.ask({ n }).then((answer) => by.add(answer.by)))
        await world.advance(0.125)
      }
      await Promise.all([...calls, closing])
    })
    expect([...by].sort()).toEqual(['first', 'second'])
  })
  it('answers what waited for credit when its goodbye came', async () => {
    const world = testWorld()
    const limits = { creditBytes: 4_096 }
    const server = await world.createPeer({ name: 'server', limits })
    const ask = () => world.advance(20).then(() => ({ by: 'server' }))
    await server.serve(Work, { ...handlers('server'), ask })
    const caller = await world.createPeer({ name: 'caller' })
    const work = caller.client(Work, { retry: false })
    await world.run(work.ask({ n: 0 }))
    await world.run(async () => {
      const headers = { pad: 'x'.repeat(2_000) }
      const calls = Array.from({ length: 40 }, (_, n) => work.ask({ n }, { headers }))
      const closing = server.close()
      for (const { by } of await Promise.all(calls)) expect(by).toBe('server')
      await closing
    })
  })
})

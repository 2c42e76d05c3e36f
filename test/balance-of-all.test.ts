// How tickets and streams are shared out: by key and by load, as requests are; where it shows.

import { contract, type Peer, request, stream } from 'earshot'
import type { World } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from './support/peers.ts'
import { testWorld } from './support/world.ts'

const Asked = Type.Object({ customer: Type.String() })
const By = Type.Object({ by: Type.String() })
const Desk = contract('test.desk', '1.0.0', { ask: request(Asked, By), each: stream(Asked, By) })

type How = 'never' | 'at once' | 'fails'

/** A server that answers in its way. */
async function serve(world: World, name: string, how: How): Promise<Peer> {
  const peer = await world.createPeer({ name })
  const answer = async () => {
    if (how === 'fails') throw new Error('no disk')
    if (how === 'never') await new Promise(() => undefined)
    return { by: name }
  }
  await peer.serve(Desk, {
    ask: answer,
    each: async function* () {
      yield await answer()
    },
  })
  return peer
}

/** Several of them, by name, and one who calls them. */
async function desks(world: World, servers: Readonly<Record<string, How>>) {
  const peers = new Map<string, Peer>()
  for (const [name, how] of Object.entries(servers)) peers.set(name, await serve(world, name, how))
  const caller = await world.createPeer({ name: 'caller' })
  await world.advance(1_000)
  expect(caller.peers()).toHaveLength(peers.size)
  return { caller, peers }
}

const loads = (peer: Peer) =>
  Object.fromEntries(peer.stats().links.map((link) => [link.peer.name, link.load]))

describe('tickets', () => {
  it('of one key go to one peer, the same as its requests, by a field of the body', async () => {
    const world = testWorld({ seed: 11 })
    await world.run(async () => {
      const { caller } = await desks(world, { a: 'at once', b: 'at once', c: 'at once' })
      const { ask } = caller.client(Desk, { balance: { key: 'customer' } })
      const homes = new Set<string>()
      for (let at = 0; at < 30; at++) {
        const body = { customer: `c${at}` }
        const { by } = await ask(body)
        homes.add(by)
        for (let more = 0; more < 2; more++) {
          expect(await ask.later(body).answer()).toEqual({ by })
        }
      }
      expect(homes.size).toBe(3)
    })
  })

  it('that wait are work of their peer: the next go to others, and it is seen', async () => {
    const world = testWorld({ seed: 12 })
    await world.run(async () => {
      const { caller } = await desks(world, { stuck: 'never', quick: 'at once' })
      const { ask } = caller.client(Desk, { balance: 'least' })
      const tickets = Array.from({ length: 8 }, () => ask.later({ customer: 'x' }))
      await world.advance(100)
      expect(loads(caller)).toEqual({ stuck: 4, quick: 0 })
      for (let more = 0; more < 20; more++) {
        expect(await ask.later({ customer: 'x' }).answer()).toEqual({ by: 'quick' })
      }
      for (const ticket of tickets) ticket.cancel()
      await world.advance(100)
      expect(loads(caller)).toEqual({ stuck: 0, quick: 0 })
      for (const ticket of tickets) await ticket.answer().catch(() => undefined)
    })
  })
})

describe.each(['tickets', 'streams'] as const)('%s', (what) => {
  it('are not drawn by a peer that fails at once', async () => {
    const world = testWorld({ seed: 13 })
    await world.run(async () => {
      const { caller } = await desks(world, { bad: 'fails', good: 'never' })
      const { ask, each } = caller.client(Desk, { balance: 'least' })
      let failed = 0
      for (let at = 0; at < 60; at++) {
        const body = { customer: 'x' }
        const one = what === 'tickets' ? ask.later(body).answer() : each(body).next()
        void failure(one).then(({ code }) => {
          if (code === 'EARSHOT_REMOTE') failed++
        })
        await world.advance(10)
      }
      expect(failed).toBeGreaterThan(0)
      expect(failed).toBeLessThan(40)
    })
  })
})

describe('calls beyond what the first choice takes', () => {
  it('go to the spare one: nearly none fails, though retries have their budget', async () => {
    const world = testWorld({ seed: 16 })
    await world.run(async () => {
      const by = (name: string) => ({ ask: () => ({ by: name }), each: () => [{ by: name }] })
      const usual = await world.createPeer({ name: 'usual' })
      await usual.serve(Desk, by('usual'), { rateLimit: { perSecond: 50, burst: 5 } })
      const spare = await world.createPeer({ name: 'spare' })
      await spare.serve(Desk, by('spare'), { weight: 0 })
      const caller = await world.createPeer({ name: 'caller' })
      await world.advance(1_000)
      const { ask } = caller.client(Desk)
      const answers: Promise<string>[] = []
      for (let call = 0; call < 1_500; call++) {
        const answered = ask({ customer: 'x' }).then((answer) => answer.by)
        answers.push(answered.catch(() => 'nobody'))
        await world.advance(5)
      }
      await world.advance(3_000)
      const all = await Promise.all(answers)
      const count = (who: string) => all.filter((one) => one === who).length
      expect(count('nobody')).toBeLessThan(30)
      expect(count('usual')).toBeGreaterThan(7.5 * 50 * 0.8)
    })
  })
})

describe('what balance decided', () => {
  it('is seen in stats(): the calls of each link, and what its peer has to do', async () => {
    const world = testWorld({ seed: 14 })
    await world.run(async () => {
      const { caller } = await desks(world, { a: 'at once', b: 'at once' })
      const { ask } = caller.client(Desk, { balance: { by: 'turn', weights: { a: 3 } } })
      for (let at = 0; at < 40; at++) await ask({ customer: 'x' })
      const calls = caller.stats().links.map(({ peer, calls, load }) => [peer.name, calls, load])
      expect(Object.fromEntries(calls.map(([name, ...rest]) => [name, rest]))).toEqual({
        ...{ a: [30, 0], b: [10, 0] },
      })
    })
  })

  it('by key outlives a restart: who comes back by its name has its keys again', async () => {
    const world = testWorld({ seed: 15 })
    await world.run(async () => {
      const { caller, peers } = await desks(world, { a: 'at once', b: 'at once', c: 'at once' })
      const { ask } = caller.client(Desk, { balance: { key: 'customer' } })
      const homes = async () => {
        const all: string[] = []
        for (let at = 0; at < 60; at++) all.push((await ask({ customer: `c${at}` })).by)
        return all
      }
      const before = await homes()
      world.kill(peers.get('b') as Peer)
      await world.advance(5_000)
      const without = await homes()
      expect(without).toEqual(before.map((home, at) => (home === 'b' ? without[at] : home)))
      expect(without).not.toContain('b')
      const again = await serve(world, 'b', 'at once')
      await world.advance(1_000)
      expect(caller.peers().map(({ id }) => id)).toContain(again.id)
      expect(await homes()).toEqual(before)
    })
  })
})

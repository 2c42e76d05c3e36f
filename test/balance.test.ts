// Calls shared out among real peers: the slow get fewer, weights and keys hold, bad ones draw none.

import { contract, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { doorway } from './support/doorway.ts'
import { failure, randomMesh, testPeer, until } from './support/peers.ts'

const Asked = Type.Object({ customer: Type.Integer() })
const By = Type.Object({ by: Type.String() })
const Desk = contract('test.desk', '1.0.0', { ask: request(Asked, By) })
type Handler = () => { by: string } | Promise<{ by: string }>

/** Servers by name, each with its handler and weight, and one who calls them. */
async function desks(servers: Readonly<Record<string, readonly [Handler, number?]>>) {
  const mesh = randomMesh()
  const caller = await testPeer({ name: 'caller', mesh, zone: 'rack 1' })
  const peers: Peer[] = []
  for (const [name, [ask, weight = 1]] of Object.entries(servers)) {
    const peer = await testPeer({ name, mesh, zone: 'rack 2' })
    await peer.serve(Desk, { ask }, { weight })
    peers.push(peer)
  }
  const { length } = peers
  await until('all serve', () => {
    return caller.peers().filter(({ contracts }) => contracts.length > 0).length === length
  })
  return { caller, peers }
}

function tally(answers: readonly { by: string }[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { by } of answers) found[by] = (found[by] ?? 0) + 1
  return found
}

describe('calls to several who serve', () => {
  it('go to whoever has less to do, while one does not answer', async () => {
    const { passed, open } = doorway()
    const slow = async () => {
      await passed
      return { by: 'slow' }
    }
    const { caller } = await desks({ slow: [slow], quick: [() => ({ by: 'quick' })] })
    const desk = caller.client(Desk, { timeoutMs: 60_000, balance: 'least' })
    const first = Array.from({ length: 10 }, () => desk.ask({ customer: 1 }))
    await until('the quick one is through', () => caller.stats().pendingRequests === 5)
    for (let call = 0; call < 200; call++) {
      expect(await desk.ask({ customer: 1 })).toEqual({ by: 'quick' })
    }
    open()
    expect(tally(await Promise.all(first))).toEqual({ slow: 5, quick: 5 })
  })

  it('by default leave a slow one, too, and in turn do not', async () => {
    const { passed, open } = doorway()
    const slow = async () => {
      await passed
      return { by: 'slow' }
    }
    const { caller } = await desks({ slow: [slow], quick: [() => ({ by: 'quick' })] })
    const inTurn = caller.client(Desk, { timeoutMs: 60_000, balance: 'turn' })
    const turns = Array.from({ length: 20 }, () => inTurn.ask({ customer: 1 }))
    await until('half are through', () => caller.stats().pendingRequests === 10)
    const desk = caller.client(Desk, { timeoutMs: 60_000 })
    const calls: Promise<{ by: string }>[] = []
    for (let call = 0; call < 200; call++) {
      const one = desk.ask({ customer: 1 })
      calls.push(one)
      let answered = false
      void one.then(() => {
        answered = true
      })
      // The quick one has answered long before so many turns of the loop are over.
      for (let turn = 0; turn < 500 && !answered; turn++) await new Promise(setImmediate)
    }
    open()
    expect(tally(await Promise.all(turns))).toEqual({ slow: 10, quick: 10 })
    expect(tally(await Promise.all(calls)).quick).toBeGreaterThan(120)
  })

  it('follow the weights with which they are served, also when one is served anew', async () => {
    const by = (name: string): Handler => {
      return () => ({ by: name })
    }
    const { caller, peers } = await desks({ big: [by('big'), 3], small: [by('small')] })
    const desk = caller.client(Desk, { balance: 'turn' })
    const answers = async (count: number) => {
      const found: { by: string }[] = []
      for (let call = 0; call < count; call++) found.push(await desk.ask({ customer: call }))
      return tally(found)
    }
    expect(await answers(40)).toEqual({ big: 30, small: 10 })
    const named = caller.peers().find(({ name }) => name === 'big')
    expect(named).toMatchObject({ zone: 'rack 2', contracts: [{ name: 'test.desk', weight: 3 }] })
    expect(peers[0]?.peers().find(({ name }) => name === 'caller')?.zone).toBe('rack 1')
  })

  it('of one customer go to one of them, by a field of the body', async () => {
    const by = (name: string): Handler => {
      return () => ({ by: name })
    }
    const { caller } = await desks({ a: [by('a')], b: [by('b')], c: [by('c')] })
    const desk = caller.client(Desk, { channels: { ask: { balance: { key: 'customer' } } } })
    const homes = new Map<number, string>()
    for (let call = 0; call < 90; call++) {
      const customer = call % 30
      const answer = await desk.ask({ customer })
      expect(answer.by).toBe(homes.get(customer) ?? answer.by)
      homes.set(customer, answer.by)
    }
    expect(new Set(homes.values()).size).toBe(3)
  })

  it('are not drawn by one that fails at once', async () => {
    const { passed, open } = doorway()
    const bad = () => {
      throw new Error('no disk')
    }
    const good = async () => {
      await passed
      return { by: 'good' }
    }
    const { caller } = await desks({ bad: [bad], good: [good] })
    const desk = caller.client(Desk, { timeoutMs: 60_000, balance: 'least' })
    const outcomes: Promise<unknown>[] = []
    for (let call = 0; call < 100; call++) {
      const one = desk.ask({ customer: 1 })
      outcomes.push(failure(one).catch(() => 'answered'))
      if (call % 2 === 0) await Promise.race([one.catch(() => 0), new Promise(setImmediate)])
    }
    await until('all are begun', () => {
      const { pendingRequests, counters } = caller.stats()
      return pendingRequests + counters.requestsFailed === 100
    })
    open()
    const answered = (await Promise.all(outcomes)).filter((outcome) => outcome === 'answered')
    expect(answered.length).toBeGreaterThan(40)
  })

  it('with a balance or a weight that cannot be used are refused with the path', async () => {
    const { caller, peers } = await desks({ a: [() => ({ by: 'a' })] })
    const bad = { channels: { ask: { balance: 'best' as never } } }
    expect(() => caller.client(Desk, bad)).toThrowError(
      expect.objectContaining({ path: '/channels/ask/balance/by' }),
    )
    const [first] = peers
    const Other = contract('test.other', '1.0.0', { ask: request(Asked, By) })
    const served = (first as Peer).serve(Other, { ask: () => ({ by: 'a' }) }, { weight: 1.5 })
    expect(await failure(served)).toMatchObject({ path: '/weight' })
  })
})

// Tickets keep their order where links are full, cut and healed: whole meshes in one process.

import { contract, type Peer, request } from 'earshot'
import type { World } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Step = Type.Object({ at: Type.Integer() })
const Work = contract('test.work', '1.0.0', { step: request(Step, Step) })

/** A full link is soon reached, so that tickets wait at every place where they can. */
const limits = { creditBytes: 2_000, maxOutboundBytes: 8_000 }
const COUNT = 400

/** A peer that notes what it is asked for, and one that asks, each `step` ms. */
async function pairIn(world: World) {
  const seen: number[] = []
  const server = await world.createPeer({ name: 'server', limits })
  await server.serve(Work, {
    step: ({ at }) => {
      seen.push(at)
      return { at }
    },
  })
  const caller = await world.createPeer({ name: 'caller', limits })
  await world.run(caller.client(Work).step({ at: -1 }))
  seen.length = 0
  return { server, caller, seen }
}

/** All of them, some at each turn, while `faults` happen to the link. */
async function askAll(world: World, caller: Peer, faults: (turn: number) => void) {
  const { step } = caller.client(Work)
  const tickets: Promise<{ at: number }>[] = []
  for (let turn = 0; tickets.length < COUNT; turn++) {
    faults(turn)
    for (let some = 0; some < 20; some++) {
      tickets.push(step.later({ at: tickets.length }).answer())
    }
    await world.advance(10)
  }
  return Promise.all(tickets)
}

const expected = Array.from({ length: COUNT }, (_, at) => at)

describe.each([1, 2, 3, 4])('tickets beyond what a link takes, seed %i', (seed) => {
  it('are handled once and in order when the link is cut and dialled anew', async () => {
    const world = testWorld({ seed })
    const { server, caller, seen } = await pairIn(world)
    await world.run(async () => {
      const answers = await askAll(world, caller, (turn) => {
        if (turn % 4 === 1) world.cut(server, caller)
      })
      expect(answers.map(({ at }) => at)).toEqual(expected)
    })
    expect(seen).toEqual(expected)
  })

  it('are handled once and in order when its peer is lost for a while', async () => {
    const world = testWorld({ seed })
    const { server, caller, seen } = await pairIn(world)
    await world.run(async () => {
      const answers = await askAll(world, caller, (turn) => {
        if (turn === 2) world.part([server], [caller])
        if (turn === 12) void world.advance(5_000).then(() => world.heal())
      })
      expect(answers.map(({ at }) => at)).toEqual(expected)
    })
    expect(seen).toEqual(expected)
  })
})

describe('tickets in a line where nobody serves', () => {
  it('end at their own deadlines, each with the peers that there are', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const { step } = caller.client(Work)
    await world.run(async () => {
      const long = failure(step.later({ at: 0 }, { timeoutMs: 3_000 }).answer())
      const short = failure(step.later({ at: 1 }, { timeoutMs: 1_000 }).answer())
      const same = failure(step.later({ at: 2 }, { timeoutMs: 3_000 }).answer())
      await world.advance(1_500)
      const nobody = { code: 'EARSHOT_NO_SERVER', sent: 'no' }
      expect(await short).toMatchObject(nobody)
      for (const error of await Promise.all([long, same])) expect(error).toMatchObject(nobody)
    })
    expect(caller.stats().openTickets).toBe(0)
  })

  it('are forgotten when they are cancelled, and asked for when somebody comes', async () => {
    const world = testWorld()
    const caller = await world.createPeer({ name: 'caller' })
    const { step } = caller.client(Work)
    await world.run(async () => {
      const [first, second] = [step.later({ at: 0 }), step.later({ at: 1 })]
      first.cancel()
      expect(await failure(first.answer())).toMatchObject({ code: 'EARSHOT_CANCELLED' })
      expect(caller.stats().openTickets).toBe(1)
      const server = await world.createPeer({ name: 'server' })
      await server.serve(Work, { step: (body) => body })
      expect(await second.answer()).toEqual({ at: 1 })
    })
  })
})

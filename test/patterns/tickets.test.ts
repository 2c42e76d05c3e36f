// What a ticket that ends before its peer has said a word says of its question: may it have come?

import { contract, notification, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { doorway } from '../support/doorway.ts'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Id = Type.Object({ id: Type.Integer() })
const Works = contract('test.works', '1.0.0', {
  build: request(Id, Id),
  load: notification(Type.Object({ pad: Type.String() })),
})

/** More than the credit of the link: what comes then stands in its frame. */
const PADS = 12
const limits = { creditBytes: 8_192, maxOutboundBytes: 65_536, maxFrameBytes: 2_048 }

async function fullLink() {
  const world = testWorld({ seed: 21 })
  const server = await world.createPeer({ name: 'server', limits })
  const caller = await world.createPeer({ name: 'caller', limits })
  const door = doorway()
  const built: number[] = []
  const build = ({ id }: { id: number }) => {
    built.push(id)
    return { id }
  }
  await server.serve(Works, { build, load: () => door.passed })
  const fill = async (peer: Peer) => {
    const { load } = peer.client(Works)
    for (let left = PADS; left > 0; left--) {
      await load({ pad: 'x'.repeat(1_000) }, { until: 'queued' })
    }
    await world.advance(100)
  }
  return { world, server, caller, door, built, fill }
}

describe('a ticket whose question still stands in a frame when its time is up', () => {
  it('does not rule out that it is begun: the frame leaves when there is credit', async () => {
    const { world, caller, door, built, fill } = await fullLink()
    await world.run(async () => {
      await fill(caller)
      const ticket = caller.client(Works).build.later({ id: 7 }, { timeoutMs: 200 })
      expect(await failure(ticket.answer())).toMatchObject({
        code: 'EARSHOT_TIMEOUT',
        sent: 'unknown',
      })
      expect(built).toEqual([])
      door.open()
      await world.advance(500)
      expect(built).toEqual([7])
    })
  })

  it('goes to another peer when the link ends before it left, and is done once', async () => {
    const { world, server, caller, built, fill } = await fullLink()
    const second = await world.createPeer({ name: 'second', limits })
    await world.run(async () => {
      await fill(caller)
      const ticket = caller.client(Works).build.later({ id: 7 }, { timeoutMs: 5_000 })
      await world.advance(50)
      world.kill(server)
      const build = ({ id }: { id: number }) => ({ id: id * 2 })
      await second.serve(Works, { build, load: () => undefined })
      expect(await ticket.answer()).toEqual({ id: 14 })
      expect(built).toEqual([])
    })
  })
})

describe('a ticket whose peer is killed', () => {
  it('waits until the deadline, as for a cut link, and says that it is gone', async () => {
    const world = testWorld()
    const server = await world.createPeer({ name: 'server' })
    const build = ({ id }: { id: number }) => world.advance(60_000).then(() => ({ id }))
    await server.serve(Works, { build, load: () => undefined })
    const caller = await world.createPeer({ name: 'caller' })
    const ticket = caller.client(Works).build.later({ id: 1 }, { timeoutMs: 8_000 })
    await world.run(ticket.taken())
    world.kill(server)
    const error = await world.run(failure(ticket.answer()))
    expect(error).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    expect(error.message).toMatch(/^server, which is not there, did not answer .* 8000 ms/)
    expect(world.nowMs).toBeLessThan(8_100)
  })
})

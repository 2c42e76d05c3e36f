// Links whose dialler may still give them up: nothing travels on them that could be lost.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askDoor, contract, type Peer, request, staticPeers } from 'earshot'
import { createWorld } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import type { Offers } from '../../src/wire/hello.ts'
import { Kind } from '../../src/wire/record.ts'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { helloOf, introduce, nextFrame, record } from '../support/strangers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Jobs = contract('test.jobs', '1.0.0', { once: request(Id, Id) })

function rawDealer(peer: Peer): zmq.Dealer {
  const dealer = new zmq.Dealer({ linger: 0, receiveTimeout: 5_000 })
  onTestFinished(() => dealer.close())
  dealer.connect(peer.endpoints.inbox[0] as string)
  return dealer
}

/** What somebody offers who serves the jobs. */
async function offersOfOther(): Promise<object> {
  const other = await testPeer({ name: 'other', mesh: randomMesh() })
  await other.serve(Jobs, { once: (body) => body })
  const { hello } = await askDoor(other.endpoints.door[0] as string, { op: 'hello' })
  return { contracts: (hello as Offers).contracts }
}

describe('a link that was welcomed and of which nothing was heard since', () => {
  it('carries no call: it may be the loser of a race, and calls wait for another', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const loser = rawDealer(caller)
    const offers = await offersOfOther()
    await loser.send(record(Kind.hello, helloOf(mesh, offers)))
    expect((await nextFrame(loser))[2]).toBe(Kind.welcome)
    const call = caller.client(Jobs, { timeoutMs: 10_000 }).once({ id: 1 })
    const winner = rawDealer(caller)
    await introduce(winner, mesh, offers)
    expect((await nextFrame(winner))[2]).toBe(Kind.welcome)
    expect((await nextFrame(winner))[2]).toBe(Kind.request)
    loser.close()
    winner.close()
    expect(await failure(call)).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
  })

  it('ends like any that is silent, and counts for nobody', async () => {
    const mesh = randomMesh()
    const peer = await testPeer({ name: 'peer', mesh, limits: { heartbeatMs: 50, maxPeers: 2 } })
    const dealers = [rawDealer(peer), rawDealer(peer), rawDealer(peer)]
    const said: Buffer[] = []
    for (const dealer of dealers) {
      await dealer.send(record(Kind.hello, helloOf(mesh)))
      said.push(await nextFrame(dealer))
    }
    expect(said.map((frame) => frame[2])).toEqual([Kind.welcome, Kind.welcome, Kind.refuse])
    expect(String(said[2])).toContain('maxPeers')
    expect(peer.peers()).toEqual([])
    for (const dealer of dealers.slice(0, 2)) {
      const frame = await nextFrame(dealer)
      expect([frame[2], String(frame)]).toEqual([
        Kind.refuse,
        expect.stringContaining('nothing was heard'),
      ])
    }
    await until('they are over', () => peer.stats().links.length === 0)
    await introduce(rawDealer(peer), mesh)
    await until('the next is in', () => peer.peers().length === 1)
  })
})

describe('a dial that is given up while its welcome is on the way', () => {
  it('costs the other side no call', async () => {
    // The hello is there after 1.2 s, its welcome after 1.6 s.
    await using world = createWorld({ conditions: { latencyMs: 400, jitterMs: 0 } })
    const limits = { dialTimeoutMs: 1_500 }
    await world.run(async () => {
      const caller = await world.createPeer({ name: 'caller' })
      const server = await world.createPeer({ name: 'server', limits, announce: false })
      await server.serve(Jobs, { once: (body) => body })
      const { once } = caller.client(Jobs, { timeoutMs: 60_000, retry: false })
      const call = once({ id: 1 })
      await world.advance(6_000)
      expect(caller.stats().counters.framesIn).toBeGreaterThan(0)
      world.between(caller, server, { latencyMs: 1 })
      expect(await call).toEqual({ id: 1 })
    })
  })
})

describe('a dial that is refused and welcomed in one frame', () => {
  it('is refused: nobody is up by a link that has closed', async () => {
    const mesh = randomMesh()
    const fickle = new zmq.Router({ linger: 0, receiveTimeout: 5_000 })
    onTestFinished(() => fickle.close())
    const endpoint = `ipc://${join(mkdtempSync(join(tmpdir(), 'es-')), 'fickle')}`
    await fickle.bind(endpoint)
    const discovery = [staticPeers([endpoint])]
    const caller = await testPeer({ name: 'caller', mesh, discovery })
    const [id] = (await fickle.receive()) as [Buffer]
    const refusal = record(Kind.refuse, { code: 'EARSHOT_OVERLOADED', message: 'full' })
    const welcome = record(Kind.welcome, helloOf(mesh)).subarray(2)
    await fickle.send([id, Buffer.concat([refusal, welcome])])
    await until('it is heard', () => caller.stats().counters.framesIn > 0)
    expect(caller.peers()).toEqual([])
    expect(caller.stats().links).toEqual([])
  })
})

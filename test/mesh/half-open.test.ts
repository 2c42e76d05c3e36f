// Links that one side has closed and the other holds for open: who speaks there is told at once.

import { askDoor, contract, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { Kind } from '../../src/wire/record.ts'
import { faults, randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'
import { introduce, record } from '../support/strangers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Answer = Type.Object({ id: Type.Integer(), by: Type.String() })
const Jobs = contract('test.jobs', '1.0.0', {
  safe: request(Id, Answer, { idempotent: true }),
  once: request(Id, Answer),
})

/** The next frame of that kind: its payload is JSON. */
async function next(socket: zmq.Dealer, kind: number): Promise<Record<string, unknown>> {
  for (;;) {
    const [frame] = (await socket.receive()) as [Buffer]
    if (frame[2] === kind) return JSON.parse(frame.subarray(frame.indexOf('{')).toString())
  }
}

describe('a link that was closed here and not there', () => {
  it('is refused when its peer was silent, and whenever that speaks again', async () => {
    const mesh = randomMesh()
    const told = faults()
    const peer = await testPeer({ name: 'peer', mesh, limits: { heartbeatMs: 50 } })
    const stranger = new zmq.Dealer({ linger: 0 })
    onTestFinished(() => stranger.close())
    stranger.connect(peer.endpoints.inbox[0] as string)
    await introduce(stranger, mesh, { heartbeatMs: 50 })
    expect(await next(stranger, Kind.welcome)).toMatchObject({ name: 'peer' })
    const unheard = await next(stranger, Kind.refuse)
    expect(unheard).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
    expect(peer.peers()).toEqual([])
    for (const kind of [Kind.beat, Kind.request]) {
      await stranger.send(record(kind, Buffer.from([8, 1, 100, 0x7b, 0x7d])))
      const unknown = await next(stranger, Kind.refuse)
      expect(unknown.message).toContain('not known on this link')
    }
    // What was on its way when the link ended is late, and nobody's fault: it is told of no one.
    expect(told).toEqual([])
    expect(peer.stats().counters).toMatchObject({ badFrames: 0, lateReplies: 2 })
  })

  it('costs a caller that stood still no time-out: it says hello anew', async () => {
    const mesh = randomMesh()
    // Whoever is silent for a second is down there; here it takes three.
    const options = { limits: { heartbeatMisses: 1 } }
    await startProcess('worker.js', [mesh, 'worker', JSON.stringify(options)])
    const caller = await testPeer({ name: 'caller', mesh, announce: false })
    const jobs = caller.client(Jobs, { timeoutMs: 10_000 })
    await jobs.safe({ id: 1 })
    expect(caller.peers()[0]?.endpoint).not.toBe('accepted')
    const stillUntil = performance.now() + 1_800
    while (performance.now() < stillUntil);
    const fromMs = performance.now()
    expect(await jobs.safe({ id: 2 })).toEqual({ id: 2, by: 'worker' })
    expect(performance.now() - fromMs).toBeLessThan(2_000)
    expect(caller.stats().counters.requestsTimedOut).toBe(0)
    await until('it is up', () => caller.peers().length === 1)
  })

  it('is first suspected, for all to see, and cleared when it is heard', async () => {
    const mesh = randomMesh()
    const peer = await testPeer({ name: 'peer', mesh, limits: { drainTimeoutMs: 50 } })
    const changes: string[] = []
    const watching = (async () => {
      for await (const { type, peer: remote } of peer.watch()) {
        changes.push(`${type} ${remote.suspected}`)
      }
    })()
    const stranger = new zmq.Dealer({ linger: 0 })
    onTestFinished(() => stranger.close())
    stranger.connect(peer.endpoints.inbox[0] as string)
    await introduce(stranger, mesh, { heartbeatMs: 1_000 })
    await until('it is suspected', () => peer.peers()[0]?.suspected === true)
    const [link] = peer.stats().links
    expect(link?.silentForMs).toBeGreaterThanOrEqual(1_700)
    expect(link?.givenUpAfterMs).toBe(3_000)
    const asked = await askDoor(peer.endpoints.door[0] as string, { op: 'peers' })
    expect(asked).toMatchObject({ peers: [{ suspected: true }] })
    await stranger.send(record(Kind.beat, ''))
    await until('it is cleared', () => peer.peers()[0]?.suspected === false)
    expect(peer.stats().counters.peersSuspected).toBe(1)
    await peer.close()
    await watching
    expect(changes).toEqual(['up false', 'suspected true', 'cleared false', 'down false'])
  })
})

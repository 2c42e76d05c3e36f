// Two peers of one host, their sockets and their pulses.

import { rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { insecure } from 'earshot'
import { expect, it, onTestFinished } from 'vitest'
import * as zmq from 'zeromq'
import { lastPulse, pulseFile } from '../../src/discovery/pulses.ts'
import { Kind } from '../../src/wire/record.ts'
import { pairOf, randomMesh, testPeer, until } from '../support/peers.ts'
import { introduce, nextFrame, record } from '../support/strangers.ts'

const limits = { heartbeatMs: 250 }

it.each(['ipc', 'tcp'])(
  'who asks for a word ten thousand times by %s gets one, or none',
  async (by) => {
    const mesh = randomMesh()
    const security = insecure()
    const peer = await testPeer({ name: 'peer', mesh, security, limits: { heartbeatMs: 60_000 } })
    const inbox = peer.endpoints.inbox.find((one) => one.startsWith(by)) as string
    const stranger = new zmq.Dealer({ linger: 0 })
    onTestFinished(() => stranger.close())
    stranger.connect(inbox)
    await introduce(stranger, mesh, { dialled: inbox })
    await until('it is a peer', () => peer.peers().length === 1)
    const asked = record(Kind.beat, Buffer.from([0]))
    const head = asked.subarray(0, 2)
    const records = Array.from({ length: 10_000 }, () => asked.subarray(2))
    await stranger.send(Buffer.concat([head, ...records]))
    await stranger.send(record(Kind.last, ''))
    let beats = 0
    for (;;) {
      const kind = (await nextFrame(stranger))[2]
      if (kind === Kind.farewell) break
      if (kind === Kind.beat) beats++
    }
    expect(beats).toBe(by === 'ipc' ? 1 : 0)
  },
)

it('who rests sees the other live and says nothing, and speaks where nothing is seen', async () => {
  const [a, b] = await pairOf({ limits }, { limits })
  const folder = dirname(String(a.endpoints.inbox[0]).slice('ipc://'.length))
  const framesOut = () => [a, b].map((peer) => peer.stats().links[0]?.framesOut ?? 0)
  const beats = async (count: number) => {
    const seen = new Set<number | undefined>()
    await until('a beats', () => seen.add(lastPulse(folder, a.id)).size > count)
  }
  const quiet = async () => {
    const before = framesOut()
    await beats(4)
    return String(framesOut()) === String(before)
  }
  await until('their beats stay away', quiet)

  const place = dirname(pulseFile(folder, a.id))
  rmSync(place, { recursive: true })
  writeFileSync(place, 'no directory')
  const before = framesOut()
  const haveSpoken = () => framesOut().every((count, at) => count > (before[at] ?? 0) + 6)
  await until('their beats go by the link', haveSpoken)
  rmSync(place)
  await until('their beats stay away again', quiet)
  for (const peer of [a, b]) {
    expect(peer.stats().counters).toMatchObject({ peersUp: 1, peersDown: 0, badFrames: 0 })
  }
})

// Two peers of one host, their sockets and their pulses.

import { rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { lastPulse, pulseFile } from '../../src/discovery/pulses.ts'
import { pairOf, until } from '../support/peers.ts'

const limits = { heartbeatMs: 250 }

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

// Fault 6: a subscriber stands still while a million events flow to it and to others.

import { describe, expect, it } from 'vitest'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startProcess, startServing } from '../support/processes.ts'

const EVENTS = 1_000_000
/** So many are published before the others are asked whether they have heard all. */
const STEP = 20_000
const TEXT = 'x'.repeat(200)
/** What waits for who stands still is bounded; once it is full there is nothing more to come. */
const FLAT_BYTES = 32 * 1_048_576

interface State {
  readonly heard: number
  readonly holes: number
  readonly outOfOrder: number
  readonly missed: number
  readonly last: number
}

const stateOf = async (peer: PeerProcess) =>
  (await peer.ask({ do: 'state' }, 'state')) as unknown as State
const bytesOf = async (peer: PeerProcess) =>
  (await peer.ask({ do: 'stats' }, 'stats')).rss as number

describe('a subscriber that stands still while a million events flow (fault 6)', () => {
  it('costs bounded memory, keeps nobody from one event, and counts its gap exactly', async () => {
    const mesh = randomMesh()
    const publisher = await startServing(mesh, 'publisher')
    const [still, ...others] = (await Promise.all(
      ['still', 'one', 'other'].map((name) => startProcess('hearing.js', [mesh, name])),
    )) as [PeerProcess, ...PeerProcess[]]
    let published = 0
    const publish = async (peers: readonly PeerProcess[]) => {
      const range = { from: published, to: published + STEP }
      await publisher.ask({ do: 'publish', ...range, text: TEXT }, 'published')
      published = range.to
      for (const peer of peers) {
        await until('all is heard', async () => (await stateOf(peer)).last === published - 1)
      }
    }
    await until('all are known, and what they hear is in force', async () => {
      return (await publisher.ask({ do: 'stats' }, 'stats')).peers === 3
    })
    await publish([still, ...others])
    still.kill('SIGSTOP')
    let half = 0
    while (published < EVENTS) {
      await publish(others)
      if (published === EVENTS / 2) half = await bytesOf(publisher)
    }
    const grownBytes = (await bytesOf(publisher)) - half
    for (const peer of others) {
      const { heard, missed, outOfOrder } = await stateOf(peer)
      expect({ heard, missed, outOfOrder }).toEqual({ heard: EVENTS, missed: 0, outOfOrder: 0 })
    }
    expect(grownBytes).toBeLessThan(FLAT_BYTES)
    still.kill('SIGCONT')
    await until('it knows what it has missed', async () => {
      const { heard, missed } = await stateOf(still)
      return heard + missed >= EVENTS
    })
    await publish([still, ...others])
    const { heard, missed, holes, outOfOrder } = await stateOf(still)
    console.info({ missed, grownMB: Math.round(grownBytes / 1_048_576) })
    expect(missed).toBeGreaterThan(0)
    expect({ sum: heard + missed, holes, outOfOrder }).toEqual({
      ...{ sum: EVENTS + STEP, holes: missed, outOfOrder: 0 },
    })
    expect(publisher.errors()).toBe('')
  })
})

// Fault 24: two majors of a contract on one mesh, and one that calls itself compatible and is not.

import { describe, expect, it } from 'vitest'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startVersioned } from '../support/processes.ts'

const TIMES = 300

interface State {
  readonly peers: readonly { readonly contracts: readonly unknown[] }[]
  readonly faults: readonly { readonly code?: string; readonly text: string }[]
  readonly stats: { readonly counters: Readonly<Record<string, number>> }
}

interface Failed {
  readonly code: string
  readonly message: string
  readonly path?: string
}

const first = { sku: 'a', count: 3, size: 'small' }
const second = { item: 'a' }
const stateOf = async (peer: PeerProcess) =>
  (await peer.ask({ do: 'state' }, 'state')) as unknown as State
const start = (mesh: string, name: string, serves: readonly string[], uses: string) =>
  startVersioned(mesh, name, { serves, uses })

/** Who answered, and how often; a failed call is an error. */
async function answersOf(peer: PeerProcess, body: object): Promise<Record<string, number>> {
  const { value, error } = await peer.ask({ do: 'call', body, times: TIMES }, 'called')
  expect(error).toBeUndefined()
  const by: Record<string, number> = {}
  for (const answer of value as { by: string }[]) by[answer.by] = (by[answer.by] ?? 0) + 1
  return by
}

async function failureOf(peer: PeerProcess, body: object): Promise<Failed> {
  const options = { timeoutMs: 2_000 }
  return (await peer.ask({ do: 'call', body, options }, 'called')).error as Failed
}

const knows = (peer: PeerProcess, servers: number) =>
  until(`${servers} servers are known`, async () => {
    const { peers } = await stateOf(peer)
    return peers.filter(({ contracts }) => contracts.length > 0).length === servers
  })

describe('incompatible majors on one mesh (fault 24)', () => {
  it('are served side by side, and who is left without its own is told of the other', async () => {
    const mesh = randomMesh()
    const [, newer, both] = await Promise.all([
      start(mesh, 'older', ['1.4.0'], '1.4.0'),
      start(mesh, 'newer', ['2.0.0'], '2.0.0'),
      start(mesh, 'both', ['1.2.0', '2.0.0'], '1.2.0'),
    ])
    const callers = [
      { peer: await start(mesh, 'first', [], '1.2.0'), body: first },
      { peer: await start(mesh, 'second', [], '2.0.0'), body: second },
    ]
    for (const { peer } of callers) await knows(peer, 3)
    // Versions that differ by a minor have to meet before they are used.
    await until('both servers of the first major answer', async () => {
      return Object.keys(await answersOf(callers[0]?.peer as PeerProcess, first)).length === 2
    })
    const [ones, twos] = await Promise.all(callers.map(({ peer, body }) => answersOf(peer, body)))
    expect(Object.keys(ones ?? {}).sort()).toEqual(['both 1.2.0', 'older 1.4.0'])
    expect(Object.keys(twos ?? {}).sort()).toEqual(['both 2.0.0', 'newer 2.0.0'])
    for (const peer of [newer, both]) peer.kill('SIGKILL')
    const { peer } = callers[1] as { peer: PeerProcess }
    await knows(peer, 1)
    const { code, message } = await failureOf(peer, second)
    expect(code).toBe('EARSHOT_NO_SERVER')
    expect(message).toMatch(/test\.orders\/2\/place.*1\.4\.0 at older/)
    expect(await answersOf(callers[0]?.peer as PeerProcess, first)).toEqual({
      'older 1.4.0': TIMES,
    })
    for (const { peer } of callers) {
      const { faults, stats } = await stateOf(peer)
      expect(faults.filter(({ code }) => code === 'EARSHOT_CONTRACT_MISMATCH')).toEqual([])
      expect(stats.counters.badFrames).toBe(0)
    }
  })

  it('called a minor, are an error on both sides, with both versions and the field', async () => {
    const mesh = randomMesh()
    const server = await start(mesh, 'server', ['1.9.0'], '1.9.0')
    const caller = await start(mesh, 'caller', [], '1.2.0')
    await knows(caller, 1)
    const { code, message, path } = await failureOf(caller, first)
    expect([code, path]).toEqual(['EARSHOT_CONTRACT_MISMATCH', '/body/count'])
    expect(message).toMatch(/1\.2\.0.*1\.9\.0.*\/body\/count/)
    await until('the server has said so, too', async () => {
      const { faults } = await stateOf(server)
      return faults.some(({ code, text }) => {
        return code === 'EARSHOT_CONTRACT_MISMATCH' && /1\.9\.0.*1\.2\.0.*\/body\/count/.test(text)
      })
    })
    // Others who can be understood are used all the same.
    await start(mesh, 'right', ['1.4.0'], '1.4.0')
    await until('the right one answers', async () => {
      const { value } = await caller.ask({ do: 'call', body: first }, 'called')
      return (value as { by: string } | undefined)?.by === 'right 1.4.0'
    })
  })
})

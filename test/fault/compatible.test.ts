// Fault 25: a contract changes compatibly under load. Peers of both versions call each other all
// the while, others of either come, and nobody is to notice. EARSHOT_NIGHTLY=1 lets up to 60 come,
// as many as there are cores for, and not 6.

import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createChance } from '../../src/testing/chance.ts'
import { randomMesh, until } from '../support/peers.ts'
import { type PeerProcess, startProcess } from '../support/processes.ts'

const isNightly = process.env.EARSHOT_NIGHTLY === '1'
const WAVE = 3
/** They never rest: with more than these, who comes is rightly found silent. */
const PER_CORE = 8
const NIGHTLY_WAVES = Math.min(20, Math.floor((PER_CORE * availableParallelism()) / WAVE) - 1)
const WAVES = isNightly ? NIGHTLY_WAVES : 2
const LIMIT_MS = isNightly ? 600_000 : 120_000
const ANSWERS = 100
const versions = ['1.2.0', '1.4.0'] as const
const seed = Number(process.env.EARSHOT_SEED ?? Date.now() % 2 ** 31)
const chance = createChance(seed)
const formats = ['json', 'msgpack', 'avro', 'protobuf']

interface State {
  readonly made: number
  readonly heard: number
  readonly by: Readonly<Record<string, number>>
  readonly wrong: readonly unknown[]
  readonly errors: readonly unknown[]
  readonly missed: number
  readonly mismatches: readonly unknown[]
  readonly stats: { readonly counters: Readonly<Record<string, number>> }
}

const stateOf = async (peer: PeerProcess, what = 'state') =>
  (await peer.ask({ do: what }, 'state')) as unknown as State
const sumOf = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

function start(mesh: string, number: number): Promise<PeerProcess> {
  const codecs = formats.toSorted(() => chance.next() - 0.5)
  const version = versions[number % 2]
  return startProcess('mixed.js', [
    mesh,
    `peer${number}`,
    JSON.stringify({ version, options: { codecs } }),
  ])
}

describe(`a compatible change of a contract under load (fault 25, seed ${seed})`, () => {
  const title = 'is noticed by nobody: no error, defaults filled, whoever comes while calls run'
  it(title, { timeout: LIMIT_MS }, async () => {
    const mesh = randomMesh()
    const peers = await Promise.all([0, 1, 2].map((number) => start(mesh, number)))
    const knowsAll = async (peer: PeerProcess) => {
      const { by } = await stateOf(peer)
      return Object.keys(by).length === peers.length - 1
    }
    for (let wave = 0; wave < WAVES; wave++) {
      for (const peer of peers) await until('each is answered by all', () => knowsAll(peer))
      // At once: those who come are busy with each other as well.
      const first = peers.length
      const come = Array.from({ length: WAVE }, (_, at) => start(mesh, first + at))
      peers.push(...(await Promise.all(come)))
    }
    for (const peer of peers) {
      await until('each is answered by all, often', async () => {
        const { by } = await stateOf(peer)
        return (await knowsAll(peer)) && sumOf(by) > ANSWERS
      })
    }
    const states = await Promise.all(peers.map((peer) => stateOf(peer, 'stop')))
    const made = states.reduce((sum, state) => sum + state.made, 0)
    console.info(`${made} calls of ${peers.length} peers (seed ${seed})`)
    for (const { made, by, heard, wrong, errors, missed, mismatches, stats } of states) {
      expect({ errors, wrong, missed, mismatches }).toEqual({
        ...{ errors: [], wrong: [], missed: 0, mismatches: [] },
      })
      expect(sumOf(by)).toBe(made)
      expect(heard).toBeGreaterThan(0)
      expect(stats.counters).toMatchObject({ badFrames: 0, handlerErrors: 0, peersDown: 0 })
    }
    for (const peer of peers) expect(peer.errors()).toBe('')
  })
})

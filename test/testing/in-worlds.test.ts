// Runs over many worlds: which seeds, what failed, and how it is brought back.

import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { contract, isEarshotError, request } from 'earshot'
import { inWorlds, type World } from 'earshot/testing'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { failure } from '../support/peers.ts'

const Id = Type.Object({ id: Type.Integer() })
const Echo = contract('test.echo', '1.0.0', { ask: request(Id, Id) })

async function asked(world: World): Promise<void> {
  await world.mockPeer(Echo, { answers: { ask: (body) => body } })
  const caller = await world.createPeer({ name: 'caller' })
  expect(await caller.client(Echo).ask({ id: world.seed })).toEqual({ id: world.seed })
}

beforeEach(() => void vi.stubEnv('EARSHOT_SEED', ''))
afterEach(() => vi.unstubAllEnvs())

describe('a run in many worlds', () => {
  it('makes one a seed, in which time moves, and closes each', async () => {
    const seen: World[] = []
    await inWorlds(5, async (world) => {
      seen.push(world)
      await asked(world)
    })
    expect(seen.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5])
    for (const world of seen) {
      await world.advance(60_000)
      expect(world.pending).toBe(0)
    }
  })

  it('ends at the first that fails, with its seed and how it is brought back', async () => {
    const seen: number[] = []
    const cause = new Error('sold twice')
    const run = inWorlds(9, async ({ seed }) => {
      seen.push(seed)
      if (seed === 3) throw cause
    })
    const error = await failure(run)
    expect(isEarshotError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'EARSHOT_SEED_FAILED', data: { seed: 3 }, cause })
    expect(error.message).toMatch(/seed 3: sold twice[\s\S]*EARSHOT_SEED=3/)
    expect(seen).toEqual([1, 2, 3])
  })

  it.each([
    ['4', [4]],
    ['2-4', [2, 3, 4]],
  ])('takes the seeds of EARSHOT_SEED=%s instead', async (wish, seeds) => {
    vi.stubEnv('EARSHOT_SEED', wish)
    const seen: number[] = []
    await inWorlds(2, async ({ seed }) => seen.push(seed))
    expect(seen).toEqual(seeds)
  })

  it('writes the trace of a single one that fails to a file', async () => {
    vi.stubEnv('EARSHOT_SEED', '7')
    const run = inWorlds(100, async (world) => {
      await asked(world)
      throw new Error('as ever')
    })
    const [, file = ''] = /network: (.+)$/.exec(String((await failure(run)).message)) ?? []
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    expect(readFileSync(file, 'utf8').split('\n').length).toBeGreaterThan(5)
  })

  it.each(['', '1.5', 'x', '-3', '9-2'])('refuses "%s" for a seed, or takes none', async (wish) => {
    vi.stubEnv('EARSHOT_SEED', wish)
    const seen: number[] = []
    const run = inWorlds(1, async ({ seed }) => seen.push(seed))
    if (wish === '') {
      await run
      expect(seen).toEqual([1])
    } else {
      const refused = { code: 'EARSHOT_OPTION_INVALID', path: '/EARSHOT_SEED' }
      expect(await failure(run)).toMatchObject(refused)
    }
  })

  it('is refused for what is no count, and for what is no function', async () => {
    const refused = (path: string) => ({ code: 'EARSHOT_OPTION_INVALID', path })
    expect(await failure(inWorlds(0, asked))).toMatchObject(refused('/count'))
    expect(await failure(inWorlds(1, undefined as never))).toMatchObject(refused('/work'))
  })
})

// Owns runs over many worlds, one a seed: which seeds, and what is said of one that failed.
// Never judges: what is asked for in each world does.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkArgument, checkOptions } from '../base/arguments.ts'
import { EarshotError, textOf } from '../base/errors.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

/** All worlds of a run are alike but for their seed. */
export type InWorldsOptions = Omit<WorldOptions, 'seed'>

/**
 * Runs `work` in so many worlds, with seeds from 1, one after the other; time moves in there as by
 * `world.run`, and each world is closed. `EARSHOT_SEED=17` in the environment, or `17-40`, takes
 * those seeds instead; of a single one that fails the trace is written to a file.
 * @throws EARSHOT_SEED_FAILED at the first that fails, with its seed and the error as its cause
 */
export async function inWorlds(
  count: number,
  work: (world: World) => Promise<unknown>,
  options: InWorldsOptions = {},
): Promise<void> {
  checkArgument(Number.isSafeInteger(count) && count >= 1, '/count', 'a whole number from 1', count)
  checkArgument(typeof work === 'function', '/work', 'a function: async (world) => …', work)
  checkOptions(options)
  const [first, last] = seedsFor(count)
  const isOne = first === last
  for (let seed = first; seed <= last; seed++) {
    const world = createWorld({ ...options, seed, ...(isOne && { trace: true }) })
    try {
      await world.run(async () => work(world))
    } catch (error) {
      throw failedWith(error, world, isOne)
    } finally {
      await world.close()
    }
  }
}

/** @throws EARSHOT_OPTION_INVALID */
function seedsFor(count: number): readonly [first: number, last: number] {
  const wish = process.env.EARSHOT_SEED ?? ''
  if (wish === '') return [1, count]
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(wish) ?? []
  const [first, last] = [Number(from), Number(to)]
  if (Number.isSafeInteger(last) && first <= last) return [first, last]
  const text = `EARSHOT_SEED in the environment is a seed, or two: 17 or 17-40, not "${wish}"`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/EARSHOT_SEED' })
}

function failedWith(cause: unknown, { seed, trace }: World, isOne: boolean): EarshotError {
  const lines = [`seed ${seed}: ${textOf(cause)}`]
  if (isOne) lines.push(`what happened in the network: ${written(seed, trace)}`)
  else lines.push(`again, alone and with its trace: the same command after EARSHOT_SEED=${seed}`)
  return new EarshotError('EARSHOT_SEED_FAILED', lines.join('\n'), { cause, data: { seed } })
}

function written(seed: number, trace: readonly string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'earshot-')), `seed-${seed}.txt`)
  writeFileSync(file, `${trace.join('\n')}\n`)
  return file
}

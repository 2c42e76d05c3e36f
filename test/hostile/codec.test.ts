import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { seed } from '../codec/arbitrary.ts'

interface Row {
  readonly name: string
  readonly outcome: string
  readonly ms: number
  readonly grownMb: number
}

interface Report {
  /** How slow this machine is, 1 for one that keeps the bounds with ease. */
  readonly slowness: number
  readonly codec: string
  readonly rows: readonly Row[]
  readonly mutants: {
    readonly seen: { readonly value: number; readonly refused: number }
    readonly odd: readonly unknown[]
    readonly maxMs: number
    readonly grownMb: number
  }
}

/** A million by night: EARSHOT_MUTANTS=1000000. */
const mutantsPerFormat = Number(process.env.EARSHOT_MUTANTS ?? 10_000)
const child = fileURLToPath(new URL('./codec-child.js', import.meta.url))
const flags = ['--max-old-space-size=512', '--max-semi-space-size=4', '--expose-gc']

/** Rubbish where unknown fields are: skipped without harm. */
const skipped = ['2 000 nested messages, skipped']

test(`no hostile bytes abort, block or fill the process (EARSHOT_SEED=${seed})`, async () => {
  const run = promisify(execFile)
  const options = { maxBuffer: 1 << 26 }
  const { stdout } = await run(
    process.execPath,
    [...flags, child, String(seed), String(mutantsPerFormat)],
    options,
  )
  const reports = JSON.parse(stdout) as Report[]
  expect(reports).toHaveLength(4)
  for (const { codec, rows, mutants, slowness } of reports) {
    const allowedMs = 50 * slowness
    expect(rows.length, codec).toBeGreaterThan(8)
    for (const { name, outcome, ms, grownMb } of rows) {
      const label = `${codec}: ${name}`
      const allowed = skipped.includes(name) ? ['refused', 'value'] : ['refused']
      expect(allowed, `${label} → ${outcome}`).toContain(outcome)
      expect(ms, label).toBeLessThan(allowedMs)
      expect(grownMb, label).toBeLessThan(64)
    }
    expect(mutants.odd, codec).toEqual([])
    expect(mutants.seen.value + mutants.seen.refused, codec).toBe(mutantsPerFormat)
    expect(mutants.maxMs, codec).toBeLessThan(allowedMs)
    expect(mutants.grownMb, codec).toBeLessThan(64)
  }
})

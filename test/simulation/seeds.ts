// Owns which storms a run goes through, and what is said of one that broke a promise.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StormReport, storm } from './storm.ts'

const PARTS = 2
const SEEDS = process.env.EARSHOT_NIGHTLY === '1' ? 20_000 : 1_000
const SHOWN = 5
/** Some thirty times what one takes on a machine that does nothing else: only a hang fails. */
const MOST_MS = 1_000
/** From so many storms on, all of these must have happened. */
const MANY = 200
const USUAL = [
  ...['work done', 'work EARSHOT_PEER_GONE', 'again done', 'again EARSHOT_TIMEOUT'],
  ...['work EARSHOT_CANCELLED', 'work EARSHOT_REMOTE', 'again EARSHOT_DEADLINE'],
  ...['note queued', 'note written', 'note received', 'note handled', 'shed dropped'],
  ...['make done', 'make EARSHOT_DECLARED', 'safe done', 'later done', 'later EARSHOT_DECLARED'],
  ...['later EARSHOT_TIMEOUT', 'claim claimed'],
  ...['newest dropped', 'count done', 'count EARSHOT_PEER_GONE', 'echo done', 'poll done', 'heard'],
]

/** The seeds of one part of a run: `EARSHOT_SEED=17` or `17-40` asks for others. */
export function seedsOf(part: number): number[] {
  const asked = /^(\d+)(?:-(\d+))?$/.exec(process.env.EARSHOT_SEED ?? '')
  const first = asked ? Number(asked[1]) : 1
  const last = asked ? Number(asked[2] ?? asked[1]) : SEEDS
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  return all.filter((seed) => seed % PARTS === part)
}

/** How long a run through so many storms may take. */
export function limitMs({ length }: readonly number[]): number {
  return Math.max(120_000, length * MOST_MS)
}

/** @throws what broke, for the first few seeds, each with the command that brings it back */
export async function weather(seeds: readonly number[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = { storms: 0, operations: 0, heard: 0 }
  const broken: string[] = []
  for (const seed of seeds) {
    const report = await storm(seed, seeds.length === 1)
    if (report.problems.length > 0) broken.push(told(report))
    add(counts, { storms: 1, operations: report.operations, heard: report.heard })
    add(counts, report.outcomes)
  }
  const never = seeds.length < MANY ? [] : USUAL.filter((what) => counts[what] === undefined)
  if (never.length > 0) broken.push(`  in ${seeds.length} storms there was never: ${never}`)
  if (broken.length === 0) return counts
  const text = `${broken.length} of ${seeds.length} storms broke a promise\n`
  throw new Error(text + broken.slice(0, SHOWN).join('\n'))
}

function add(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [what, count] of Object.entries(more)) counts[what] = (counts[what] ?? 0) + count
}

function told({ seed, problems, trace }: StormReport): string {
  const lines = problems.slice(0, SHOWN).map((text) => `    ${text}`)
  if (trace.length > 0) {
    const file = join(mkdtempSync(join(tmpdir(), 'es-storm-')), `seed-${seed}.txt`)
    writeFileSync(file, trace.join('\n'))
    lines.push(`    what happened in the network: ${file}`)
  }
  const again = `EARSHOT_SEED=${seed} npx vitest run test/simulation`
  return [`  seed ${seed}, again by: ${again}`, ...lines].join('\n')
}

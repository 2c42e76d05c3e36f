// Owns the role of neighbours: several in a process, that are announced and look for each other,
// and newcomers that come and leave again.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Answers, playRole } from '../process/role.ts'
import { isOurs, type Neighbour, nowMs, type Place } from './neighbours.ts'
import { openerOfOther } from './neighbours-others.ts'
import { openerOfOurs } from './neighbours-ours.ts'

export interface NeighbourJob extends Place {
  readonly count: number
}

export interface Visit {
  readonly id: string
  readonly openedAtMs: number
  /** When it had seen all whom it was told to wait for. */
  readonly knewAtMs: number
}

/** Of those in one process that begin together. */
export interface Beginning {
  readonly count: number
  /** The same moment in all processes, so that nobody has a start. */
  readonly atMs: number
}

export interface Mark {
  readonly cpuUs: number
  readonly atMs: number
}

const LOOK_MS = 0.5
const LIMIT_MS = 60_000

await playRole<NeighbourJob>(async ({ count, ...place }): Promise<Answers> => {
  const { system } = place
  const open = await (isOurs(system) ? openerOfOurs(system, place) : openerOfOther(system, place))
  const all = await Promise.all(Array.from({ length: count }, open))
  const [first] = all
  let visitor: Neighbour | undefined
  return {
    ids: () => all.map(({ id }) => id),
    begin: async ({ count, atMs }: Beginning) => {
      await sleep(Math.max(0, atMs - nowMs()))
      all.push(...(await Promise.all(Array.from({ length: count }, open))))
    },
    /** When each here had seen so many others; rejects after 60 s. */
    known: async (expect: number): Promise<number[]> => {
      await until(() => all.every(({ ups }) => ups.size >= expect))
      return all.map(({ ups }) => [...ups.values()].sort((a, b) => a - b)[expect - 1] ?? 0)
    },
    upAt: async (id: string) => {
      await until(() => first?.ups.has(id) === true)
      return first?.ups.get(id)
    },
    /** Undefined when it was not seen to leave in the time given. */
    downAt: async ({ id, withinMs }: { id: string; withinMs: number }) => {
      await until(() => first?.downs.has(id) === true, withinMs).catch(() => undefined)
      return first?.downs.get(id)
    },
    visit: async (expected: readonly string[]): Promise<Visit> => {
      const openedAtMs = nowMs()
      visitor = await open()
      const { id, ups } = visitor
      const known = () => expected.map((one) => ups.get(one) ?? Number.POSITIVE_INFINITY)
      await until(() => ups.size >= expected.length && known().every(Number.isFinite))
      return { id, openedAtMs, knewAtMs: Math.max(...known()) }
    },
    /** When the last visitor began to leave. */
    leave: async (): Promise<number> => {
      const leftAtMs = nowMs()
      await visitor?.leave()
      return leftAtMs
    },
    mark: (): Mark => {
      const { user, system } = process.cpuUsage()
      return { cpuUs: user + system, atMs: nowMs() }
    },
    end: () => Promise.all(all.map((one) => one.leave())),
  }
})

async function until(holds: () => boolean, limitMs = LIMIT_MS): Promise<void> {
  const endMs = nowMs() + limitMs
  while (!holds()) {
    if (nowMs() > endMs) throw new Error(`not within ${limitMs} ms`)
    await sleep(LOOK_MS)
  }
}

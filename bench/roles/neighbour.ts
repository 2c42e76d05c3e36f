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

interface Expectation {
  readonly expected: readonly string[]
  readonly withinMs: number
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
    /** When each here had seen so many others; null for who has not. */
    known: async ({ expect, withinMs }: { expect: number; withinMs: number }) => {
      await holds(() => all.every(({ ups }) => ups.size >= expect), withinMs)
      return all.map(({ ups }) => [...ups.values()].sort((a, b) => a - b)[expect - 1] ?? null)
    },
    upAt: async ({ id, withinMs }: { id: string; withinMs: number }) => {
      if (await holds(() => first?.ups.has(id) === true, withinMs)) return first?.ups.get(id)
      throw new Error(`a newcomer was not seen in ${withinMs / 1_000} s`)
    },
    /** Undefined when it was not seen to leave in the time given. */
    downAt: async ({ id, withinMs }: { id: string; withinMs: number }) => {
      await holds(() => first?.downs.has(id) === true, withinMs)
      return first?.downs.get(id)
    },
    visit: async ({ expected, withinMs }: Expectation): Promise<Visit> => {
      const openedAtMs = nowMs()
      visitor = await open()
      const { id, ups } = visitor
      const known = () => expected.map((one) => ups.get(one) ?? Number.POSITIVE_INFINITY)
      const knew = () => ups.size >= expected.length && known().every(Number.isFinite)
      if (await holds(knew, withinMs)) return { id, openedAtMs, knewAtMs: Math.max(...known()) }
      await visitor.leave()
      const found = known().filter(Number.isFinite).length
      const all = `${found} of ${expected.length}`
      throw new Error(`a newcomer knew ${all} in ${withinMs / 1_000} s`)
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

/** Whether it came to hold in that time. */
async function holds(condition: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = nowMs() + withinMs
  while (!condition()) {
    if (nowMs() > endMs) return false
    await sleep(LOOK_MS)
  }
  return true
}

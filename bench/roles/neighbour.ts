// Owns the role of neighbours: several in a process, that are announced and look for each other,
// and newcomers that come and leave again.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Answers, playRole } from '../process/role.ts'
import { type Neighbour, nowMs, openNeighbour, type Place, trustOf } from './neighbours.ts'

export interface NeighbourJob extends Place {
  readonly count: number
}

export interface Visit {
  readonly id: string
  readonly openedAtMs: number
  /** When it had seen as many as it was told to wait for. */
  readonly knewAtMs: number
  readonly leftAtMs: number
}

export interface VisitRequest {
  readonly expect: number
  /** So long it stays when it has seen them, so that it is seen, too. */
  readonly stayMs: number
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
  if (place.system === 'peer') await trustOf(place.mesh)
  const all: Neighbour[] = []
  const opening = Array.from({ length: count }, () => openNeighbour(place))
  all.push(...(await Promise.all(opening)))
  const [first] = all
  return {
    ids: () => all.map(({ id }) => id),
    begin: async ({ count, atMs }: Beginning) => {
      await sleep(Math.max(0, atMs - nowMs()))
      all.push(...(await Promise.all(Array.from({ length: count }, () => openNeighbour(place)))))
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
    visit: ({ expect, stayMs }: VisitRequest) => visit(place, expect, stayMs),
    mark: (): Mark => {
      const { user, system } = process.cpuUsage()
      return { cpuUs: user + system, atMs: nowMs() }
    },
    end: () => Promise.all(all.map((one) => one.leave())),
  }
})

async function visit(place: Place, expect: number, stayMs: number): Promise<Visit> {
  const openedAtMs = nowMs()
  const visitor = await openNeighbour(place)
  await until(() => visitor.ups.size >= expect)
  const knewAtMs = Math.max(...visitor.ups.values())
  await sleep(stayMs)
  const leftAtMs = nowMs()
  await visitor.leave()
  return { id: visitor.id, openedAtMs, knewAtMs, leftAtMs }
}

async function until(holds: () => boolean, limitMs = LIMIT_MS): Promise<void> {
  const endMs = nowMs() + limitMs
  while (!holds()) {
    if (nowMs() > endMs) throw new Error(`not within ${limitMs} ms`)
    await sleep(LOOK_MS)
  }
}

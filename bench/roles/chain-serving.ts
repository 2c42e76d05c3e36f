// Owns the role of one service of the chain: the front and the middle ask the next, the back works.
// The back counts what it did in vain: for somebody who no longer waited, or had it already.
// Never closes its peer: a line of thousands would be drained.

import { setTimeout as sleep } from 'node:timers/promises'
import type { HandlerContext, Peer } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import {
  Back,
  type Done,
  Front,
  type Job,
  type Manner,
  Middle,
  naiveClient,
  naively,
  nowMs,
  SERVICE_MS,
  SLOTS,
} from './chain.ts'
import { joinMeeting, type Meeting } from './meeting.ts'

export interface ChainJob extends Meeting {
  readonly part: 'front' | 'middle' | 'back'
  readonly manner: Manner
}

/** When nothing is finished, by the shared clock. */
export interface Stall {
  readonly fromMs: number
  readonly untilMs: number
}

/** One piece of work at the back: when it was finished, and whether it was of any use. */
export type Worked = readonly [atMs: number, inVain: boolean]

/** So many work at once; the others stand in a line without end, first come, first served. */
class Line {
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(places: number) {
    this.#free = places
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.add(resolve))
    try {
      return await work()
    } finally {
      const [next] = this.#waiting
      if (next === undefined) this.#free++
      else {
        this.#waiting.delete(next)
        next()
      }
    }
  }
}

async function serveBack(peer: Peer, manner: Manner): Promise<Answers> {
  const worked: Worked[] = []
  const served = new Set<number>()
  let stall: Stall = { fromMs: 0, untilMs: 0 }
  const work = async ({ id, untilMs }: Job): Promise<Done> => {
    await sleep(SERVICE_MS)
    const atMs = nowMs()
    if (atMs >= stall.fromMs && atMs < stall.untilMs) await sleep(stall.untilMs - atMs)
    const endedMs = nowMs()
    worked.push([endedMs, endedMs > untilMs || served.has(id)])
    served.add(id)
    return { id }
  }
  if (manner === 'guarded') await peer.serve(Back, { ask: work }, { concurrency: SLOTS })
  else {
    const line = new Line(SLOTS)
    await peer.serve(Back, { ask: (job) => line.take(() => work(job)) }, { shed: false })
  }
  return {
    stall: (given: Stall) => {
      stall = given
    },
    /** In ms after `startMs`. */
    worked: (startMs: number) => worked.map(([atMs, inVain]): Worked => [atMs - startMs, inVain]),
    /** What came before is no part of what is measured. */
    forget: () => {
      worked.length = 0
      served.clear()
    },
  }
}

async function serveHop(peer: Peer, part: 'front' | 'middle', manner: Manner): Promise<Answers> {
  const own = part === 'front' ? Front : Middle
  const next = part === 'front' ? Middle : Back
  const guarded = peer.client(next)
  const naive = peer.client(next, naiveClient)
  const ask =
    manner === 'guarded'
      ? (job: Job, context: HandlerContext) => guarded.ask(job, { context })
      : (job: Job) => naively(() => naive.ask(job))
  await peer.serve(own, { ask }, manner === 'guarded' ? {} : { shed: false })
  return {}
}

await playRole<ChainJob>(async ({ part, manner, ...meeting }) => {
  const peer = await joinMeeting(meeting, part)
  return part === 'back' ? serveBack(peer, manner) : serveHop(peer, part, manner)
})

// Owns the role of the load on the chain: calls that are due at a rate, whatever became of those
// before, and when each was answered.

import { setTimeout as sleep } from 'node:timers/promises'
import { isEarshotError } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import { DEADLINE_MS, Front, type Manner, naiveClient, naively, nowMs, SLOTS } from './chain.ts'
import { joinMeeting, type Meeting } from './meeting.ts'

export interface AskingJob extends Meeting {
  readonly manner: Manner
}

/** So many calls a second for so long. */
export interface Pace {
  readonly perSecond: number
  readonly seconds: number
}

/** One call: when it was due, after the start; ms until its answer, or the code of its error. */
export type Asked = readonly [dueMs: number, became: number | string]

export interface Load {
  readonly startMs: number
  readonly paces: readonly Pace[]
}

const TICK_MS = 2

function codeOf(error: unknown): string {
  return isEarshotError(error) ? error.code : 'another error'
}

await playRole<AskingJob>(async ({ manner, ...meeting }): Promise<Answers> => {
  const peer = await joinMeeting(meeting, 'load')
  const guarded = peer.client(Front, { timeoutMs: DEADLINE_MS })
  const naive = peer.client(Front, naiveClient)
  let last = 0

  const call = () => {
    const job = { id: ++last, untilMs: nowMs() + DEADLINE_MS }
    return manner === 'guarded' ? guarded.ask(job) : naively(() => naive.ask(job), job.untilMs)
  }

  const run = async ({ startMs, paces }: Load): Promise<Asked[]> => {
    const asked: Asked[] = []
    const waiting: Promise<void>[] = []
    const begin = (dueMs: number) => {
      const note = (became: number | string) => void asked.push([dueMs - startMs, became])
      const answered = () => note(nowMs() - dueMs)
      waiting.push(call().then(answered, (error) => note(codeOf(error))))
    }
    let fromMs = startMs
    for (const { perSecond, seconds } of paces) {
      const untilMs = fromMs + seconds * 1_000
      for (let dueMs = fromMs; dueMs < untilMs; dueMs += 1_000 / perSecond) {
        while (dueMs > nowMs()) await sleep(TICK_MS)
        begin(dueMs)
      }
      fromMs = untilMs
    }
    await Promise.all(waiting)
    return asked
  }

  /** As many at once as the back can do. */
  const warm = async (rounds: number) => {
    for (let left = rounds; left > 0; left--) {
      await Promise.all(Array.from({ length: SLOTS }, call))
    }
  }

  return { warm, run }
})

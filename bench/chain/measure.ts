// Owns the component `chain`: three services behind each other under more than the last can do, and
// while it stands still; with the policies that are on by default, and as it is often written.

import type { Effort, Progress } from '../process/effort.ts'
import { inTurn } from '../process/in-turn.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { DEADLINE_MS, type Manner, nowMs, SERVICE_MS, SLOTS } from '../roles/chain.ts'
import type { Asked, Load } from '../roles/chain-asking.ts'
import type { Stall, Worked } from '../roles/chain-serving.ts'
import { withMeeting } from '../roles/meeting.ts'
import { type ChainFigures, type Phase, type Run, type Storm, secondsOf } from './figures.ts'
import { runOf } from './run-of.ts'

const servingModule = new URL('../roles/chain-serving.js', import.meta.url)
const askingModule = new URL('../roles/chain-asking.js', import.meta.url)
const PARTS = ['back', 'middle', 'front'] as const
const CAPACITY = (SLOTS * 1_000) / SERVICE_MS
const STEP_MS = 250
/** Until all have heard when it begins. */
const LEAD_MS = 50
/** The last call may take so long. */
const ENDED_WITHIN_MS = 30_000
/** Of as many calls as there are places: code is compiled, links are there. */
const WARM_UP_ROUNDS = 12
/** A short look takes a tenth of the time, in steps that fit it. */
const QUICK = { share: 0.05, stepMs: 50 }

const storms: readonly Omit<Storm, 'runs'>[] = [
  {
    id: 'overload',
    title: 'More calls than the back can do',
    phases: [
      { name: 'half', sign: '½', load: 0.5, seconds: 2 },
      { name: 'all it can do', sign: '1×', load: 1, seconds: 2 },
      { name: 'twice', sign: '2×', load: 2, seconds: 3 },
      { name: 'four times', sign: '4×', load: 4, seconds: 3 },
      { name: 'half again', sign: '½', load: 0.5, seconds: 5 },
    ],
  },
  {
    id: 'stall',
    title: 'A back that stands still',
    phases: [
      { name: 'half', sign: '½', load: 0.5, seconds: 2 },
      { name: 'it stands still', sign: '½, stalls', load: 0.5, seconds: 2, stalls: true },
      { name: 'half again', sign: '½', load: 0.5, seconds: 5 },
    ],
  },
]

export async function measureChain({ quick }: Effort, progress: Progress): Promise<ChainFigures> {
  const stepMs = quick ? QUICK.stepMs : STEP_MS
  const found = await inTurn(storms, quick, async ({ id, title, phases: whole }) => {
    const share = quick ? QUICK.share : 1
    const phases = whole.map((phase) => ({ ...phase, seconds: phase.seconds * share }))
    const [guarded, naive] = await inTurn(['guarded', 'naive'] as const, quick, (manner) => {
      progress(`${title}, ${manner}`)
      return withChain(manner, (load, back) => runStorm(load, back, phases, stepMs))
    })
    return { id, title, phases, runs: { guarded, naive } as Storm['runs'] }
  })
  return { capacityPerSecond: CAPACITY, deadlineMs: DEADLINE_MS, stepMs, storms: found }
}

/** Each run has a chain of its own: what one leaves behind is not in the way of the next. */
function withChain<T>(manner: Manner, run: (load: Role, back: Role) => Promise<T>): Promise<T> {
  return withMeeting(async (meeting) => {
    const starting = PARTS.map((part) => startRole(servingModule, { ...meeting, part, manner }))
    const load = startRole(askingModule, { ...meeting, manner })
    const roles = await allStarted([load, ...starting])
    try {
      const [asking, back] = roles as [Role, Role, ...Role[]]
      await asking.ask('warm', WARM_UP_ROUNDS)
      await back.ask('forget')
      return await run(asking, back)
    } finally {
      await endAll(roles)
    }
  })
}

async function runStorm(
  load: Role,
  back: Role,
  phases: readonly Phase[],
  stepMs: number,
): Promise<Run> {
  const startMs = nowMs() + LEAD_MS
  const stall = stallOf(phases, startMs)
  if (stall) await back.ask('stall', stall)
  const paces = phases.map(({ load: share, seconds }) => {
    return { perSecond: CAPACITY * share, seconds }
  })
  const job: Load = { startMs, paces }
  const withinMs = secondsOf(phases) * 1_000 + ENDED_WITHIN_MS
  const asked = await load.ask<Asked[]>('run', job, withinMs)
  const worked = await back.ask<Worked[]>('worked', startMs)
  return runOf(phases, asked, worked, stepMs)
}

function stallOf(phases: readonly Phase[], startMs: number): Stall | undefined {
  let fromMs = startMs
  for (const { seconds, stalls } of phases) {
    const untilMs = fromMs + seconds * 1_000
    if (stalls) return { fromMs, untilMs }
    fromMs = untilMs
  }
  return undefined
}

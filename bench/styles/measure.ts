// Owns the component `styles`: what the styles of talking cost against each other, in one run.

import { figureOf } from 'earshot/report'
import type { Effort, Progress } from '../process/effort.ts'
import { endAll, type Role, startRole } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import { percentilesOf } from '../roles/percentiles.ts'
import type { Asked, Cancelled } from '../roles/styles-asking.ts'
import type { StylesFigures, Times } from './figures.ts'

const servingModule = new URL('../roles/styles-serving.js', import.meta.url)
const askingModule = new URL('../roles/styles-asking.js', import.meta.url)
const CROWD = 50
const QUICK_CROWD = 10
const PROCESSES = 2
const SAMPLES = 300
const QUESTIONS = 100
/** The first samples are for the compiler. */
const WARM_UP = 100
/** Of a short look. */
const QUICK_SAMPLES = 20

export async function measureStyles(effort: Effort, progress: Progress): Promise<StylesFigures> {
  const crowd = effort.quick ? QUICK_CROWD : CROWD
  return await withMeeting(async (meeting) => {
    const roles: Role[] = []
    const start = async (module: URL, job: object): Promise<Role> => {
      const role = await startRole(module, { ...meeting, ...job })
      roles.push(role)
      return role
    }
    try {
      const server = await start(servingModule, {})
      for (let index = 0; index < PROCESSES; index++) {
        await start(servingModule, { crowd: crowd / PROCESSES })
      }
      const caller = await start(askingModule, { crowd })
      return { crowd, ...(await measureAll(server, caller, effort, progress)) }
    } finally {
      await endAll(roles)
    }
  })
}

/** The styles take turns, so that what slows the machine slows all alike. */
async function measureAll(
  server: Role,
  caller: Role,
  { rounds, seconds, warmUpMs, quick }: Effort,
  progress: Progress,
): Promise<Omit<StylesFigures, 'crowd'>> {
  const samples = (most: number) => (quick ? QUICK_SAMPLES : most)
  const taken = { roundTrip: [] as number[][], cancel: [] as number[][] }
  const asked = { one: [] as number[][], each: [] as number[][], all: [] as number[][] }
  const [items, events]: [number[], number[]] = [[], []]
  await caller.ask('cancel', samples(WARM_UP))
  await server.ask('ended')
  await caller.ask('ask', samples(WARM_UP))
  for (let round = 1; round <= rounds; round++) {
    progress(`calls, cancelled ones, questions, items and events, round ${round} of ${rounds}`)
    const { roundTripsUs, cancelledUs } = await caller.ask<Cancelled>('cancel', samples(SAMPLES))
    const endedUs = await server.ask<number[]>('ended')
    taken.roundTrip.push([...roundTripsUs])
    taken.cancel.push(cancelledUs.map((us, index) => (endedUs[index] ?? Number.NaN) - us))
    const { onesUs, eachUs, allUs } = await caller.ask<Asked>('ask', samples(QUESTIONS))
    asked.one.push([...onesUs])
    asked.each.push([...eachUs])
    asked.all.push([...allUs])
    items.push(await caller.ask<number>('read', { warmUpMs, seconds }))
    const hearing = caller.ask<number>('hear', { warmUpMs, seconds })
    await server.ask('begin')
    events.push(await hearing)
    await server.ask('stop')
  }
  return {
    roundTrip: timesOf(taken.roundTrip),
    cancel: timesOf(taken.cancel),
    one: timesOf(asked.one),
    each: timesOf(asked.each),
    all: timesOf(asked.all),
    itemsPerSecond: figureOf(items),
    eventsPerSecond: figureOf(events),
  }
}

function timesOf(rounds: readonly (readonly number[])[]): Times {
  const found = rounds.map(percentilesOf)
  return {
    p50Us: figureOf(found.map(({ p50Us }) => p50Us)),
    p99Us: figureOf(found.map(({ p99Us }) => p99Us)),
  }
}

// Owns the plan: which process measures what, in which order, how often; joins what they found.
// Never measures: measure.ts and round-trip.ts do, each in processes of their own.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figure, figureOf } from 'earshot/report'
import { runJob, startServer } from '../report/child.ts'
import type { Job, Measured } from './measure.ts'
import { type Cell, type Effort, type Gain, gainOf, type Timing } from './results.ts'
import type { RoundTripJob, RoundTripMeasured } from './round-trip.ts'
import { type ShapeName, shapeNames } from './shape-names.ts'
import { type Format, rivalOf, type Subject, subjects } from './subjects.ts'

export const fullEffort: Effort = {
  quick: false,
  processes: 3,
  mixedProcesses: 2,
  roundTripProcesses: 3,
  isolated: 'codec and shape',
  warmUpMs: 80,
  timeMs: 60,
  roundTrips: 1_000,
}

export const quickEffort: Effort = {
  quick: true,
  processes: 1,
  mixedProcesses: 1,
  roundTripProcesses: 1,
  isolated: 'codec',
  warmUpMs: 12,
  timeMs: 6,
  roundTrips: 50,
}

export type Progress = (done: number, of: number, what: string) => void

interface Found {
  readonly alone: Measured[]
  readonly mixed: Measured[]
  readonly trips: (RoundTripMeasured & { readonly format: Format })[]
}

const measureModule = new URL('./measure.js', import.meta.url)
const roundTripModule = new URL('./round-trip.js', import.meta.url)
const ids = subjects.map(({ id }) => id)
const linked = subjects.filter(({ family }) => family !== 'library')

/** Everything, one process after the other, so that none disturbs another. */
export async function measureAll(effort: Effort, progress: Progress): Promise<Cell[]> {
  const found: Found = { alone: [], mixed: [], trips: [] }
  const steps = [...alone(effort, found), ...mixed(effort, found), ...trips(effort, found)]
  for (const [index, { what, run }] of steps.entries()) {
    progress(index, steps.length, what)
    await run().catch((error: Error) => {
      throw new Error(`${what}: ${error.message}`, { cause: error })
    })
  }
  progress(steps.length, steps.length, 'done')
  return subjects.flatMap((subject) => shapeNames.map((shape) => cellOf(subject, shape, found)))
}

interface Step {
  readonly what: string
  readonly run: () => Promise<void>
}

/** Rounds are outermost: a machine that slows down for a while slows down all alike. */
function alone({ processes, isolated, warmUpMs, timeMs }: Effort, found: Found): Step[] {
  const groups = isolated === 'codec' ? [shapeNames] : shapeNames.map((shape) => [shape])
  const steps: Step[] = []
  for (let round = 0; round < processes; round++) {
    for (const shapes of groups) {
      for (const subject of subjects) {
        const job: Job = { subjects: [subject.id], shapes, warmUpMs, timeMs }
        const run = async () => {
          found.alone.push(...(await runJob<Measured[]>(measureModule, job)))
        }
        steps.push({ what: `${subject.title}, ${shapes.join(' ')}`, run })
      }
    }
  }
  return steps
}

function mixed({ mixedProcesses, warmUpMs, timeMs }: Effort, found: Found): Step[] {
  // One after the other in one process takes as long as the slowest: half of each is enough.
  const parts = { warmUpMs: warmUpMs / 2, timeMs: timeMs / 2 }
  const job: Job = { subjects: ids, shapes: shapeNames, ...parts }
  const run = async () => {
    found.mixed.push(...(await runJob<Measured[]>(measureModule, job)))
  }
  return Array.from({ length: mixedProcesses }, () => ({ what: 'all in one process', run }))
}

function trips({ roundTripProcesses, roundTrips }: Effort, found: Found): Step[] {
  const steps: Step[] = []
  for (let round = 0; round < roundTripProcesses; round++) {
    for (const { format, title } of linked) {
      const run = async () => {
        for (const trip of await roundTrip(format, roundTrips))
          found.trips.push({ ...trip, format })
      }
      steps.push({ what: `${title}, round trip between two processes`, run })
    }
  }
  return steps
}

async function roundTrip(format: Format, roundTrips: number): Promise<RoundTripMeasured[]> {
  const directory = await mkdtemp(join(tmpdir(), 'earshot-bench-'))
  const job = { format, mesh: 'bench-codecs', directory, warmUps: roundTrips >> 1, roundTrips }
  const answering: RoundTripJob = { ...job, role: 'answer' }
  const asking: RoundTripJob = { ...job, role: 'ask' }
  try {
    const server = await startServer(roundTripModule, answering)
    try {
      return await runJob<RoundTripMeasured[]>(roundTripModule, asking)
    } finally {
      await server.stop()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function cellOf(subject: Subject, shape: ShapeName, { alone, mixed, trips }: Found): Cell {
  const here = alone.filter((one) => one.subject === subject.id && one.shape === shape)
  const together = mixed.filter((one) => one.subject === subject.id && one.shape === shape)
  const linkedHere = subject.family === 'library' ? [] : trips
  const crossed = linkedHere.filter((one) => one.format === subject.format && one.shape === shape)
  const figure = (list: readonly Measured[], of: keyof Timing): Figure =>
    figureOf(list.map(({ timing }) => timing[of]))
  const gain = (of: 'encodeNs' | 'decodeNs'): Gain | null => {
    const rival = rivalOf(subject)
    if (!rival) return null
    const theirs = alone.filter((one) => one.subject === rival.id && one.shape === shape)
    return gainOf(figure(theirs, of), figure(here, of))
  }
  const sizes = here[0]?.sizes
  if (!sizes) throw new Error(`${subject.title} was not measured with ${shape}`)
  return {
    subject: subject.id,
    shape,
    sizes,
    encodeNs: figure(here, 'encodeNs'),
    encodeP99Ns: figure(here, 'encodeP99Ns'),
    decodeNs: figure(here, 'decodeNs'),
    decodeP99Ns: figure(here, 'decodeP99Ns'),
    encodeAllocatedBytes: Math.min(...here.map(({ timing }) => timing.encodeAllocatedBytes)),
    mixedEncodeNs: figure(together, 'encodeNs'),
    mixedDecodeNs: figure(together, 'decodeNs'),
    encodeGain: gain('encodeNs'),
    decodeGain: gain('decodeNs'),
    roundTripP50Us: crossed.length === 0 ? null : figureOf(crossed.map(({ p50Us }) => p50Us)),
    roundTripP99Us: crossed.length === 0 ? null : figureOf(crossed.map(({ p99Us }) => p99Us)),
  }
}

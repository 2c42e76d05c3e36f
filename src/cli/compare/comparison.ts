// Owns one comparison from a sample to its figures: checks first, then sizes, then times.
// Never prints a figure: show.ts does.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describeContract, type SampleNote, systemClock } from 'earshot'
import { describeMachine, type Machine } from 'earshot/report'
import { exitCodes, Failure, stopped } from '../failure.ts'
import { nextTurn, stop } from '../stop.ts'
import { visible } from '../terminal.ts'
import { breakEvenMbit, type Choice, type Cost, choices, costNs } from './break-even.ts'
import { type Latency, measureIn } from './job.ts'
import { type Broken, type Sizes, sizesOf, spread } from './sizes.ts'
import {
  type Coder,
  coderOf,
  isRival,
  libraries,
  type RivalName,
  rivalNames,
  type SubjectId,
  titles,
  versionOf,
} from './subjects.ts'
import type { Time } from './times.ts'
import type { TypedSample } from './typed-sample.ts'

/** One codec on this sample, or why there are no figures. */
export type Subject = SubjectFigures | SubjectProblem

interface SubjectHead {
  readonly id: SubjectId
  readonly title: string
  readonly family: 'earshot' | 'rival'
}

export interface SubjectFigures extends SubjectHead {
  readonly sizes: Sizes
  readonly encode: Time
  readonly decode: Time
  readonly latency: Latency
  /** Mbit/s below which it wins over the quickest codec of Earshot; null where it never does. */
  readonly breakEvenMbit: number | null
  /** ns for encode, link and decode, in the order of `linkMbits`. */
  readonly overLinksNs: readonly number[]
}

export interface SubjectProblem extends SubjectHead {
  readonly problem: string
}

export interface Comparison {
  readonly file: string
  readonly startedAt: string
  readonly tookS: number
  readonly machine: Machine
  readonly rows: number
  readonly readBytes: number
  readonly cut: string | null
  readonly type: {
    readonly title: string
    readonly notes: readonly SampleNote[]
    readonly typescript?: string
  }
  readonly linkMbits: readonly number[]
  readonly subjects: readonly Subject[]
  /** Which codec of Earshot for which link, from the slowest to the fastest. */
  readonly choices: readonly Choice[]
  readonly quick: boolean
  readonly timedRows: number
}

export interface Source {
  readonly file: string
  readonly bytes: number
  readonly cut: string | undefined
  readonly quick: boolean
}

const linkMbits: readonly number[] = [10, 100, 1_000, 10_000]
/** Rows that are timed, evenly spread over all. */
const MAX_TIMED = 1_024
/** Rows that rivals are checked with: XML is a hundred times slower than a codec. */
const MAX_RIVAL_ROWS = 10_000

type Measuring = SubjectHead & { readonly sizes: Sizes }

/** @throws Failure for a row that does not come back equal from a codec, with line and path */
export async function compareCodecs(
  sample: TypedSample,
  source: Source,
  progress: (what: string, isLast?: boolean) => void,
): Promise<Comparison> {
  const startMs = systemClock.nowMs()
  const startedAt = new Date(systemClock.wallMs()).toISOString()
  const installed = rivalNames.filter((name) => versionOf(libraries[name]) !== undefined)
  const machine = withVersions(describeMachine(['earshot', 'zeromq']), installed)
  const checked: (Measuring | SubjectProblem)[] = []
  for (const id of [...sample.codecs, ...rivalNames]) {
    progress(`${titles[id]}: does every row come back`)
    // Signals are heard between two codecs.
    await nextTurn()
    if (stop.aborted) throw stopped()
    checked.push(check(id, sample, source.file))
  }
  const timed = spread(sample.values, MAX_TIMED)
  const measured = await timeAll(checked, sample, { values: timed, quick: source.quick, progress })
  progress('done', true)
  const { title, notes, typescript } = sample
  return {
    file: source.file,
    startedAt,
    tookS: Math.round((systemClock.nowMs() - startMs) / 1_000),
    machine,
    rows: sample.values.length,
    readBytes: source.bytes,
    cut: source.cut ?? null,
    type: { title, notes, ...(typescript === undefined ? {} : { typescript }) },
    linkMbits,
    ...traded(measured),
    quick: source.quick,
    timedRows: timed.length,
  }
}

function withVersions(machine: Machine, rivals: readonly RivalName[]): Machine {
  const versions = rivals.map((name) => [libraries[name], versionOf(libraries[name]) ?? ''])
  return { ...machine, packages: { ...machine.packages, ...Object.fromEntries(versions) } }
}

/** A codec of ours that changes a row fails the command; a rival is told of as it is. */
function check(id: SubjectId, sample: TypedSample, file: string): Measuring | SubjectProblem {
  const family = isRival(id) ? 'rival' : 'earshot'
  const head = { id, title: titles[id], family } as const
  const coder: Coder | undefined = coderOf(id, sample.contract)
  if (!coder) {
    const name = libraries[id as RivalName]
    return { ...head, problem: `needs ${name}: npm install --no-save ${name}` }
  }
  const most = family === 'rival' ? MAX_RIVAL_ROWS : sample.values.length
  const found = sizesOf(coder, sample, most)
  if (!('line' in found)) return { ...head, sizes: found }
  if (family === 'rival') {
    return { ...head, problem: `cannot carry line ${found.line}: ${found.text}` }
  }
  throw broken(id, found, file)
}

function broken(codec: SubjectId, { line, path, text }: Broken, file: string): Failure {
  const message = `line ${line} of ${file} does not come back equal from ${codec}: ${visible(text)}`
  const next = 'correct that row, or say with --contract what its type is'
  const code = 'EARSHOT_BODY_INVALID'
  return new Failure(exitCodes.failed, message, next, { code, data: { line, path, codec } })
}

interface Timing {
  readonly values: readonly unknown[]
  readonly quick: boolean
  readonly progress: (what: string) => void
}

type Timed = Omit<SubjectFigures, 'breakEvenMbit' | 'overLinksNs'>

/** One codec after the other, so that none disturbs another. */
async function timeAll(
  subjects: readonly (Measuring | SubjectProblem)[],
  { contract }: TypedSample,
  { values, quick, progress }: Timing,
): Promise<(Timed | SubjectProblem)[]> {
  const directory = await mkdtemp(join(tmpdir(), 'earshot-compare-'))
  const job = {
    contract: describeContract(contract),
    values,
    mesh: basename(directory),
    directory,
    quick,
  }
  const found: (Timed | SubjectProblem)[] = []
  try {
    for (const subject of subjects) {
      if ('problem' in subject) {
        found.push(subject)
        continue
      }
      progress(`${subject.title}: encode, decode, round trips`)
      const { times, latency } = await measureIn({ ...job, subject: subject.id })
      found.push({ ...subject, ...times, latency })
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return found
}

/** What a smaller codec is worth: for each subject, and which to choose. */
function traded(
  measured: readonly (Timed | SubjectProblem)[],
): Pick<Comparison, 'subjects' | 'choices'> {
  const ours = measured.flatMap((one) =>
    'problem' in one || one.family !== 'earshot' ? [] : [costOf(one)],
  )
  const quick = [...ours].sort((a, b) => a.cpuNs - b.cpuNs)[0]
  const subjects = measured.map((one): Subject => {
    if ('problem' in one) return one
    const cost = costOf(one)
    const overLinksNs = linkMbits.map((mbit) => costNs(cost, mbit))
    return { ...one, breakEvenMbit: (quick && breakEvenMbit(cost, quick)) ?? null, overLinksNs }
  })
  return { subjects, choices: choices(ours) }
}

function costOf({ id, sizes, encode, decode }: Timed): Cost {
  return { id, bytes: sizes.bytes, cpuNs: encode.medianNs + decode.medianNs }
}

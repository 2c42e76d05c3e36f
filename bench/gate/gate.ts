// Owns the gate: a few ratios of one run with bounds far from what is measured, so that noise
// passes and a regression by half does not. A figure that fails is measured once more.

import { figureOf, progressLine } from 'earshot/report'
import { type BaselineName, baselineTitles } from '../baseline/adapter.ts'
import { baselineOneWay, baselineRequests } from '../baseline/baseline.ts'
import { type Ran, startServer } from '../process/command.ts'
import type { Times } from '../process/effort.ts'
import { startRole } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { ToNobody } from '../roles/nobody.ts'
import { type Bound, bounds, judge, type Measured, type Verdict } from './bounds.ts'

const nobodyModule = new URL('../roles/nobody.js', import.meta.url)
const IN_FLIGHT = 256
const ITEM_BYTES = 100
const ROUNDS = 3
const ROUNDS_AGAIN = 2
const times: Times = { seconds: 0.6, warmUpMs: 300 }

type Tell = (what: string) => void

/** True when all bounds hold. */
export async function runGate(json: boolean): Promise<boolean> {
  const progress = progressLine()
  const first = judge(bounds, await measure(bounds, ROUNDS, progress))
  const failed = first.filter(({ holds }) => !holds).map(({ bound }) => bound)
  if (failed.length > 0) progress(`once more: ${failed.map(({ name }) => name).join(', ')}`)
  const again =
    failed.length > 0 ? judge(failed, await measure(failed, ROUNDS_AGAIN, progress)) : []
  const verdicts = first.map((one) => again.find(({ bound }) => bound === one.bound) ?? one)
  progress('done', true)
  if (json) process.stdout.write(`${JSON.stringify(verdicts.map(plain), null, 2)}\n`)
  else for (const verdict of verdicts) process.stdout.write(`${line(verdict)}\n`)
  const broken = verdicts.filter(({ holds }) => !holds)
  for (const { bound, value } of broken) {
    const wanted = `${bound.sense} ${bound.limit}${bound.unit}`
    process.stderr.write(`FAILED ${bound.name}: ${shown(value, bound)}, must be ${wanted}\n`)
    process.stderr.write(`next: ${bound.remedy}\n`)
  }
  return broken.length === 0
}

/** Rounds are outermost, systems within: what slows the machine slows all alike. */
async function measure(wanted: readonly Bound[], rounds: number, tell: Tell): Promise<Measured> {
  const needs = (need: Bound['needs']) => wanted.some((bound) => bound.needs === need)
  const found = { earshot: [] as Taken[], zeromq: [] as Taken[], net: [] as Taken[] }
  const nobodyNs: number[] = []
  for (let round = 1; round <= rounds; round++) {
    if (needs('one-way') || needs('requests')) {
      tell(`Earshot, round ${round} of ${rounds}`)
      found.earshot.push(await takeEarshot(needs))
      for (const system of ['zeromq', 'net'] as const) {
        tell(`${baselineTitles[system]}, round ${round} of ${rounds}`)
        found[system].push(await takeBaseline(system, needs))
      }
    }
    if (needs('nobody')) nobodyNs.push(await takeNobody())
  }
  const median = (list: readonly Taken[], of: keyof Taken) => {
    const values = list.flatMap((taken) => taken[of] ?? [])
    return values.length > 0 ? figureOf(values).median : Number.NaN
  }
  const all = (list: readonly Taken[]) => ({
    perSecond: median(list, 'perSecond'),
    p50Us: median(list, 'p50Us'),
    answeredPerSecond: median(list, 'answeredPerSecond'),
  })
  return {
    earshot: all(found.earshot),
    zeromq: all(found.zeromq),
    net: all(found.net),
    nobodyNs: nobodyNs.length > 0 ? figureOf(nobodyNs).median : Number.NaN,
  }
}

interface Taken {
  readonly perSecond?: number
  readonly p50Us?: number
  readonly answeredPerSecond?: number
}

type Needs = (need: Bound['needs']) => boolean

async function takeEarshot(needs: Needs): Promise<Taken> {
  const server = await startServer()
  try {
    const names = [
      ...(needs('one-way') ? ['one-way'] : []),
      ...(needs('requests') ? ['latency', 'requests'] : []),
    ]
    const { oneWay, latency, requests }: Ran = await server.run([
      ...names,
      ...['--size', String(ITEM_BYTES), '--rate', 'none', '--in-flight', String(IN_FLIGHT)],
      ...['--seconds', String(times.seconds), '--warm-up', String(times.warmUpMs / 1_000)],
    ])
    return {
      ...(oneWay?.[0] && { perSecond: oneWay[0].perSecond }),
      ...(latency && { p50Us: latency.oneAtATime.p50Us }),
      ...(requests && { answeredPerSecond: requests.perSecond }),
    }
  } finally {
    await server.end()
  }
}

async function takeBaseline(system: BaselineName, needs: Needs): Promise<Taken> {
  const oneWay = needs('one-way') && (await baselineOneWay(system, ITEM_BYTES, times))
  const asked = needs('requests') && (await baselineRequests(system, IN_FLIGHT, times))
  return {
    ...(oneWay && { perSecond: oneWay }),
    ...(asked && { p50Us: asked.alone.p50Us, answeredPerSecond: asked.perSecond }),
  }
}

async function takeNobody(): Promise<number> {
  return await withMeeting(async (meeting) => {
    const role = await startRole(nobodyModule, meeting)
    const { bytesNs } = await role.ask<ToNobody>('measure').finally(() => role.end())
    return bytesNs
  })
}

function line({ bound, value, holds }: Verdict): string {
  const { name, sense, limit, unit } = bound
  const wanted = `${sense} ${limit}${unit}`
  const head = `${holds ? 'ok    ' : 'FAILED'} ${name.padEnd(46)}`
  return `${head} ${shown(value, bound).padStart(9)}  ${wanted}`
}

function shown(value: number, { unit }: Bound): string {
  return `${value.toFixed(value < 100 ? 2 : 0)}${unit}`
}

function plain({ bound, value, holds }: Verdict): object {
  const { name, sense, limit, unit } = bound
  return { name, value, unit: unit.trim(), sense, limit, holds }
}

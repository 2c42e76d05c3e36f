// Owns the figures of one run, made of each call and each piece of work. Never takes one.

import { DEADLINE_MS } from '../roles/chain.ts'
import type { Asked } from '../roles/chain-asking.ts'
import type { Worked } from '../roles/chain-serving.ts'
import { type Phase, type PhaseFigures, type Run, recoveryOf, secondsOf } from './figures.ts'

/** @param asked and `worked`: times after the start */
export function runOf(
  phases: readonly Phase[],
  asked: readonly Asked[],
  worked: readonly Worked[],
  stepMs: number,
): Run {
  const found: PhaseFigures[] = []
  let fromMs = 0
  for (const { seconds } of phases) {
    found.push(phaseOf(asked, worked, fromMs, seconds))
    fromMs += seconds * 1_000
  }
  const perStep = rates(Math.round((secondsOf(phases) * 1_000) / stepMs), stepMs)
  const inTime = asked.filter(isGood)
  const offered = perStep(asked.map(([dueMs]) => dueMs))
  const good = perStep(inTime.map(([dueMs]) => dueMs))
  return {
    phases: found,
    ...{ offered, good },
    answered: perStep(inTime.map(([dueMs, tookMs]) => dueMs + (tookMs as number))),
    inVain: perStep(worked.filter(([, inVain]) => inVain).map(([atMs]) => atMs)),
    ...recoveryOf({ offered, good }, phases, stepMs),
  }
}

/** So many a second in each step; what is outside of all of them is left out. */
function rates(steps: number, stepMs: number) {
  return (timesMs: readonly number[]): number[] => {
    const found = new Array<number>(steps).fill(0)
    for (const atMs of timesMs) {
      const at = Math.floor(atMs / stepMs)
      if (at >= 0 && at < steps) found[at] = (found[at] as number) + 1_000 / stepMs
    }
    return found
  }
}

function phaseOf(
  asked: readonly Asked[],
  worked: readonly Worked[],
  fromMs: number,
  seconds: number,
): PhaseFigures {
  const isWithin = ([atMs]: readonly [number, unknown]) =>
    atMs >= fromMs && atMs < fromMs + seconds * 1_000
  const own = asked.filter(isWithin)
  const works = worked.filter(isWithin)
  const times = own.filter(isGood).map(([, tookMs]) => tookMs as number)
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.ceil(times.length * share) - 1] as number
  return {
    offeredPerSecond: own.length / seconds,
    goodPerSecond: times.length / seconds,
    ...(times.length > 0 && { p50Ms: at(0.5), p99Ms: at(0.99) }),
    others: othersOf(own),
    workedPerSecond: works.length / seconds,
    inVainPerSecond: works.filter(([, inVain]) => inVain).length / seconds,
  }
}

function othersOf(asked: readonly Asked[]): Record<string, number> {
  const others: Record<string, number> = {}
  for (const one of asked) {
    if (isGood(one)) continue
    const what = typeof one[1] === 'string' ? one[1] : 'too late'
    others[what] = (others[what] ?? 0) + 1
  }
  return others
}

function isGood([, became]: Asked): boolean {
  return typeof became === 'number' && became <= DEADLINE_MS
}

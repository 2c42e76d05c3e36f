// Owns the form of what `chain` found: part of the JSON, and all that its view and picture are made
// of.

import type { Manner } from '../roles/chain.ts'

/** What goes on for a while: calls at a share of what the back can do, or while it stands still. */
export interface Phase {
  readonly name: string
  /** The same in a picture. */
  readonly sign: string
  /** Calls a second against what the back can do. */
  readonly load: number
  readonly seconds: number
  readonly stalls?: true
}

/** What became of the calls that were due in one phase. */
export interface PhaseFigures {
  readonly offeredPerSecond: number
  /** Answered within the caller's deadline. */
  readonly goodPerSecond: number
  /** Of those, ms; undefined where there are none. */
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** The others: answered too late, or by the code of their error. */
  readonly others: Readonly<Record<string, number>>
  /** Works a second that the back finished meanwhile, and those of no use to anybody. */
  readonly workedPerSecond: number
  readonly inVainPerSecond: number
}

/** One storm under one manner. What has a figure for each step is a second each. */
export interface Run {
  readonly phases: readonly PhaseFigures[]
  /** Calls that were due in a step, and those of them that were answered in time. */
  readonly offered: readonly number[]
  readonly good: readonly number[]
  /** Answers in time that came in a step, and work in vain that ended in it. */
  readonly answered: readonly number[]
  readonly inVain: readonly number[]
  /** From the end of the trouble until nearly all are answered again; without: not meanwhile. */
  readonly recoveredMs?: number
}

export interface Storm {
  readonly id: string
  readonly title: string
  readonly phases: readonly Phase[]
  readonly runs: Readonly<Record<Manner, Run>>
}

export interface ChainFigures {
  readonly capacityPerSecond: number
  readonly deadlineMs: number
  readonly stepMs: number
  readonly storms: readonly Storm[]
}

/** Nearly all: as many of the calls of a step, and of all steps after it. */
export const RECOVERED_SHARE = 0.95

export function secondsOf(phases: readonly Phase[]): number {
  return phases.reduce((sum, { seconds }) => sum + seconds, 0)
}

/** The trouble is over when the last phase begins. */
export function recoveryOf(
  { offered, good }: Pick<Run, 'offered' | 'good'>,
  phases: readonly Phase[],
  stepMs: number,
): Pick<Run, 'recoveredMs'> {
  const overAt = Math.round((secondsOf(phases.slice(0, -1)) * 1_000) / stepMs)
  let at = good.length
  while (at > overAt && (good[at - 1] ?? 0) >= RECOVERED_SHARE * (offered[at - 1] ?? 0)) at--
  return at === good.length ? {} : { recoveredMs: (at - overAt) * stepMs }
}

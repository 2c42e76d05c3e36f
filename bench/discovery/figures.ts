// Owns the form of what `discovery` found. Never says how it was found.

import { isOurs, type System } from '../roles/neighbours.ts'
import type { Packets } from './networks.ts'

/** Of some times in ms, and how many there were. */
export interface Times {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly count: number
}

/** One that runs, and others that come and go, one after the other. */
export interface PairFigures {
  readonly system: System
  /** From the start of a newcomer until it knows the one that runs. */
  readonly newcomerKnows: Times | undefined
  /** … until the one that runs knows the newcomer. */
  readonly runningSees: Times | undefined
  /** Undefined when it was not noticed within the time that was waited, or has failed. */
  readonly leave: Times | undefined
  readonly killed: Times | undefined
  /** What could not be measured to its end, each with its reason. */
  readonly failed: readonly string[]
}

/** Many on one network. */
export interface CrowdFigures {
  readonly system: System
  readonly peers: number
  /** All begin at one moment: until each knows all. */
  readonly knowsAll: Times | undefined
  /** … until the last of them does. */
  readonly togetherMs: number | undefined
  /** Multicast or broadcast packets that each has sent by then. */
  readonly packetsPerPeer: number | undefined
  /** One more comes, until it knows all. */
  readonly newcomerKnows: Times | undefined
  /** While nobody comes or goes: of all together. */
  readonly idlePacketsPerSecond: Packets | undefined
  /** Of one core, for each. */
  readonly idleCpuPercent: number | undefined
  /** What could not be measured to its end, each with its reason. */
  readonly failed: readonly string[]
}

export interface DiscoveryFigures {
  /** Why nothing was measured. */
  readonly notMeasured: string | undefined
  readonly leftWithinMs: number
  readonly killedWithinMs: number
  readonly idleAfterMs: number
  readonly idleSeconds: number
  readonly pairs: readonly PairFigures[]
  readonly crowds: readonly CrowdFigures[]
}

/** Undefined of none. */
export function timesOf(all: readonly number[]): Times | undefined {
  const sorted = [...all].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]
  const [p50Ms, p99Ms] = [at(0.5), at(0.99)]
  if (p50Ms === undefined || p99Ms === undefined) return undefined
  return { p50Ms, p99Ms, count: sorted.length }
}

/** A sentence for each of ours that did not find all. */
export function failuresOf({ pairs, crowds, notMeasured }: DiscoveryFigures): string[] {
  if (notMeasured !== undefined) return []
  const ours = pairs.filter(({ system }) => isOurs(system))
  const slow = ours.flatMap(({ system, leave, failed }) => {
    if (failed.length > 0 || (leave && leave.p50Ms <= 100)) return []
    const found = leave ? `takes ${leave.p50Ms.toFixed(0)} ms` : 'is not noticed'
    return [`discovery: a goodbye of ${system} ${found}`]
  })
  const unmeasured = [...ours, ...crowds.filter(({ system }) => isOurs(system))]
  return [...slow, ...unmeasured.flatMap(failuresOfOne)]
}

function failuresOfOne({ system, failed }: PairFigures | CrowdFigures): string[] {
  return failed.map((what) => `discovery: ${system}, ${what}`)
}

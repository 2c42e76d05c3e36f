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
  readonly newcomerKnows: Times
  /** … until the one that runs knows the newcomer. */
  readonly runningSees: Times
  /** Undefined when it was not noticed within the time that was waited. */
  readonly leave: Times | undefined
  readonly killed: Times | undefined
}

/** Many on one network. */
export interface CrowdFigures {
  readonly system: System
  readonly peers: number
  /** All begin at one moment: until each knows all. */
  readonly knowsAll: Times
  /** … until the last of them does. */
  readonly togetherMs: number
  /** Multicast or broadcast packets that each has sent by then. */
  readonly packetsPerPeer: number
  /** One more comes, until it knows all. */
  readonly newcomerKnows: Times
  /** While nobody comes or goes: of all together. */
  readonly idlePacketsPerSecond: Packets
  /** Of one core, for each. */
  readonly idleCpuPercent: number
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

/** A sentence for each that did not find all. */
export function failuresOf({ pairs, crowds, notMeasured }: DiscoveryFigures): string[] {
  if (notMeasured !== undefined) return []
  const failures = pairs.flatMap(({ system, leave }) => {
    if (!isOurs(system) || (leave && leave.p50Ms <= 100)) return []
    const found = leave ? `takes ${leave.p50Ms.toFixed(0)} ms` : 'is not noticed'
    return [`discovery: a goodbye of ${system} ${found}`]
  })
  if (crowds.length === 0) failures.push('discovery: nothing was measured of many peers')
  return failures
}

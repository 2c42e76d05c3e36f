// Owns what lies between two hosts of a simulated network, and which of it can be.
// Never applies it: connections do.

import { checkArgument, isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'

/** What lies between two hosts, in both directions. */
export interface LinkConditions {
  /** Until a frame arrives, ms, before `jitterMs`. Default 0.5. */
  readonly latencyMs: number
  /** Up to so much longer, by chance. Default 1. */
  readonly jitterMs: number
  /** How fast bytes go, over each connection. Default Infinity. */
  readonly bytesPerMs: number
  /** With each frame the connection breaks, in so many of 1. Default 0. */
  readonly cutRate: number
  /** Frames of events that do not reach a subscriber, in so many of 1. Default 0. */
  readonly dropRate: number
}

export const usualConditions: LinkConditions = {
  latencyMs: 0.5,
  jitterMs: 1,
  bytesPerMs: Number.POSITIVE_INFINITY,
  cutRate: 0,
  dropRate: 0,
}

const isDelay = (value: number) => value >= 0 && value < 2 ** 31
const isShare = (value: number) => value >= 0 && value <= 1

const fits: { readonly [N in keyof LinkConditions]: (value: number) => boolean } = {
  latencyMs: isDelay,
  jitterMs: isDelay,
  bytesPerMs: (value) => value > 0,
  cutRate: isShare,
  dropRate: isShare,
}

/** @throws EARSHOT_OPTION_INVALID with the path of what can be between no two hosts */
export function checkConditions(given: unknown): void {
  checkArgument(isObject(given), '/conditions', 'an object: { latencyMs: 20 }', given)
  for (const [name, value] of Object.entries(given as object)) {
    const isKnown = Object.hasOwn(fits, name)
    if (isKnown && typeof value === 'number' && fits[name as keyof LinkConditions](value)) continue
    const wanted = 'ms and bytes a ms from 0, and rates from 0 to 1'
    const text = isKnown
      ? `${name} cannot be ${String(value)}: ${wanted}`
      : `there is no condition "${name}": ${Object.keys(fits).join(', ')}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `/conditions/${name}` })
  }
}

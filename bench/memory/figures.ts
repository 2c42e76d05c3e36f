// Owns the form of what `memory` found, and the bound that fails it.

import type { Settled } from '../process/settle.ts'

/** Memory of one process under load, a sample a second. */
export interface Held {
  readonly what: string
  readonly samplesMiB: readonly number[]
  /** Medians of the first and the last third of the samples. */
  readonly firstMiB: number
  readonly lastMiB: number
  /** Of a straight line through the samples. */
  readonly slopeMiBPerMinute: number
  readonly grows: boolean
}

export interface StoppedFigures {
  readonly seconds: number
  readonly publisher: Held
  /** Events a second at a subscriber that runs, before and while the other stands still. */
  readonly otherBefore: number
  readonly otherDuring: number
  /** Of the subscriber that stood still, after it went on. */
  readonly gap: Settled
}

export interface SlowFigures {
  readonly seconds: number
  readonly handlerMs: number
  readonly sender: Held
  readonly receiver: Held
  readonly sent: number
  readonly handled: number
  readonly lost: number
}

export interface MemoryFigures {
  readonly stopped: StoppedFigures
  readonly slow: SlowFigures
}

/** Growth is more than both: what the garbage collector does by itself is neither. */
const MOST_GROWTH = 1.15
const MOST_GROWTH_MIB = 24
/** In so few samples the heap may still be on its way to its size. */
const FEW = 20
const MOST_OF_FEW_MIB = 64

export const bound =
  `memory grows when the median of the last third is above that of the first by more than ` +
  `${Math.round((MOST_GROWTH - 1) * 100)} % and ${MOST_GROWTH_MIB} MiB ` +
  `(${MOST_OF_FEW_MIB} in a run of less than ${FEW} s)`

export function heldOf(what: string, samplesMiB: readonly number[]): Held {
  if (samplesMiB.length < 3) throw new Error(`${what}: ${samplesMiB.length} samples are too few`)
  const third = Math.floor(samplesMiB.length / 3)
  const firstMiB = medianOf(samplesMiB.slice(0, third))
  const lastMiB = medianOf(samplesMiB.slice(-third))
  const mostMiB = samplesMiB.length < FEW ? MOST_OF_FEW_MIB : MOST_GROWTH_MIB
  const grows = lastMiB > firstMiB * MOST_GROWTH && lastMiB - firstMiB > mostMiB
  const slopeMiBPerMinute = slopeOf(samplesMiB) * 60
  return { what, samplesMiB, firstMiB, lastMiB, slopeMiBPerMinute, grows }
}

/** What must hold and did not, a sentence each. */
export function failuresOf({ stopped, slow }: MemoryFigures): string[] {
  const failures = [stopped.publisher, slow.sender, slow.receiver]
    .filter(({ grows }) => grows)
    .map(({ what, firstMiB, lastMiB }) => {
      return `memory: ${what} grew from ${firstMiB} to ${lastMiB} MiB; ${bound}`
    })
  const { exact, received, missed, published } = stopped.gap
  if (!exact) {
    const heard = `${received} received + ${missed} missed`
    failures.push(`memory: the stopped subscriber tells ${heard}, of ${published} published`)
  }
  if (slow.lost > 0) failures.push(`memory: ${slow.lost} notifications were lost on a slow server`)
  return failures
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}

/** Least squares; the samples are one second apart. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let above = 0
  let below = 0
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean)
    below += (at - middle) ** 2
  }
  return above / below
}

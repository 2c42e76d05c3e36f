// Owns the form of what `fan-out` found: part of the JSON, and all that its view is made of.

import type { Spread } from '../process/spread.ts'

export interface SpreadRow extends Spread {
  readonly processes: number
}

export interface MeshFigures {
  readonly peers: number
  readonly processes: number
  /** Each event counts once for each peer that heard it. */
  readonly deliveredPerSecond: number
  readonly answeredPerSecond: number
  /** Events told as missed, all peers together. */
  readonly missed: number
  readonly failed: number
}

export interface IdleFigures {
  readonly links: number
  readonly seconds: number
  /** Of one core. */
  readonly cpuPercent: number
}

export interface FanOutFigures {
  readonly one: SpreadRow
  readonly fifty: SpreadRow
  /** Deliveries a second to fifty, against those to one. */
  readonly ratio: number
  readonly mesh: MeshFigures
  readonly idle: IdleFigures
}

/** What must hold and did not, a sentence each. */
export function failuresOf({ one, fifty, mesh }: FanOutFigures): string[] {
  const failures = [one, fifty]
    .filter(({ exact }) => !exact)
    .map(({ subscribers, received, missed, published }) => {
      const heard = `${received} received and ${missed} missed by ${subscribers} subscribers`
      return `fan-out: ${heard}, of ${published} published to each`
    })
  if (mesh.failed > 0) failures.push(`fan-out: ${mesh.failed} calls failed in the mesh`)
  return failures
}

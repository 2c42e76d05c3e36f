// Owns the form of what `policies` found: part of the JSON, and all that its view is made of.

import type { Figure } from 'earshot/report'

export interface PolicyRow {
  readonly client: string
  /** ns a call, caller and server together. */
  readonly ns: Figure
  /** Against all policies off, round by round: the median. */
  readonly moreNs: number
}

export interface PoliciesFigures {
  readonly rows: readonly PolicyRow[]
}

/** What a call through default policies may cost more. */
export const MOST_NS = 300
/** Fewer rounds are a short look, and judge nothing. */
export const ROUNDS = 41

/** What must hold and did not, a sentence each. */
export function failuresOf({ rows }: PoliciesFigures): string[] {
  return rows

    .filter(({ client, ns }) => client === 'default' && ns.runs.length >= ROUNDS)
    .filter(({ moreNs }) => moreNs > MOST_NS)
    .map(({ moreNs }) => `policies: a call costs ${moreNs.toFixed(0)} ns more, over ${MOST_NS}`)
}

// Owns the diagnostics channels: what Earshot says of itself, free of cost when nobody listens.
// Never on the path of a message: faults, membership and discovery only.

import { channel } from 'node:diagnostics_channel'

export interface Diagnostic {
  /** `link`, `peer`, `discovery`, `contract`, `handler`, `fallback`, `outlet`, `trust`. */
  readonly area: string
  /** One sentence: what happened, to whom. */
  readonly text: string
  readonly code?: string
  readonly data?: Readonly<Record<string, unknown>>
}

const faults = channel('earshot:fault')
const notes = channel('earshot:note')

/** Something went wrong and was dealt with; subscribers of `earshot:fault` hear of it. */
export function reportFault(diagnostic: Diagnostic): void {
  if (faults.hasSubscribers) faults.publish(diagnostic)
}

/** Something worth knowing happened; subscribers of `earshot:note` hear of it. */
export function reportNote(diagnostic: Diagnostic): void {
  if (notes.hasSubscribers) notes.publish(diagnostic)
}

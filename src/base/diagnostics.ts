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

/** Reports each text once, until it is cleared: of what is tried again and again. */
export class FaultsOnce {
  readonly #told = new Set<string>()
  readonly #most: number

  /** @param most texts that are told; what comes beyond is not */
  constructor(most: number) {
    this.#most = most
  }

  report(diagnostic: Diagnostic): void {
    const { text } = diagnostic
    if (this.#told.has(text) || this.#told.size >= this.#most) return
    this.#told.add(text)
    reportFault(diagnostic)
  }

  clear(): void {
    this.#told.clear()
  }
}

/** Something worth knowing happened; subscribers of `earshot:note` hear of it. */
export function reportNote(diagnostic: Diagnostic): void {
  if (notes.hasSubscribers) notes.publish(diagnostic)
}

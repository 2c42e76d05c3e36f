// Owns the answer to a publisher that wants to know what became of one event here.
// Once an event that asks. Never answers twice.

import { isEarshotError } from '../base/errors.ts'
import { Outcome } from '../wire/record.ts'
import type { Remote } from './remote.ts'

export class AskedEvent {
  readonly #from: Remote
  readonly #correlation: number
  /** Listeners of ours that have not said yet. */
  #left: number
  #outcome: number = Outcome.done

  constructor(from: Remote, correlation: number, listeners: number) {
    this.#from = from
    this.#correlation = correlation
    this.#left = listeners
  }

  /** One listener is through with it. The last one's word sends the answer: the worst of all. */
  done(outcome: number): void {
    this.#outcome = Math.max(this.#outcome, outcome)
    if (--this.#left > 0) return
    try {
      this.#from.link?.outbound.heard(this.#correlation, this.#outcome)
    } catch (error) {
      // A link that is full to the brim: the publisher's time-out ends its wait.
      if (!isEarshotError(error)) throw error
    }
  }
}

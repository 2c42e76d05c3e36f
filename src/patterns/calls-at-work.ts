// Owns the calls that are at work here or wait for their turn, by link and number, to be cancelled.
// Never answers: serving does.

import type { Link } from '../mesh/remote.ts'
import type { CallContext } from './call-context.ts'

export class CallsAtWork {
  readonly #byLink = new Map<Link, Map<number, CallContext>>()
  #idle: (() => void) | undefined
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Resolves when there are none. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  /** `end` follows exactly once. */
  begin(link: Link, number: number, context: CallContext): void {
    this.#count++
    const ofLink = this.#byLink.get(link) ?? new Map<number, CallContext>()
    this.#byLink.set(link, ofLink)
    ofLink.set(number, context)
  }

  end(link: Link, number: number): void {
    const ofLink = this.#byLink.get(link)
    ofLink?.get(number)?.end()
    ofLink?.delete(number)
    if (ofLink?.size === 0) this.#byLink.delete(link)
    this.#count--
    if (this.#count === 0) this.#idle?.()
  }

  cancel(link: Link, number: number): void {
    this.#byLink.get(link)?.get(number)?.abort('the caller no longer waits')
  }

  /**
   * What was under way on this link will not be answered: handlers may stop. Not those of
   * notifications, which have numbers below 0: whoever sent them waits for nothing.
   */
  lost(link: Link): void {
    for (const [number, context] of [...(this.#byLink.get(link) ?? [])]) {
      if (number > 0) context.abort('the link was lost')
    }
  }
}

// Owns the publisher's wait for what became of one event at those who heard it.
// Never waits for ever: the time-out counts who stayed silent.

import { deferred } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { Kind, Outcome } from '../wire/record.ts'
import type { Verdict } from './verdict.ts'

interface Waiting {
  silent: number
  confirmed: number
  refused: number
  readonly resolve: () => void
}

const LAST_CORRELATION = 0x7fffffff

export class EventVerdicts {
  readonly #mesh: Mesh
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(mesh: Mesh) {
    this.#mesh = mesh
    mesh.inbound.on(Kind.heard, (_link, record) => {
      const correlation = record.number()
      const outcome = record.number()
      if (correlation < 0 || outcome < 0) {
        throw new EarshotError('EARSHOT_BYTES_INVALID', 'an answer to no event')
      }
      this.#heard(correlation, outcome)
      return true
    })
  }

  /** @throws EARSHOT_OVERLOADED when too many wait already */
  correlation(): number {
    const { maxPendingRequests } = this.#mesh.parts.limits
    if (this.#waiting.size >= maxPendingRequests) {
      const text = `${this.#waiting.size} events already wait for verdicts (maxPendingRequests)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#last = this.#last === LAST_CORRELATION ? 1 : this.#last + 1
    return this.#last
  }

  /** Resolves when so many subscriptions have answered, or the time is up. */
  async wait(
    correlation: number,
    listeners: number,
    became: 'received' | 'handled',
    timeoutMs: number,
  ): Promise<Verdict> {
    const all = deferred()
    const { resolve } = all
    const waiting: Waiting = { silent: listeners, confirmed: 0, refused: 0, resolve }
    this.#waiting.set(correlation, waiting)
    await this.#mesh.atMost(timeoutMs, all.promise)
    this.#waiting.delete(correlation)
    const { confirmed, silent, refused } = waiting
    return { became, listeners: confirmed, silent, refused }
  }

  #heard(correlation: number, outcome: number): void {
    const waiting = this.#waiting.get(correlation)
    // After the time-out, or more than there were: a subscription that was made meanwhile.
    if (!waiting || waiting.silent === 0) return
    waiting.silent--
    if (outcome === Outcome.done) waiting.confirmed++
    else waiting.refused++
    if (waiting.silent === 0) waiting.resolve()
  }
}

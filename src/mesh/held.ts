// Owns the messages of one channel that wait for room on one full link, where the oldest gives way.
// Only ever used at the limit. Never decides whether to wait: the pattern does.

import { BoundedQueue, type Overflow } from '../base/bounded-queue.ts'
import type { Limits } from '../base/limits.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { Outbound } from './outbound.ts'

/**
 * What became of one: handed to the link, gave way to a later one, went down with the link, or its
 * sender waits no longer.
 */
export type HeldOutcome = 'written' | 'overflow' | 'link-lost' | 'withdrawn'

interface Waiting {
  readonly headers: Buffer | undefined
  readonly body: Buffer
  readonly settle: (outcome: HeldOutcome) => void
  /** Nobody waits for it any more: it is passed over. */
  withdrawn: boolean
}

/** Bodies are encoded when they come, so that nobody changes them while they wait. */
const encoded = bytesBody('json', { kind: 'bytes' })

export class Held {
  readonly #outbound: Outbound
  readonly #code: number
  readonly #queue: BoundedQueue<Waiting>
  #draining = false

  /** @param code number and codec of the channel */
  constructor(outbound: Outbound, code: number, overflow: Overflow, limits: Limits) {
    this.#outbound = outbound
    this.#code = code
    this.#queue = new BoundedQueue(limits.maxHeldMessages, overflow)
  }

  /** While it holds any, later ones queue behind them. */
  get empty(): boolean {
    return this.#queue.size === 0
  }

  /**
   * @param settle is called once, when it is known what became of the message
   * @returns takes it back, if it still waits
   */
  push(headers: Buffer | undefined, body: Buffer, settle: Waiting['settle']): () => void {
    let isKnown = false
    const once = (outcome: HeldOutcome) => {
      if (!isKnown) settle(outcome)
      isKnown = true
    }
    const waiting: Waiting = { headers, body, settle: once, withdrawn: false }
    this.#queue.push(waiting)?.settle('overflow')
    if (!this.#draining) {
      this.#draining = true
      void this.#drain()
    }
    return () => {
      waiting.withdrawn = true
      once('withdrawn')
    }
  }

  async #drain(): Promise<void> {
    while (this.#queue.size > 0) {
      await this.#outbound.ready()
      if (this.#outbound.ended) this.#lost()
      while (this.#queue.size > 0 && !this.#outbound.full) {
        const { headers, body, settle, withdrawn } = this.#queue.take()
        if (withdrawn) continue
        this.#outbound.notification(this.#code, headers, encoded, body)
        settle('written')
      }
    }
    this.#draining = false
  }

  #lost(): void {
    while (this.#queue.size > 0) this.#queue.take().settle('link-lost')
  }
}

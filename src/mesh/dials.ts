// Owns the attempts to get a link: one endpoint each, until a hello is done; what became of them.
// Never chooses an endpoint, and never says who a peer is.

import type { Clock } from '../base/clock.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Limits } from '../base/limits.ts'
import type { Link } from './remote.ts'
import { noteIn, type TriedEndpoint } from './tried.ts'

export interface DialsParts {
  readonly clock: Clock
  readonly limits: Limits
  /** Connects. */
  readonly open: (endpoint: string) => Link
  readonly sayHello: (link: Link) => void
}

export class Dials {
  readonly #parts: DialsParts
  readonly #underWay = new Map<Link, (reached: boolean, why: string) => void>()
  /** Who leaves waits for it. */
  #idle: Deferred | undefined

  constructor(parts: DialsParts) {
    this.#parts = parts
  }

  /**
   * True when the hello is done. Never rejects.
   *
   * @param tried where it is noted
   * @param opened is told when somebody is there
   * @param reached is told before this resolves
   */
  dial(
    endpoint: string,
    signal: AbortSignal,
    tried: TriedEndpoint[],
    opened: () => void,
    reached?: (link: Link) => void,
  ): Promise<boolean> {
    const { clock, limits, open, sayHello } = this.#parts
    const startMs = clock.nowMs()
    const link = open(endpoint)
    link.frames.onOpen = opened
    const note = noteIn(tried, link.frames.endpoint)
    return new Promise((resolve) => {
      const giveUp = (outcome: TriedEndpoint['outcome'], why: string) => {
        Object.assign(note, { outcome, why })
        link.close()
      }
      const late = () => giveUp('failed', `no hello in ${limits.dialTimeoutMs} ms`)
      const timer = clock.after(limits.dialTimeoutMs, late, true)
      // Another endpoint has won; who has said hello on this one by now keeps two links.
      const lose = () => {
        if (link.remote === undefined) giveUp('given up', 'another was sooner')
      }
      signal.addEventListener('abort', lose, { once: true })
      this.#underWay.set(link, (isReached, why) => {
        timer.cancel()
        signal.removeEventListener('abort', lose)
        this.#underWay.delete(link)
        note.tookMs = clock.nowMs() - startMs
        if (isReached) note.outcome = 'linked'
        else if (note.outcome === 'under way') Object.assign(note, { outcome: 'failed', why })
        if (isReached) reached?.(link)
        resolve(isReached)
        if (this.#underWay.size === 0) this.#idle?.resolve()
      })
      sayHello(link)
    })
  }

  /** The hello on this link is done, or will not be. */
  settle(link: Link, reached: boolean, why = ''): void {
    this.#underWay.get(link)?.(reached, why)
  }

  /**
   * Resolves when those under way have come to their end; after `leaveDialsMs` they are given up.
   * Who has heard a hello of ours by then hears the goodbye, too.
   */
  async end(): Promise<void> {
    if (this.#underWay.size === 0) return
    this.#idle ??= deferred()
    const { clock, limits } = this.#parts
    const timer = clock.after(limits.leaveDialsMs, () => this.close())
    await this.#idle.promise
    timer.cancel()
  }

  close(): void {
    for (const link of [...this.#underWay.keys()]) link.close()
  }
}

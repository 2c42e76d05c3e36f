// Owns finding out whose connection to the inbox has ended: its monitor says that one has, and not
// whose. Never asks without need: an answer costs a frame to everybody who is linked.

import type { Router } from 'zeromq'
import type { Clock } from '../base/clock.ts'

/** A lost connection is known to the monitor before the ROUTER: all are asked again after these. */
const ASK_AFTER_MS = [1, 10, 50, 200]
/** So late where it is most likely that of a link which was closed here. */
const LATE_MS = 200

/** Tells `probing` what the monitor of the inbox says. An end is told behind why it came to it. */
export function watchEnds({ events }: Router, probing: Probing): void {
  for (const failed of ['auth', 'protocol', 'other'] as const)
    events.on(`handshake:error:${failed}`, () => probing.unmet())
  events.on('disconnect', () => probing.ended())
}

export class Probing {
  readonly #clock: Clock
  readonly #ask: () => void
  /** Connections that have ended, and links that were found dead since: what is still sought. */
  #sought = 0
  /** Links that were closed here, and strangers: they will hang up, and are not looked for. */
  #expected = 0
  #asking = false
  /** How often it was asked since somebody hung up. */
  #step = 0
  #askingLate = false
  #again = false

  /** @param ask all who are linked; who is dead is told by `found` in this turn */
  constructor(clock: Clock, ask: () => void) {
    this.#clock = clock
    this.#ask = ask
  }

  /**
   * A link is over here, while its connection may stand. Somebody who is sought is most likely it:
   * of two links with one who died the one tells of the other. If not, its hanging up starts anew.
   */
  closed(): void {
    if (this.#sought > 0) this.#sought--
    else this.#expected++
  }

  /** A link leads nowhere. */
  found(): void {
    this.#sought--
  }

  /** Somebody got no further than the greeting, and hangs up: it is nobody's link. */
  unmet(): void {
    this.#expected++
  }

  /** Somebody has hung up. */
  ended(): void {
    if (this.#expected > 0) {
      this.#expected--
      this.#askLate()
      return
    }
    this.#sought++
    if (!this.#asking) this.#begin()
    else if (this.#step > 0) this.#again = true
  }

  #begin(): void {
    this.#asking = true
    this.#again = false
    this.#step = 0
    this.#next()
  }

  #next(): void {
    if (this.#step > 0 && this.#sought <= 0) this.#end(false)
    else if (this.#step === ASK_AFTER_MS.length) this.#end(this.#again)
    else {
      const [before = 0, after = 0] = [ASK_AFTER_MS[this.#step - 1], ASK_AFTER_MS[this.#step]]
      const ask = () => {
        this.#step++
        this.#ask()
        // Who is dead is told behind this.
        this.#clock.after(0, () => this.#next(), true)
      }
      this.#clock.after(after - before, ask, true)
    }
  }

  /** Who never said a word is not found: of the others it is not known how many they are. */
  #end(again: boolean): void {
    this.#asking = false
    this.#sought = again ? 1 : 0
    if (again) this.#begin()
  }

  /** It may be another's all the same, whose death shall not wait for its heartbeats. */
  #askLate(): void {
    if (this.#askingLate) return
    this.#askingLate = true
    const ask = () => {
      this.#askingLate = false
      this.#ask()
    }
    this.#clock.after(LATE_MS, ask, true)
  }
}

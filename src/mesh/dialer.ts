// Owns the attempts to reach a peer that discovery told of: all its endpoints, then again later.
// Never knows what a hello means: it asks for a link and is told whether one came about.

import type { Clock, Timer } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import { race, Slots } from './race.ts'

export interface DialTarget {
  readonly id: string
  readonly endpoints: readonly string[]
  /** Who told of it. */
  readonly tellers?: readonly string[] | undefined
}

/** Tries one endpoint of a peer; true when the hello is done. Never rejects. */
export type Dial = (
  endpoint: string,
  id: string,
  signal: AbortSignal,
  opened: () => void,
) => Promise<boolean>

interface Wanted {
  target: DialTarget
  failures: number
  dialling: boolean
  /** How often it was about to come by itself. */
  holds: number
  timer: Timer | undefined
}

/** After a failed round: 0.25 s, then twice as long, up to 5 s. */
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5_000
/** Who has said hello to us has so long to go on; it may have given that up, and then we dial. */
const HOLD_MS = 250
const MOST_HOLDS = 4

export class Dialer {
  readonly #wanted = new Map<string, Wanted>()
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #dialOne: Dial
  readonly #comes: (id: string) => boolean
  readonly #slots: Slots
  #idle: (() => void)[] = []
  #closed = false

  /** @param comes has that peer said hello to us, so that its link is a matter of time? */
  constructor(clock: Clock, limits: Limits, dial: Dial, comes: (id: string) => boolean) {
    this.#clock = clock
    this.#limits = limits
    this.#dialOne = dial
    this.#comes = comes
    this.#slots = new Slots(limits.maxDialsAtOnce)
  }

  /** Dials after `delayMs` and goes on until `settle` or `forget`. */
  want(target: DialTarget, delayMs: number): void {
    if (this.#closed) return
    const known = this.#wanted.get(target.id)
    if (known) {
      known.target = target
      if (known.dialling || known.timer) return
    } else if (this.#wanted.size >= this.#limits.maxPeers) return
    const wanted = known ?? { target, failures: 0, dialling: false, holds: 0, timer: undefined }
    this.#wanted.set(target.id, wanted)
    this.#later(wanted, delayMs)
  }

  /** Resolves when everybody who is wanted has been reached, or tried in vain at least once. */
  tried(): Promise<void> {
    if (this.#allTried()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle.push(resolve)
    })
  }

  /** The peer is reached: no more attempts. */
  settle(id: string): void {
    const wanted = this.#wanted.get(id)
    wanted?.timer?.cancel()
    this.#wanted.delete(id)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    for (const id of [...this.#wanted.keys()]) this.settle(id)
  }

  #allTried(): boolean {
    for (const { failures } of this.#wanted.values()) if (failures === 0) return false
    return true
  }

  #wake(): void {
    if (this.#idle.length > 0 && this.#allTried()) for (const wake of this.#idle.splice(0)) wake()
  }

  #later(wanted: Wanted, delayMs: number): void {
    wanted.timer = this.#clock.after(
      delayMs,
      () => {
        wanted.timer = undefined
        void this.#dial(wanted)
      },
      true,
    )
  }

  async #dial(wanted: Wanted): Promise<void> {
    wanted.dialling = true
    const { id, endpoints, tellers } = wanted.target
    const isWanted = () => !this.#closed && this.#wanted.get(id) === wanted
    const comes = () => wanted.holds < MOST_HOLDS && this.#comes(id)
    const reached = await race({
      clock: this.#clock,
      slots: this.#slots,
      endpoints,
      tellers,
      attempt: (endpoint, signal, opened) => this.#dialOne(endpoint, id, signal, opened),
      // Whoever has come to us meanwhile may count on what is under way: nothing of it is cut off.
      goesOn: () => isWanted() && !comes(),
    })
    wanted.dialling = false
    if (!isWanted()) return
    if (reached) this.settle(id)
    else if (comes()) {
      wanted.holds++
      this.#later(wanted, HOLD_MS)
    } else {
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** wanted.failures++, LAST_RETRY_MS)
      this.#later(wanted, delayMs)
      this.#wake()
    }
  }
}

// Owns the moment at which a remote peer counts as up: when what it hears of us is in force.
// Never keeps anybody out for long: a peer that does not subscribe as it said is up all the same.

import type { Clock, Timer } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { reportFault } from '../base/diagnostics.ts'
import type { Remote } from './remote.ts'

/**
 * A subscription takes a dial and two messages: a few ms, unless something is wrong. Who cannot
 * come to our outlet asks by its link half a second later.
 */
const ARRIVED_WITHIN_MS = 1_000

interface Arrival {
  readonly remote: Remote
  /** What it said it hears and whose subscription we have not seen; twice by two ears. */
  readonly awaited: string[]
  readonly timer: Timer
}

export class Arrivals {
  readonly #clock: Clock
  readonly #arrived: (remote: Remote) => void
  readonly #waiting = new Map<string, Arrival>()
  #idle = deferred()

  /** @param arrived called once for each */
  constructor(clock: Clock, arrived: (remote: Remote) => void) {
    this.#clock = clock
    this.#arrived = arrived
  }

  /** Its hello is done. */
  begin(remote: Remote): void {
    if (remote.hello.hears.length === 0) {
      this.#finish(remote)
      return
    }
    const late = () => {
      const text = `${remote.name} has not subscribed to ${arrival.awaited} as it said`
      reportFault({ area: 'outlet', text })
      this.#finish(remote)
    }
    const timer = this.#clock.after(ARRIVED_WITHIN_MS, late, true)
    const arrival: Arrival = { remote, awaited: [...remote.hello.hears], timer }
    this.#waiting.set(remote.id, arrival)
  }

  /** The outlet has seen a subscription. */
  heard(id: string, channel: string): void {
    const arrival = this.#waiting.get(id)
    const at = arrival?.awaited.indexOf(channel) ?? -1
    if (!arrival || at < 0) return
    arrival.awaited.splice(at, 1)
    if (arrival.awaited.length === 0) this.#finish(arrival.remote)
  }

  /** It hears nothing of a channel, whatever key it asked for: there is nothing to wait for. */
  deaf(id: string, channel: string): void {
    for (const what of [...(this.#waiting.get(id)?.awaited ?? [])]) {
      if (what === channel || what.startsWith(`${channel}?`)) this.heard(id, what)
    }
  }

  /** Resolves when nobody is on the way. */
  async idle(): Promise<void> {
    if (this.#waiting.size > 0) await this.#idle.promise
  }

  /** It goes already: who watches hears of its coming before its going. */
  complete(remote: Remote): void {
    if (!remote.arrived) this.#finish(remote)
  }

  #finish(remote: Remote): void {
    remote.arrived = true
    const arrival = this.#waiting.get(remote.id)
    if (arrival?.remote === remote) {
      arrival.timer.cancel()
      this.#waiting.delete(remote.id)
    }
    this.#arrived(remote)
    if (this.#waiting.size > 0) return
    this.#idle.resolve()
    this.#idle = deferred()
  }
}

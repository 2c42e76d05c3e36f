// Owns where others reach us: follows the addresses of this machine while we listen on all of them.
// Never binds: the sockets take what comes at any address.

import { atHost, hasZone, placeOf } from './base/address.ts'
import type { Clock, Timer } from './base/clock.ts'
import type { Bound } from './transport/transport.ts'

const LOOK_MS = 1_000

export class Places {
  readonly #bound: Bound
  readonly #addresses: () => readonly string[]
  #known: string
  #now: Bound
  #looks: Timer | undefined

  /**
   * @param bound at these addresses
   * @param addresses where we listen, as they are now, best first
   */
  constructor(bound: Bound, addresses: () => readonly string[]) {
    this.#bound = bound
    this.#addresses = addresses
    this.#now = bound
    this.#known = addresses().join()
  }

  /** Endpoints of our sockets on this host, links of its own included. */
  get here(): Bound {
    return this.#now
  }

  /** What others are told: the zone of an address means nothing to them. */
  get told(): Bound {
    const { inbox, outlet, door } = this.#now
    const all = (endpoints: readonly string[]) => endpoints.filter((one) => !hasZone(one))
    return { inbox: all(inbox), outlet: all(outlet), door: all(door) }
  }

  /** An interface that comes up later is a place like any other: `changed` tells of it. */
  follow(clock: Clock, changed: (here: Bound) => void): void {
    this.#looks = clock.every(
      LOOK_MS,
      () => {
        if (this.#look()) changed(this.#now)
      },
      true,
    )
  }

  close(): void {
    this.#looks?.cancel()
  }

  #look(): boolean {
    const addresses = this.#addresses()
    const known = addresses.join()
    if (known === this.#known) return false
    this.#known = known
    const { inbox, outlet, door } = this.#bound
    const at = (endpoints: readonly string[]) => placed(endpoints, addresses)
    this.#now = { inbox: at(inbox), outlet: at(outlet), door: at(door) }
    return true
  }
}

function placed(endpoints: readonly string[], addresses: readonly string[]): string[] {
  const others = endpoints.filter((endpoint) => placeOf(endpoint) === undefined)
  const port = endpoints.find((endpoint) => placeOf(endpoint))
  const hosts = port === undefined ? [] : addresses.map((address) => atHost(port, address))
  return [...others, ...hosts]
}

// Owns the peers that serve one channel, of those whose version is wanted, and who waits for one.
// Never chooses between them: each client's routes do, by its own balance.

import type { EarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Remote } from './remote.ts'

/** One remote peer that serves one channel, with all that a send needs. */
export interface Route {
  readonly remote: Remote
  /** Number and codec, as a record carries them. */
  readonly code: number
  readonly body: BodyCodec
  readonly reply: BodyReader | undefined
  /** Reads the errors that the channel declares there. */
  readonly errors: BodyReader | undefined
  /** Of its contract there, and the weight that it serves it with. */
  readonly version: string
  readonly weight: number
}

export interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: EarshotError) => void
}

export class RouteList {
  readonly local: LocalChannel
  /** None: any of the major version. */
  readonly range: VersionRange | undefined
  readonly waiters: Set<Waiter> = new Set()
  /** Why peers that offer the channel are no routes; the last of them. */
  mismatch: { readonly error: EarshotError; readonly remote: Remote } | undefined
  routes: readonly Route[] = []
  /** Grows with each change: whoever has arranged the routes in a way of its own does so anew. */
  revision = 0

  constructor(local: LocalChannel, range: VersionRange | undefined) {
    this.local = local
    this.range = range
  }

  /** In place of what it was for the same peer: its turn stays where it is. */
  put(route: Route): void {
    const at = this.routes.findIndex(({ remote }) => remote === route.remote)
    const known = this.routes[at]
    if (known === undefined) this.#become([...this.routes, route])
    else if (!isSame(known, route)) this.#become(this.routes.with(at, route))
    for (const waiter of this.waiters) waiter.resolve()
    this.waiters.clear()
  }

  remove(remote: Remote): void {
    const left = this.routes.filter((route) => route.remote !== remote)
    if (left.length < this.routes.length) this.#become(left)
    if (this.mismatch?.remote === remote) this.mismatch = undefined
  }

  #become(routes: readonly Route[]): void {
    this.routes = routes
    this.revision++
  }
}

function isSame(one: Route, other: Route): boolean {
  const names = Object.keys(one) as (keyof Route)[]
  return names.every((name) => one[name] === other[name])
}

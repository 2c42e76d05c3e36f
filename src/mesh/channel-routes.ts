// Owns the choice of a remote peer for a message from one to one: whose turn it is, of those who
// serve the channel.
// Never sends. Hot path: `pick` allocates nothing.

import type { EarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Link, Remote } from './remote.ts'
import { hash } from './rendezvous.ts'

/** One remote peer that serves one channel, with all that a send needs. */
export interface Route {
  readonly remote: Remote
  /** Number and codec, as a record carries them. */
  readonly code: number
  readonly body: BodyCodec
  readonly reply: BodyReader | undefined
}

/** What a caller wishes of the peer that gets its message. */
export interface Wish {
  /** The id of the peer, and no other. */
  readonly to?: string | undefined
  readonly key?: string | undefined
}

/** Which routes may be used just now; asked at each choice. */
export interface RouteFilter {
  admits(route: Route): boolean
}

export interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: EarshotError) => void
}

/** The peers that serve one channel, of those whose version is wanted. */
export class ChannelRoutes {
  readonly local: LocalChannel
  /** None: any of the major version. */
  readonly range: VersionRange | undefined
  readonly waiters: Set<Waiter> = new Set()
  /** Why peers that offer the channel are no routes; the last of them. */
  mismatch: { readonly error: EarshotError; readonly remote: Remote } | undefined
  #routes: Route[] = []
  #next = 0

  constructor(local: LocalChannel, range: VersionRange | undefined) {
    this.local = local
    this.range = range
  }

  get size(): number {
    return this.#routes.length
  }

  /** Is there one with a link? Not while the only one is dialled anew. */
  get usable(): boolean {
    return this.#routes.some(({ remote }) => remote.link !== undefined)
  }

  /**
   * The next in turn that has a link with room; one that is full if all are; undefined if none is
   * up.
   *
   * @param avoid gets it only when nobody else can; then it is nobody's turn: two peers would
   * otherwise get first and second tries alternately, the bad one all the first
   */
  pick(filter?: RouteFilter, avoid?: Remote): Route | undefined {
    const turn = this.#next
    const picked = this.#pickNext(filter, avoid)
    if (avoid !== undefined) this.#next = turn
    return picked
  }

  /** The peer that is named, or by key, or else in turn; undefined also when it is not admitted. */
  choose(wish: Wish | undefined, filter?: RouteFilter, avoid?: Remote): Route | undefined {
    if (wish?.to === undefined && wish?.key === undefined) return this.pick(filter, avoid)
    const route =
      wish.to === undefined
        ? this.#pickFor(wish.key as string)
        : this.#routes.find(({ remote }) => remote.id === wish.to)
    return route === undefined || !filter || filter.admits(route) ? route : undefined
  }

  /** Those that have a link, whatever a filter would say of them. */
  linked(): Route[] {
    return this.#routes.filter(({ remote }) => remote.link !== undefined)
  }

  /** Some route whose link must drain before more is sent. */
  fullLink(): Link | undefined {
    return this.pick()?.remote.link
  }

  put(route: Route): void {
    this.remove(route.remote)
    this.#routes.push(route)
    for (const waiter of this.waiters) waiter.resolve()
    this.waiters.clear()
  }

  #pickNext(filter: RouteFilter | undefined, avoid: Remote | undefined): Route | undefined {
    const routes = this.#routes
    let full: Route | undefined
    let avoided: Route | undefined
    for (let tries = routes.length; tries > 0; tries--) {
      if (this.#next >= routes.length) this.#next = 0
      const route = routes[this.#next++] as Route
      const link = route.remote.link
      if (link === undefined || (filter !== undefined && !filter.admits(route))) continue
      if (route.remote === avoid) avoided = route
      else if (!link.outbound.full) return route
      else full = route
    }
    return full ?? avoided
  }

  /** Rendezvous hashing: when a peer leaves, only its own keys move. */
  #pickFor(key: string): Route | undefined {
    let best: Route | undefined
    let highest = -1
    for (const route of this.#routes) {
      if (route.remote.link === undefined) continue
      const weight = hash(`${key}\n${route.remote.id}`)
      if (weight > highest) {
        highest = weight
        best = route
      }
    }
    return best
  }

  remove(remote: Remote): void {
    this.#routes = this.#routes.filter((route) => route.remote !== remote)
    if (this.mismatch?.remote === remote) this.mismatch = undefined
  }
}

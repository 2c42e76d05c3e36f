// Owns the choice of a remote peer for a message from one to one, by the balance of one client.
// Never sends. Hot path: `pick` allocates nothing.

import type { VersionRange } from '../contract/version-range.ts'
import { type Arrangement, arrange, type Home, type KeyedRoute, type Place } from './arrangement.ts'
import type { BalanceSettings } from './balance.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Link, Remote } from './remote.ts'
import { draw, drawByWeight, hash } from './rendezvous.ts'
import type { Route, RouteList } from './route-list.ts'
import type { RouteFilter } from './turns.ts'

/** What a caller wishes of the peer that gets its message. */
export interface Wish {
  /** The id of the peer, and no other. */
  readonly to?: string | undefined
  readonly key?: string | undefined
}

/** The peers that serve one channel, as one client sees them. */
export class ChannelRoutes {
  readonly list: RouteList
  readonly #settings: BalanceSettings
  readonly #own: Place
  readonly #seed: number
  #arranged: Arrangement = { tiers: [], homes: [], even: true }
  #revision = -1

  /** @param seed of its draws, any whole number */
  constructor(list: RouteList, settings: BalanceSettings, own: Place, seed: number) {
    this.list = list
    this.#settings = settings
    this.#own = own
    this.#seed = seed
  }

  get local(): LocalChannel {
    return this.list.local
  }

  get range(): VersionRange | undefined {
    return this.list.range
  }

  /** Is there one with a link? Not while the only one is dialled anew. */
  get usable(): boolean {
    return this.list.routes.some(({ remote }) => remote.link !== undefined)
  }

  /**
   * The next, by the client's balance, that has a link with room and is not suspected; who has
   * least waiting if all are full; undefined if none is up.
   *
   * @param avoid gets it only when nobody else can; then it is nobody's turn: two peers would
   * otherwise get first and second tries alternately, the bad one all the first
   */
  pick(filter?: RouteFilter, avoid?: Remote): Route | undefined {
    const { tiers } = this.#arrangement
    let passed: Route | undefined
    for (let at = 0; at < tiers.length; at++) {
      const turns = tiers[at] as Arrangement['tiers'][number]
      const { next } = turns
      const route = turns.take(filter, avoid)
      if (avoid !== undefined) turns.next = next
      if (route === undefined) continue
      if (at + 1 === tiers.length || !filter?.passesOver(route)) return route
      passed ??= route
    }
    return passed ?? this.#leastBad(filter, avoid)
  }

  /**
   * The peer that is named, or by key, or else by balance; undefined also when it is not admitted.
   *
   * @param body where a field of it may be the key
   */
  choose(
    wish: Wish | undefined,
    filter?: RouteFilter,
    avoid?: Remote,
    body?: unknown,
  ): Route | undefined {
    let route: Route | undefined
    if (wish?.to !== undefined) {
      route = this.list.routes.find(({ remote }) => remote.id === wish.to)
    } else {
      const key = this.keyOf(wish, body)
      if (key === undefined) return this.pick(filter, avoid)
      route = this.#pickFor(key)
    }
    return route === undefined || !filter || filter.admits(route) ? route : undefined
  }

  /** Those that have a link, whatever a filter would say of them. */
  linked(): Route[] {
    return this.list.routes.filter(({ remote }) => remote.link !== undefined)
  }

  /** Some route whose link must drain before more is sent. */
  fullLink(): Link | undefined {
    return this.pick()?.remote.link
  }

  /** Arranged anew only when peers have changed since. */
  get #arrangement(): Arrangement {
    const { routes, revision } = this.list
    if (revision === this.#revision) return this.#arranged
    const next = this.#arranged.tiers.map((turns) => turns.next)
    this.#arranged = arrange(routes, this.#settings, this.#own, next, this.#seed ^ revision)
    this.#revision = revision
    return this.#arranged
  }

  /** Nobody has room, or only those who are suspected or to be avoided. */
  #leastBad(filter: RouteFilter | undefined, avoid: Remote | undefined): Route | undefined {
    let best: Route | undefined
    let least = Number.POSITIVE_INFINITY
    for (const route of this.list.routes) {
      const { remote } = route
      if (remote.link === undefined || (filter !== undefined && !filter.admits(route))) continue
      const { waitingBytes } = remote.link.outbound
      const suspicion = remote.suspected ? Number.MAX_SAFE_INTEGER / 2 : 0
      const cost = remote === avoid ? Number.MAX_VALUE : waitingBytes + suspicion
      if (cost >= least) continue
      least = cost
      best = route
    }
    return best
  }

  /** Said with the message, or the field of its body that is the key. */
  keyOf(wish: Wish | undefined, body: unknown): string | undefined {
    const { key } = this.#settings
    if (wish?.key !== undefined || key === undefined) return wish?.key
    const value = (Object(body) as Readonly<Record<string, unknown>>)[key]
    return value === undefined || typeof value === 'string' ? value : String(value)
  }

  /** Rendezvous hashing: when a peer leaves, only its own keys move. */
  #pickFor(key: string): Route | undefined {
    const { homes, even } = this.#arrangement
    const hashed = hash(key)
    let best: Route | undefined
    let highest = -1
    for (let at = 0; at < homes.length; at++) {
      const home = homes[at] as Home
      const drawn = even ? draw(hashed, home.hash) : drawByWeight(hashed, home.hash, home.weight)
      if (drawn <= highest) continue
      const route = pickWithin(home, hashed)
      if (route === undefined) continue
      highest = drawn
      best = route
    }
    return best
  }
}

/** The same among those of one name, as far as they have a link. */
function pickWithin({ routes }: Home, key: number): Route | undefined {
  let best: Route | undefined
  let highest = -1
  for (let at = 0; at < routes.length; at++) {
    const { route, hash: peer, weight } = routes[at] as KeyedRoute
    if (route.remote.link === undefined) continue
    if (routes.length === 1) return route
    const drawn = drawByWeight(key, peer, weight)
    if (drawn <= highest) continue
    highest = drawn
    best = route
  }
  return best
}

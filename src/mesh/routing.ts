// Owns the choice of a remote peer for a message from one to one: who serves the channel, whose
// turn it is.
// Never sends. Hot path: `pick` allocates nothing.

import type { Clock } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import { CODEC_BITS } from '../wire/record.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Meetings } from './meetings.ts'
import type { Link, Remote } from './remote.ts'

/** One remote peer that serves one channel, with all that a send needs. */
export interface Route {
  readonly remote: Remote
  /** Number and codec, as a record carries them. */
  readonly code: number
  readonly body: BodyCodec
  readonly reply: BodyReader | undefined
  /** Reads the errors that the channel declares there. */
  readonly errors: BodyReader | undefined
}

interface VersionThere {
  readonly version: string
  readonly id: string
  readonly name: string
}

const MAX_VERSIONS_TOLD = 16
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

interface Waiter {
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

export class Routing {
  readonly #channels: ChannelRoutes[] = []
  readonly #meetings: Meetings
  readonly #remotes: () => Iterable<Remote>
  readonly #clock: Clock
  readonly #limits: Limits
  #waiting = 0
  #closed = false

  constructor(meetings: Meetings, remotes: () => Iterable<Remote>, clock: Clock, limits: Limits) {
    this.#meetings = meetings
    this.#remotes = remotes
    this.#clock = clock
    this.#limits = limits
  }

  /** The routes of a channel, kept up to date from now on. */
  of(local: LocalChannel, range?: VersionRange): ChannelRoutes {
    const isSame = (one: ChannelRoutes): boolean =>
      one.local === local && one.range?.text === range?.text
    const known = this.#channels.find(isSame)
    if (known) return known
    const routes = new ChannelRoutes(local, range)
    this.#channels.push(routes)
    for (const remote of this.#remotes()) this.#consider(routes, remote)
    return routes
  }

  /** A remote peer is up, or offers something else than before. */
  update(remote: Remote): void {
    for (const routes of this.#channels) this.#consider(routes, remote)
  }

  remove(remote: Remote): void {
    for (const routes of this.#channels) routes.remove(remote)
  }

  /**
   * Resolves when somebody serves the channel.
   * @throws EARSHOT_NO_SERVER after `timeoutMs`, or what kept those who offer it from being used;
   * EARSHOT_OVERLOADED when too many wait already
   */
  async wait(routes: ChannelRoutes, timeoutMs: number): Promise<void> {
    if (this.#closed) throw closed()
    if (routes.usable) return
    if (routes.mismatch) throw routes.mismatch.error
    if (this.#waiting >= this.#limits.maxWaitingForServer) {
      const text = `${this.#waiting} messages already wait for a server (maxWaitingForServer)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#waiting++
    let waiter: Waiter | undefined
    const late = () => waiter?.reject(noServer(routes, this.#remotes(), timeoutMs))
    const timer = this.#clock.after(timeoutMs, late)
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject }
        routes.waiters.add(waiter)
      })
    } finally {
      this.#waiting--
      timer.cancel()
      if (waiter) routes.waiters.delete(waiter)
    }
  }

  /** Resolves when it is known of all who offer the channel whether they can be used. */
  async settled({ local }: ChannelRoutes): Promise<void> {
    const meetings = [...this.#remotes()].map((remote) => this.#meetings.settled(remote, local))
    await Promise.all(meetings)
  }

  /** Nobody will come any more. */
  close(): void {
    this.#closed = true
    for (const { waiters } of this.#channels) {
      for (const waiter of waiters) waiter.reject(closed())
    }
  }

  #consider(routes: ChannelRoutes, remote: Remote): void {
    const { channel } = routes.local
    const offer = remote.offerOf(channel.contract, channel.major, channel.name)
    const isWanted = offer && (routes.range?.includes(offer.version) ?? true)
    if (!offer || offer.number === 0 || !isWanted || remote.leaving || remote.down) {
      routes.remove(remote)
      return
    }
    try {
      const agreement = this.#meetings.agree(remote, routes.local, offer)
      if (!agreement) {
        // Considered anew when the two versions are through with each other.
        routes.remove(remote)
        return
      }
      const { number, codec, reader, errors } = agreement
      routes.mismatch = undefined
      const body = routes.local.body(codec) as BodyCodec
      const code = number * 2 ** CODEC_BITS + codec
      routes.put({ remote, code, body, reply: reader, errors })
    } catch (error) {
      routes.remove(remote)
      this.#mismatched(routes, remote, toEarshotError(error))
    }
  }

  /** Those who wait are told at once; others when they call. */
  #mismatched(routes: ChannelRoutes, remote: Remote, error: EarshotError): void {
    if (routes.size > 0) return
    routes.mismatch = { error, remote }
    for (const waiter of routes.waiters) waiter.reject(error)
    routes.waiters.clear()
  }
}

function closed(): EarshotError {
  return new EarshotError('EARSHOT_CLOSED', 'the peer is closed: nobody will come to serve it')
}

/** FNV-1a and a last mix: even for keys that differ in one character. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return (value ^ (value >>> 12)) >>> 0
}

function noServer(
  { local, range }: ChannelRoutes,
  remotes: Iterable<Remote>,
  timeoutMs: number,
): EarshotError {
  const { contract, key } = local.channel
  const own = local.served ? ' (this peer serves it, but never calls itself)' : ''
  const wanted = range ? ` in a version of ${range.text}` : ''
  const versions = versionsOf(remotes, contract)
  const there = versions.map(({ version, name }) => `${version} at ${name}`).join(', ')
  const others = there === '' ? '' : `; of ${contract} there is ${there}`
  const text = `no remote peer serves ${key}${wanted} after ${timeoutMs} ms${own}${others}`
  return new EarshotError('EARSHOT_NO_SERVER', text, { data: { versions } })
}

/** Who offers what version of a contract; no more of them than a message can say. */
function versionsOf(remotes: Iterable<Remote>, contract: string): VersionThere[] {
  const found: VersionThere[] = []
  for (const { id, name, offers } of remotes) {
    for (const offer of offers) {
      if (offer.name === contract) found.push({ version: offer.version, id, name })
      if (found.length >= MAX_VERSIONS_TOLD) return found
    }
  }
  return found
}

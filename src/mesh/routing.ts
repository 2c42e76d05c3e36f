// Owns the choice of a remote peer for a message from one to one: who serves the channel, whose
// turn it is.
// Never sends. Hot path: `pick` allocates nothing.

import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import { CODEC_BITS } from '../wire/record.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Link, Remote } from './remote.ts'

/** One remote peer that serves one channel, with all that a send needs. */
export interface Route {
  readonly remote: Remote
  /** Number and codec, as a record carries them. */
  readonly code: number
  readonly body: BodyCodec
  readonly reply: BodyCodec | undefined
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

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: EarshotError) => void
}

/** The peers that serve one channel. */
export class ChannelRoutes {
  readonly local: LocalChannel
  readonly waiters: Set<Waiter> = new Set()
  /** Why peers that offer the channel are no routes; the last of them. */
  mismatch: { readonly error: EarshotError; readonly remote: Remote } | undefined
  #routes: Route[] = []
  #next = 0

  constructor(local: LocalChannel) {
    this.local = local
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
  readonly #channels = new Map<string, ChannelRoutes>()
  readonly #remotes: () => Iterable<Remote>
  readonly #clock: Clock
  readonly #limits: Limits
  #waiting = 0
  #closed = false

  constructor(remotes: () => Iterable<Remote>, clock: Clock, limits: Limits) {
    this.#remotes = remotes
    this.#clock = clock
    this.#limits = limits
  }

  /** The routes of a channel, kept up to date from now on. */
  of(local: LocalChannel): ChannelRoutes {
    const known = this.#channels.get(local.channel.key)
    if (known) return known
    const routes = new ChannelRoutes(local)
    this.#channels.set(local.channel.key, routes)
    for (const remote of this.#remotes()) this.#consider(routes, remote)
    return routes
  }

  /** A remote peer is up, or offers something else than before. */
  update(remote: Remote): void {
    for (const routes of this.#channels.values()) this.#consider(routes, remote)
  }

  remove(remote: Remote): void {
    for (const routes of this.#channels.values()) routes.remove(remote)
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
    const timer = this.#clock.after(timeoutMs, () => waiter?.reject(noServer(routes, timeoutMs)))
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

  /** Nobody will come any more. */
  close(): void {
    this.#closed = true
    for (const { waiters } of this.#channels.values()) {
      for (const waiter of waiters) waiter.reject(closed())
    }
  }

  #consider(routes: ChannelRoutes, remote: Remote): void {
    const { channel } = routes.local
    const offer = remote.offerOf(channel.contract, channel.major, channel.name)
    if (!offer || offer.number === 0 || remote.leaving || remote.down) {
      routes.remove(remote)
      return
    }
    try {
      const codec = routes.local.agree(offer, remote.name)
      routes.mismatch = undefined
      routes.put({
        remote,
        code: offer.number * 2 ** CODEC_BITS + codec,
        body: routes.local.body(codec) as BodyCodec,
        reply: routes.local.reply(codec),
      })
    } catch (error) {
      routes.remove(remote)
      this.#mismatched(routes, remote, toEarshotError(error))
    }
  }

  /** Said when the peers meet, not at the first message; those who wait are told at once. */
  #mismatched(routes: ChannelRoutes, remote: Remote, error: EarshotError): void {
    reportFault({ area: 'contract', text: error.message, code: error.code })
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

function noServer(routes: ChannelRoutes, timeoutMs: number): EarshotError {
  const { key } = routes.local.channel
  const own = routes.local.served ? ' (this peer serves it, but never calls itself)' : ''
  const text = `no remote peer serves ${key} after ${timeoutMs} ms${own}`
  return new EarshotError('EARSHOT_NO_SERVER', text)
}

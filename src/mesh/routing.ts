// Owns who serves which channel, kept up to date as peers come and change, and waiting for one.
// Never chooses between them: the routes of a channel do.

import type { Clock } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { VersionRange } from '../contract/version-range.ts'
import { CODEC_BITS } from '../wire/record.ts'
import { ChannelRoutes, type Waiter } from './channel-routes.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Meetings } from './meetings.ts'
import { noServer } from './no-server.ts'
import type { Remote } from './remote.ts'

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
      const { number, codec, reader } = agreement
      routes.mismatch = undefined
      const body = routes.local.body(codec) as BodyCodec
      routes.put({ remote, code: number * 2 ** CODEC_BITS + codec, body, reply: reader })
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

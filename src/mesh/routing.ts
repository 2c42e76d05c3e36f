// Owns who serves which channel, kept up to date as peers come and change, and waiting for one.
// Never chooses between them: the routes of a channel do.

import type { Clock } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { VersionRange } from '../contract/version-range.ts'
import { CODEC_BITS } from '../wire/record.ts'
import type { Place } from './arrangement.ts'
import { type BalanceSettings, defaultBalance } from './balance.ts'
import { ChannelRoutes } from './channel-routes.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Meetings } from './meetings.ts'
import { noServer } from './no-server.ts'
import type { Remote } from './remote.ts'
import { RouteList, type Waiter } from './route-list.ts'

export class Routing {
  readonly #lists: RouteList[] = []
  /** Of those who say nothing of balance: they take turns together. */
  readonly #plain = new Map<RouteList, ChannelRoutes>()
  readonly #own: Place
  readonly #random: () => number
  readonly #meetings: Meetings
  readonly #remotes: () => Iterable<Remote>
  readonly #clock: Clock
  readonly #limits: Limits
  #waiting = 0
  #closed = false

  constructor(
    meetings: Meetings,
    remotes: () => Iterable<Remote>,
    own: Place,
    random: () => number,
    clock: Clock,
    limits: Limits,
  ) {
    this.#own = own
    this.#random = random
    this.#meetings = meetings
    this.#remotes = remotes
    this.#clock = clock
    this.#limits = limits
  }

  /** The routes of a channel as they are from now on; `balance` makes turns of one's own. */
  of(local: LocalChannel, range?: VersionRange, balance?: BalanceSettings): ChannelRoutes {
    const list = this.#listOf(local, range)
    if (balance !== undefined) return this.#view(list, balance)
    const known = this.#plain.get(list)
    if (known) return known
    const routes = this.#view(list, defaultBalance)
    this.#plain.set(list, routes)
    return routes
  }

  /** The routes of a channel that lead to `remote` alone, as it is now. */
  only(remote: Remote, local: LocalChannel): ChannelRoutes {
    const list = new RouteList(local, undefined)
    this.#consider(list, remote)
    return this.#view(list, defaultBalance)
  }

  /** A remote peer is up, or offers something else than before. */
  update(remote: Remote): void {
    for (const list of this.#lists) this.#consider(list, remote)
  }

  remove(remote: Remote): void {
    for (const list of this.#lists) list.remove(remote)
  }

  /**
   * Resolves when somebody serves the channel.
   * @throws EARSHOT_NO_SERVER after `timeoutMs`, or what kept those who offer it from being used;
   * EARSHOT_OVERLOADED when too many wait already
   */
  async wait(routes: ChannelRoutes, timeoutMs: number): Promise<void> {
    if (this.#closed) throw closed()
    if (routes.usable) return
    const { mismatch, waiters } = routes.list
    if (mismatch) throw mismatch.error
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
        waiters.add(waiter)
      })
    } finally {
      this.#waiting--
      timer.cancel()
      if (waiter) waiters.delete(waiter)
    }
  }

  /** Resolves when it is known of all who offer the channel whether they can be used. */
  settled({ local }: ChannelRoutes): Promise<unknown> | undefined {
    const underWay = [...this.#remotes()].flatMap((remote) => {
      return this.#meetings.underWay(remote, local) ?? []
    })
    return underWay.length === 0 ? undefined : Promise.all(underWay)
  }

  /** Is it still being found out whether that peer can be used? */
  meets(remote: Remote, local: LocalChannel): boolean {
    return this.#meetings.underWay(remote, local) !== undefined
  }

  /** Nobody will come any more. */
  close(): void {
    this.#closed = true
    for (const { waiters } of this.#lists) {
      for (const waiter of waiters) waiter.reject(closed())
    }
  }

  #view(list: RouteList, balance: BalanceSettings): ChannelRoutes {
    // Clients that start together must not all draw the same.
    return new ChannelRoutes(list, balance, this.#own, Math.floor(this.#random() * 2 ** 31))
  }

  #listOf(local: LocalChannel, range: VersionRange | undefined): RouteList {
    const isSame = (one: RouteList): boolean =>
      one.local === local && one.range?.text === range?.text
    const known = this.#lists.find(isSame)
    if (known) return known
    const list = new RouteList(local, range)
    this.#lists.push(list)
    for (const remote of this.#remotes()) this.#consider(list, remote)
    return list
  }

  #consider(list: RouteList, remote: Remote): void {
    const { channel } = list.local
    const offer = remote.offerOf(channel.contract, channel.major, channel.name)
    const isWanted = offer && (list.range?.includes(offer.version) ?? true)
    if (!offer || offer.number === 0 || !isWanted || remote.leaving || remote.down) {
      list.remove(remote)
      return
    }
    try {
      const agreement = this.#meetings.agree(remote, list.local, offer)
      if (!agreement) {
        // Considered anew when the two versions are through with each other.
        list.remove(remote)
        return
      }
      const { number, codec, reader, errors } = agreement
      list.mismatch = undefined
      const body = list.local.body(codec) as BodyCodec
      const { version, weight } = offer
      const code = number * 2 ** CODEC_BITS + codec
      list.put({ remote, code, body, reply: reader, errors, version, weight })
    } catch (error) {
      list.remove(remote)
      this.#mismatched(list, remote, toEarshotError(error))
    }
  }

  /** Those who wait are told at once; others when they call. */
  #mismatched(list: RouteList, remote: Remote, error: EarshotError): void {
    if (list.routes.length > 0) return
    list.mismatch = { error, remote }
    for (const waiter of list.waiters) waiter.reject(error)
    list.waiters.clear()
  }
}

function closed(): EarshotError {
  return new EarshotError('EARSHOT_CLOSED', 'the peer is closed: nobody will come to serve it')
}

// Owns the wait of a message for its way: a peer that serves the channel, its link, room on it.
// Never sends, and never waits beyond the deadline: whatever ends the wait, nothing has been sent.

import { type Deferred, deferred } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { noServer } from '../mesh/no-server.ts'
import type { Link, Remote } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { abortable, type CallOptions, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'

/** A message that looks for its way. */
export interface Seeking {
  readonly routes: ChannelRoutes
  /** On the clock of the mesh. */
  readonly endMs: number
  readonly options?: Pick<Stoppable<CallOptions>, 'to' | 'key' | 'signal'> | undefined
  readonly policy?: CallPolicy | undefined
  /** Gets it only when nobody else can. */
  readonly avoid?: Remote | undefined
  /** Where a field of it may be the key. */
  readonly body?: unknown
  /** Its channel says otherwise what happens on a full link: it does not wait for room. */
  readonly full?: boolean
}

/** All kinds of messages wait here, so that all of them end alike. */
export class RouteFinder {
  readonly #mesh: Mesh
  /** Those that wait for room on a full link, or for the peer that they are for. */
  #waiting = 0
  /** Resolves when a peer came, went, or has other links. */
  #change: Deferred | undefined

  constructor(mesh: Mesh) {
    this.#mesh = mesh
    const wake = () => {
      this.#change?.resolve()
      this.#change = undefined
    }
    mesh.onChanged.push(wake)
    mesh.onDown.push(wake)
  }

  /**
   * The way of a message, as soon as there is one.
   * @throws EARSHOT_NO_SERVER at its deadline, or at once where the peer that is named does not
   * serve it; EARSHOT_OVERLOADED, EARSHOT_BREAKER_OPEN, EARSHOT_CANCELLED, EARSHOT_CLOSED, or what
   * keeps those who offer it from being used; nothing has been sent
   */
  async find(seeking: Seeking): Promise<Route> {
    const { routes, options, policy, avoid, body, full = false } = seeking
    const signal = options?.signal
    // Whoever waited goes, even if others have filled the link again: it takes twice as much.
    let takesAny = full
    for (;;) {
      const route = routes.choose(options, policy, avoid, body)
      const link = route?.remote.link
      if (route && link && (takesAny || !link.outbound.full)) return route
      if (link) {
        await abortable(this.#room(seeking, link), signal)
        takesAny = true
      } else if (!routes.usable) await this.anyone(seeking)
      else await abortable(this.#another(seeking), signal)
    }
  }

  /** Resolves when somebody serves the channel, whoever it is. @throws as `find` */
  async anyone({ routes, endMs, options }: Seeking): Promise<void> {
    while (!routes.usable) {
      const waited = this.#mesh.routing.wait(routes, this.#leftMs(endMs))
      await abortable(waited, options?.signal)
    }
  }

  /** Somebody is there, but not for this message. */
  async #another({ routes, endMs, options, policy }: Seeking): Promise<void> {
    const refusal = policy?.refusal(routes, options)
    if (refusal) throw refusal
    const { membership } = this.#mesh
    const to = options?.to
    const named = to === undefined ? undefined : membership.remotes.get(to)
    if (to !== undefined) this.#checkMayCome(routes, to, named)
    const leftMs = this.#leftMs(endMs)
    if (leftMs === 0) throw noServer(routes, membership.remotes.values(), 0)
    this.#change ??= deferred()
    const known = [this.#change.promise]
    if (to !== undefined && !named) known.push(this.#mesh.synced())
    await this.#waits('for the peer that they are for', async () => {
      await this.#mesh.atMost(leftMs, Promise.race(known))
    })
  }

  /** @throws EARSHOT_NO_SERVER when the peer that is named will not have it */
  #checkMayCome({ local }: ChannelRoutes, to: string, remote: Remote | undefined): void {
    const { contract, major, name, key } = local.channel
    if (!remote && this.#mesh.looking) return
    const offers = remote && !remote.leaving && remote.offerOf(contract, major, name) !== undefined
    // Its link is dialled anew, or the two versions still meet.
    if (offers && (!remote.link || this.#mesh.routing.meets(remote, local))) return
    const who = remote ? `${remote.name} (${to})` : `the peer ${to}, which is not there,`
    throw new EarshotError('EARSHOT_NO_SERVER', `${who} does not serve ${key}`)
  }

  /** Waits until a full link has room; not too many at once. */
  async #room({ routes, endMs }: Seeking, { remote, outbound }: Link): Promise<void> {
    const { key, overflow } = routes.local.channel
    const who = remote?.name ?? 'the remote peer'
    if (overflow === 'reject') {
      const text = `the link to ${who} is full, and ${key} rejects (maxOutboundBytes)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    let roomy = false
    await this.#waits('for a full link', async () => {
      const ready = outbound.ready().then(() => {
        roomy = true
      })
      await this.#mesh.atMost(this.#leftMs(endMs), ready)
    })
    if (roomy) return
    const text = `the link to ${who} had no room for ${key} within its time-out`
    throw new EarshotError('EARSHOT_OVERLOADED', `${text} (maxOutboundBytes)`)
  }

  async #waits(forWhat: string, wait: () => Promise<void>): Promise<void> {
    const { maxWaitingForServer } = this.#mesh.parts.limits
    if (this.#waiting >= maxWaitingForServer) {
      const text = `${this.#waiting} messages already wait ${forWhat} (maxWaitingForServer)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#waiting++
    try {
      await wait()
    } finally {
      this.#waiting--
    }
  }

  #leftMs(endMs: number): number {
    return Math.max(0, endMs - this.#mesh.parts.clock.nowMs())
  }
}

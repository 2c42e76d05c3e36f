// Owns sending to one peer without an answer, and the sender that does so without a promise a
// message.
// Hot path: `send`. Never retries: what is lost with a link is told by the verdict or not at all.

import { EarshotError } from '../base/errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChannelRoutes } from '../mesh/routing.ts'
import { encodeHeaders } from './headers.ts'
import { abortable, type CallOptions, cancelled } from './request.ts'

/** What became of a send, as far as it is known when the promise resolves. */
export type Verdict =
  /**
   * Handed to the link of one peer (notification), or to the outlet for so many listeners (event).
   */
  | { readonly became: 'written'; readonly to?: string; readonly listeners?: number }
  /** Nobody heard it. */
  | { readonly became: 'dropped'; readonly by: 'publisher'; readonly why: 'no-listeners' }

/** Sends to one of the peers that serve a channel, in turn. */
export interface Sender<B> {
  /**
   * Writes one message. True: go on. False: it is taken, but wait for `ready()` before the next.
   * @throws EARSHOT_NO_SERVER when nobody serves the channel (`await ready()` first),
   * EARSHOT_BODY_INVALID, EARSHOT_OVERLOADED when false was not heeded
   */
  send(body: B): boolean
  /**
   * Resolves when somebody serves the channel and has room.
   * @throws EARSHOT_NO_SERVER after `timeoutMs`
   */
  ready(timeoutMs?: number): Promise<void>
}

export class Notifications {
  readonly #mesh: Mesh

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  async send(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: CallOptions | undefined,
  ): Promise<Verdict> {
    const { limits, counters } = this.#mesh.parts
    if (options?.signal?.aborted) throw cancelled(options.signal, 'no')
    if (!routes.usable) {
      routes.local.check(body)
      await abortable(this.#mesh.routing.wait(routes, timeoutMs), options?.signal)
    }
    const route = routes.choose(options)
    const link = route?.remote.link
    if (!route || !link) throw noServer(routes)
    const headers = encodeHeaders(options?.headers, limits)
    link.outbound.notification(route.code, headers, route.body, body)
    counters.notificationsSent++
    routes.local.counts.sent++
    if (link.outbound.full) {
      const ready = this.#mesh.atMost(timeoutMs, link.outbound.ready())
      await abortable(ready, options?.signal)
    }
    return { became: 'written', to: route.remote.id }
  }

  sender(routes: ChannelRoutes): Sender<unknown> {
    return new RoutedSender(routes, this.#mesh)
  }
}

class RoutedSender implements Sender<unknown> {
  readonly #routes: ChannelRoutes
  readonly #mesh: Mesh

  constructor(routes: ChannelRoutes, mesh: Mesh) {
    this.#routes = routes
    this.#mesh = mesh
  }

  send(body: unknown): boolean {
    const route = this.#routes.pick()
    const link = route?.remote.link
    if (route === undefined || link === undefined) throw noServer(this.#routes)
    link.outbound.notification(route.code, undefined, route.body, body)
    this.#mesh.parts.counters.notificationsSent++
    this.#routes.local.counts.sent++
    return !link.outbound.full
  }

  async ready(timeoutMs: number = this.#mesh.parts.limits.requestTimeoutMs): Promise<void> {
    if (!this.#routes.usable) await this.#mesh.routing.wait(this.#routes, timeoutMs)
    await this.#routes.fullLink()?.outbound.ready()
  }
}

function noServer(routes: ChannelRoutes): EarshotError {
  const text = `no remote peer serves ${routes.local.channel.key}: await ready() first`
  return new EarshotError('EARSHOT_NO_SERVER', text)
}

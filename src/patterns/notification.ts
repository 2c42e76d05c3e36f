// Owns sending to one peer without an answer, and the sender that does so without a promise a
// message.
// Hot path: `send`. Never retries: what is lost with a link is told by the verdict or not at all.

import type { Overflow } from '../base/bounded-queue.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { HeldOutcome } from '../mesh/held.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { abortable, type CallOptions, cancelled } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import { encodeHeaders, type Headers } from './headers.ts'
import type { Requests } from './request.ts'
import type { Verdict, VerdictUntil } from './verdict.ts'

export interface NotifyOptions extends CallOptions {
  /**
   * What to wait for: `queued` (taken), `written` (handed to the link's socket; the default),
   * `received` (the other side has it and it fits), `handled` (its handler is through). The last
   * two cost a message back.
   */
  readonly until?: VerdictUntil
}

/** Sends to one of the peers that serve a channel, in turn. */
export interface Sender<B> {
  /**
   * Writes one message. True: go on. False: the limit is reached, wait for `ready()` before the
   * next; this one is taken, or one has given way, as the channel's `overflow` says.
   * @throws EARSHOT_NO_SERVER when nobody serves the channel (`await ready()` first),
   * EARSHOT_BODY_INVALID, EARSHOT_OVERLOADED when false was not heeded, or with `reject`
   */
  send(body: B, headers?: Headers): boolean
  /**
   * Resolves when somebody serves the channel and has room.
   * @throws EARSHOT_NO_SERVER after `timeoutMs`
   */
  ready(timeoutMs?: number): Promise<void>
}

/** A full link and a channel where one gives way: dropped at once, or held with the newest. */
type AtLimit = 'no' | 'drop' | 'hold'

export class Notifications {
  readonly #mesh: Mesh
  readonly #requests: Requests

  constructor(mesh: Mesh, requests: Requests) {
    this.#mesh = mesh
    this.#requests = requests
  }

  async send(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: NotifyOptions | undefined,
    policy?: CallPolicy,
  ): Promise<Verdict> {
    const { clock } = this.#mesh.parts
    const endMs = clock.nowMs() + timeoutMs
    const leftMs = () => Math.max(1, endMs - clock.nowMs())
    const signal = options?.signal
    if (signal?.aborted) throw cancelled(signal, 'no')
    if (!routes.usable) {
      routes.local.check(body)
      await abortable(this.#mesh.routing.wait(routes, timeoutMs), signal)
    }
    const route = routes.choose(options, policy, undefined, body)
    const link = route?.remote.link
    if (!route || !link) throw policy?.refusal(routes, options) ?? noServer(routes)
    const headers = encodeHeaders(options?.headers, this.#mesh.parts.limits)
    const limit = atLimit(routes, route, link)
    const until = options?.until ?? 'written'
    if (limit === 'drop') return dropped(this.#mesh, routes, link, 'overflow')
    if (limit === 'hold') return this.#hold(routes, route, link, headers, body, until)
    if (until === 'received' || until === 'handled') {
      return this.#requests.ask(routes, route, body, leftMs(), until, options, policy)
    }
    write(this.#mesh, routes, route, link, headers, body)
    const to = route.remote.id
    if (until === 'queued') return { became: 'queued', to }
    let left: boolean | undefined
    const leaving = link.outbound.written().then((has) => {
      left = has
    })
    // It stands in a frame by now, and leaves whatever the caller does.
    await abortable(this.#mesh.atMost(leftMs(), leaving), signal, 'unknown')
    if (left === false) return dropped(this.#mesh, routes, link, 'link-lost')
    // After the time-out it still waits for the other side's credit: taken, and no more.
    return { became: left ? 'written' : 'queued', to }
  }

  sender(routes: ChannelRoutes): Sender<unknown> {
    return new RoutedSender(routes, this.#mesh)
  }

  async #hold(
    routes: ChannelRoutes,
    route: Route,
    link: Link,
    headers: Buffer | undefined,
    body: unknown,
    until: VerdictUntil,
  ): Promise<Verdict> {
    const settled = hold(this.#mesh, routes, route, link, headers, body)
    const to = route.remote.id
    if (until === 'queued') return { became: 'queued', to }
    const outcome = await settled
    if (outcome === 'written') return { became: outcome, to }
    return { became: 'dropped', by: 'sender', why: outcome, to }
  }
}

class RoutedSender implements Sender<unknown> {
  readonly #routes: ChannelRoutes
  readonly #mesh: Mesh

  constructor(routes: ChannelRoutes, mesh: Mesh) {
    this.#routes = routes
    this.#mesh = mesh
  }

  send(body: unknown, headers?: Headers): boolean {
    const routes = this.#routes
    const route = routes.choose(undefined, undefined, undefined, body)
    const link = route?.remote.link
    if (route === undefined || link === undefined) throw noServer(routes)
    const limit = atLimit(routes, route, link)
    if (limit === 'no') {
      write(this.#mesh, routes, route, link, this.#encoded(headers), body)
      return !link.outbound.full
    }
    if (limit === 'drop') countDrop(this.#mesh, routes, link)
    else void hold(this.#mesh, routes, route, link, this.#encoded(headers), body)
    return false
  }

  #encoded(headers: Headers | undefined): Buffer | undefined {
    return headers === undefined ? undefined : encodeHeaders(headers, this.#mesh.parts.limits)
  }

  async ready(timeoutMs: number = this.#mesh.parts.limits.requestTimeoutMs): Promise<void> {
    if (!this.#routes.usable) await this.#mesh.routing.wait(this.#routes, timeoutMs)
    await this.#routes.fullLink()?.outbound.ready()
  }
}

/** @throws EARSHOT_OVERLOADED for a full link and a channel that rejects */
function atLimit({ local }: ChannelRoutes, { code }: Route, link: Link): AtLimit {
  const { overflow } = local.channel
  if (overflow === undefined || overflow === 'block') return 'no'
  const holds = overflow === 'drop-oldest' || overflow === 'latest'
  // What came earlier and still waits goes first.
  if (!link.outbound.full && !(holds && !link.held(code, overflow).empty)) return 'no'
  if (overflow === 'drop-newest') return 'drop'
  if (holds) return 'hold'
  const text = `the link to ${link.remote?.name} is full, and ${local.channel.key} rejects`
  throw new EarshotError('EARSHOT_OVERLOADED', `${text} (maxOutboundBytes)`)
}

function write(
  { parts }: Mesh,
  { local }: ChannelRoutes,
  { code, body: codec }: Route,
  { outbound }: Link,
  headers: Buffer | undefined,
  body: unknown,
): void {
  outbound.notification(code, headers, codec, body, local.channel.delayMs)
  parts.counters.notificationsSent++
  local.counts.sent++
}

/** Resolves when it is known what became of it. */
function hold(
  mesh: Mesh,
  routes: ChannelRoutes,
  { code, body: codec }: Route,
  link: Link,
  headers: Buffer | undefined,
  body: unknown,
): Promise<HeldOutcome> {
  const { local } = routes
  const bytes = local.encode(codec, body)
  return new Promise((resolve) => {
    link.held(code, local.channel.overflow as Overflow).push(headers, bytes, (outcome) => {
      if (outcome === 'written') {
        mesh.parts.counters.notificationsSent++
        local.counts.sent++
      } else countDrop(mesh, routes, link)
      resolve(outcome)
    })
  })
}

function dropped(mesh: Mesh, routes: ChannelRoutes, link: Link, why: string): Verdict {
  countDrop(mesh, routes, link)
  return { became: 'dropped', by: 'sender', why, ...(link.remote && { to: link.remote.id }) }
}

function countDrop({ parts }: Mesh, { local }: ChannelRoutes, link: Link): void {
  parts.counters.notificationsDropped++
  local.counts.dropped++
  link.counts.dropped++
}

function noServer(routes: ChannelRoutes): EarshotError {
  const text = `no remote peer serves ${routes.local.channel.key}: await ready() first`
  return new EarshotError('EARSHOT_NO_SERVER', text)
}

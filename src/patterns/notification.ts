// Owns sending to one peer without an answer, and the sender that does so without a promise a
// message.
// Hot path: `send`. Never retries: what is lost with a link is told by the verdict or not at all.

import type { Stop } from '../base/abort-listeners.ts'
import type { Overflow } from '../base/bounded-queue.ts'
import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { HeldOutcome } from '../mesh/held.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { expired } from '../resilience/deadline.ts'
import { abortable, type CallOptions, cancelled, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import type { RouteFinder } from './find-route.ts'
import { encodeHeaders, type Headers } from './headers.ts'
import type { Requests } from './request.ts'
import { checkUntil, type Verdict, type VerdictUntil } from './verdict.ts'

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
   *
   * @param timeoutMs of both; without it only the wait for a server ends, after 2 000 ms
   * @throws EARSHOT_NO_SERVER after that, EARSHOT_OVERLOADED when there is no room by then
   */
  ready(timeoutMs?: number): Promise<void>
}

/** A full link and a channel where one gives way: dropped at once, or held with the newest. */
type AtLimit = 'no' | 'drop' | 'hold'

export class Notifications {
  readonly #mesh: Mesh
  readonly #requests: Requests
  readonly #finder: RouteFinder

  constructor(mesh: Mesh, requests: Requests, finder: RouteFinder) {
    this.#mesh = mesh
    this.#requests = requests
    this.#finder = finder
  }

  async send(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: Stoppable<NotifyOptions> | undefined,
    policy?: CallPolicy,
  ): Promise<Verdict> {
    const { clock } = this.#mesh.parts
    const endMs = clock.nowMs() + timeoutMs
    const leftMs = () => Math.max(1, endMs - clock.nowMs())
    const signal = options?.signal
    const until = options?.until ?? 'written'
    if (until !== 'written') checkUntil(until, 'notification')
    if (signal?.aborted) throw cancelled(signal, 'no')
    const full = !isBlocking(routes)
    let route = routes.choose(options, policy, undefined, body)
    if (!route?.remote.link || (!full && route.remote.link.outbound.full)) {
      // A body that does not fit is told at once, not when somebody comes to serve it.
      routes.local.check(body)
      route = await this.#finder.find({ routes, endMs, options, policy, body, full })
    }
    const link = route.remote.link as Link
    const headers = encodeHeaders(options?.headers, this.#mesh.parts.limits)
    const limit = atLimit(routes, route, link)
    if (limit === 'drop') return dropped(this.#mesh, routes, link, 'overflow')
    if (limit === 'hold') {
      const held = hold(this.#mesh, routes, route, link, headers, body)
      if (until === 'queued') return { became: 'queued', to: route.remote.id }
      return this.#written(held, routes, link, leftMs(), signal)
    }
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
    return new RoutedSender(routes, this.#mesh, this.#finder)
  }

  /** What became of one that is held, by its deadline. */
  async #written(
    { outcome, withdraw }: HeldMessage,
    { local }: ChannelRoutes,
    { remote }: Link,
    leftMs: number,
    signal: Stop | undefined,
  ): Promise<Verdict> {
    let became: HeldOutcome | undefined
    const known = outcome.then((told) => {
      became = told
    })
    try {
      await abortable(this.#mesh.atMost(leftMs, known), signal)
    } finally {
      if (!became) withdraw()
    }
    const who = remote?.name ?? 'the remote peer'
    if (!became) throw expired(local.channel.key, 'outbound', `the link to ${who} had no room`)
    const to = remote?.id ?? ''
    if (became === 'written') return { became, to }
    return { became: 'dropped', by: 'sender', why: became, to }
  }
}

class RoutedSender implements Sender<unknown> {
  readonly #routes: ChannelRoutes
  readonly #mesh: Mesh
  readonly #finder: RouteFinder

  constructor(routes: ChannelRoutes, mesh: Mesh, finder: RouteFinder) {
    this.#routes = routes
    this.#mesh = mesh
    this.#finder = finder
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

  async ready(timeoutMs?: number): Promise<void> {
    const { clock, limits } = this.#mesh.parts
    const routes = this.#routes
    const seeking = { routes, endMs: clock.nowMs() + (timeoutMs ?? limits.requestTimeoutMs) }
    await this.#finder.anyone(seeking)
    if (timeoutMs === undefined) await routes.fullLink()?.outbound.ready()
    else if (routes.fullLink()?.outbound.full) await this.#finder.find(seeking)
  }
}

/** Who sends waits for room on a full link. */
function isBlocking({ local }: ChannelRoutes): boolean {
  return local.channel.overflow === undefined || local.channel.overflow === 'block'
}

/** @throws EARSHOT_OVERLOADED for a full link and a channel that rejects */
function atLimit(routes: ChannelRoutes, { code }: Route, link: Link): AtLimit {
  if (isBlocking(routes)) return 'no'
  const { local } = routes
  const { overflow } = local.channel
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

interface HeldMessage {
  /** Resolves when it is known what became of it. */
  readonly outcome: Promise<HeldOutcome>
  /** It does not leave any more, and counts as dropped. */
  readonly withdraw: () => void
}

function hold(
  mesh: Mesh,
  routes: ChannelRoutes,
  { code, body: codec }: Route,
  link: Link,
  headers: Buffer | undefined,
  body: unknown,
): HeldMessage {
  const { local } = routes
  const bytes = local.encode(codec, body)
  let withdraw: () => void = () => undefined
  const outcome = new Promise<HeldOutcome>((resolve) => {
    const held = link.held(code, local.channel.overflow as Overflow)
    withdraw = held.push(headers, bytes, (told) => {
      if (told === 'written') {
        mesh.parts.counters.notificationsSent++
        local.counts.sent++
      } else countDrop(mesh, routes, link)
      resolve(told)
    })
  })
  return { outcome, withdraw }
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

// Owns the caller's side of requests: send, wait, and end with a reply, an error or the deadline.
// Hot path: one promise a request, which the caller asked for. Never answers.

import { addAbortListener, removeAbortListener, type Stop } from '../base/abort-listeners.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { EarshotError, isEarshotError, toEarshotError } from '../base/errors.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link, Remote } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { expired } from '../resilience/deadline.ts'
import { Kind, type RecordWalker, Until } from '../wire/record.ts'
import { Attempts } from './attempts.ts'
import { type CallOptions, cancelled, type Stoppable } from './call-options.ts'
import type { CallPolicy } from './call-policy.ts'
import { failureOf } from './failure.ts'
import type { RouteFinder } from './find-route.ts'
import { encodeHeaders } from './headers.ts'
import { PendingRequest, PendingRequests } from './pending-requests.ts'
import type { Verdict } from './verdict.ts'

export class Requests {
  readonly #mesh: Mesh
  readonly #pending: PendingRequests
  readonly #attempts: Attempts
  readonly #finder: RouteFinder

  constructor(mesh: Mesh, finder: RouteFinder) {
    const { clock, counters } = mesh.parts
    this.#mesh = mesh
    this.#finder = finder
    this.#pending = new PendingRequests(clock, (request) => {
      const neverLeft = this.#giveUp(request)
      if (neverLeft) counters.requestsExpired++
      else {
        counters.requestsTimedOut++
        request.link?.remote?.failed()
      }
      this.#reject(request, neverLeft ? stood(request) : timedOut(request))
    })
    this.#attempts = new Attempts(clock, counters, (repeat) => {
      const { routes, body, options, policy, tries, endMs, avoid } = repeat
      const leftMs = Math.max(1, endMs - clock.nowMs())
      return this.call(routes, body, leftMs, options, policy, tries, avoid)
    })
    mesh.inbound.on(Kind.reply, (link, record) => this.#replied(link, record))
    mesh.inbound.on(Kind.failure, (link, record) => this.#failed(link, record))
    mesh.onLinkLost.push((link) => this.#lost(link))
  }

  /** Those that wait to be tried again included. */
  get pending(): number {
    return this.#pending.size + this.#attempts.waiting
  }

  /**
   * @param tries which try it is, from 1
   * @param avoid gets it only when nobody else can
   */
  call(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: Stoppable<CallOptions> | undefined,
    policy?: CallPolicy,
    tries = 1,
    avoid?: Remote,
  ): Promise<unknown> {
    let route: Route | undefined
    try {
      route = routes.choose(options, policy, avoid, body)
    } catch (error) {
      // Weights, or a field of the body: both are the caller's.
      return Promise.reject(toEarshotError(error))
    }
    const link = route?.remote.link
    if (link === undefined || link.outbound.full) {
      return this.#callLater(routes, body, timeoutMs, options, policy, tries, avoid)
    }
    return this.#send(routes, route as Route, body, timeoutMs, options, undefined, policy, tries)
  }

  /**
   * Sends a notification and waits until the other side says that it has it, or that its handler is
   * through. What the other side refuses is a verdict; what nobody knows is an error.
   */
  async ask(
    routes: ChannelRoutes,
    route: Route,
    body: unknown,
    timeoutMs: number,
    until: keyof typeof Until,
    options: Stoppable<CallOptions> | undefined,
    policy?: CallPolicy,
  ): Promise<Verdict> {
    const to = route.remote.id
    try {
      await this.#send(routes, route, body, timeoutMs, options, until, policy, 2)
      return { became: until, to }
    } catch (error) {
      const { code, data } = toEarshotError(error)
      if (data?.remote === undefined || !refusals.includes(code)) throw error
      return { became: 'dropped', by: 'receiver', why: code, to }
    }
  }

  /** Ends all that wait: nothing stays pending. */
  close(): void {
    this.#pending.stop()
    const closed = (what: string, sent: 'no' | 'unknown') =>
      new EarshotError('EARSHOT_CLOSED', `the peer was closed while ${what} was under way`, {
        sent,
      })
    for (const request of this.#pending.all()) {
      this.#reject(request, closed(request.channel.key, 'unknown'))
    }
    // What an earlier try did, its own error says.
    this.#attempts.close(closed('a call that was to be tried again', 'no'))
  }

  async #callLater(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: Stoppable<CallOptions> | undefined,
    policy: CallPolicy | undefined,
    tries: number,
    avoid: Remote | undefined,
  ): Promise<unknown> {
    const { clock } = this.#mesh.parts
    const endMs = clock.nowMs() + timeoutMs
    // A body that does not fit is told at once, not when somebody comes to serve it.
    routes.local.check(body)
    const route = await this.#finder.find({ routes, endMs, options, policy, avoid, body })
    const leftMs = Math.max(1, endMs - clock.nowMs())
    return this.#send(routes, route, body, leftMs, options, undefined, policy, tries)
  }

  #send(
    routes: ChannelRoutes,
    route: Route,
    body: unknown,
    timeoutMs: number,
    options: Stoppable<CallOptions> | undefined,
    until?: keyof typeof Until,
    policy?: CallPolicy,
    tries = 1,
  ): Promise<unknown> {
    const { limits, counters } = this.#mesh.parts
    if (this.#pending.size >= limits.maxPendingRequests) {
      const text = `${this.#pending.size} requests already wait for answers (maxPendingRequests)`
      return Promise.reject(new EarshotError('EARSHOT_OVERLOADED', text))
    }
    const signal = options?.signal
    if (signal?.aborted) return Promise.reject(cancelled(signal, 'no'))
    const link = route.remote.link as Link
    const tryMs = policy === undefined ? timeoutMs : policy.tryMs(timeoutMs)
    const request = this.#pending.open(tryMs, link)
    request.codec = until === undefined ? route.reply : noBody
    request.channel = routes.local.channel
    request.errors = route.errors
    const reply = new Promise(capture)
    request.resolve = captured.resolve
    request.reject = captured.reject
    if (policy) {
      // A notification is tried again by whoever sends it, as what it is.
      if (until === undefined) request.routes = routes
      request.body = body
      request.options = options
      request.tries = tries
      request.endMs = request.sentMs + timeoutMs
      request.policy = policy
      policy.begin(request, route)
    }
    if (signal) this.#watch(signal, request)
    try {
      const headers = encodeHeaders(options?.headers, limits)
      const { outbound } = link
      const { correlation } = request
      if (until === undefined) {
        const { delayMs } = routes.local.channel
        const budgetMs = Math.ceil(tryMs)
        outbound.request(route.code, correlation, budgetMs, headers, route.body, body, delayMs)
        counters.requestsSent++
      } else {
        outbound.asking(route.code, correlation, Until[until], headers, route.body, body)
        counters.notificationsSent++
      }
      request.mark = outbound.mark
      routes.local.counts.sent++
    } catch (error) {
      this.#reject(request, toEarshotError(error))
    }
    return reply
  }

  #watch(signal: Stop, request: PendingRequest): void {
    const onAbort = () => {
      const neverLeft = this.#giveUp(request)
      this.#reject(request, cancelled(signal, neverLeft ? 'no' : 'unknown'))
    }
    addAbortListener(signal, onAbort)
    request.settled = () => removeAbortListener(signal, onAbort)
  }

  #reject(request: PendingRequest, error: EarshotError): void {
    request.policy?.failed(request, error)
    if (!this.#attempts.takesOver(request, error)) request.reject(error)
    this.#pending.close(request)
  }

  /** The server need not begin, or need not go on. True: nothing has left, and nothing will. */
  #giveUp({ link, correlation, mark }: PendingRequest): boolean {
    if (link === undefined || link.closed) return false
    if (link.outbound.withdraw(correlation, mark)) return true
    try {
      link.outbound.cancel(correlation)
    } catch (error) {
      // A link that is full to the brim takes no cancel either; the server's own budget ends it.
      if (!isEarshotError(error)) throw error
    }
    return false
  }

  #replied(link: Link, record: RecordWalker): boolean {
    const request = this.#answered(link, record)
    if (request === undefined) return true
    try {
      // Nobody reads the headers of a reply yet; they stand before the body all the same.
      if (record.hasHeaders) record.headers(this.#mesh.parts.limits.maxHeaderBytes)
      const codec = request.codec as BodyReader
      request.resolve(codec.decode(record.buffer, record.start, record.end))
      request.policy?.answered(request, link.lastHeardMs)
      this.#pending.close(request)
    } catch (error) {
      const { message, path } = toEarshotError(error)
      const where = path === undefined ? {} : { path }
      const text = `the answer to ${request.channel.key} cannot be read: ${message}`
      const details = { ...where, cause: error }
      this.#reject(request, new EarshotError('EARSHOT_BYTES_INVALID', text, details))
    }
    return true
  }

  #failed(link: Link, record: RecordWalker): boolean {
    const request = this.#answered(link, record)
    if (request === undefined) return true
    this.#mesh.parts.counters.requestsFailed++
    const { maxHeaderBytes } = this.#mesh.parts.limits
    const error = failureOf(link, record, request, maxHeaderBytes)
    // What the contract declares is an answer: it says nothing against the peer.
    if (error.code !== 'EARSHOT_DECLARED') link.remote?.failed()
    this.#reject(request, error)
    return true
  }

  #answered(link: Link, record: RecordWalker): PendingRequest | undefined {
    const correlation = record.number()
    if (correlation < 0) throw new EarshotError('EARSHOT_BYTES_INVALID', 'an answer to nothing')
    // Late, or from a peer that was not asked: then the request goes on waiting.
    const request = this.#pending.find(correlation, link)
    if (request === undefined) this.#mesh.parts.counters.lateReplies++
    return request
  }

  #lost(link: Link): void {
    for (const request of this.#pending.all(link)) {
      const who = link.remote?.name ?? 'the remote peer'
      const text = `${who} was lost before it answered ${request.channel.key}`
      // What had not left is not lost: it may go to another peer, whatever it does.
      const sent = link.outbound.hasLeft(request.mark) ? 'unknown' : 'no'
      this.#reject(request, new EarshotError('EARSHOT_PEER_GONE', text, { sent }))
    }
  }
}

/** With these the other side says that it has not taken a notification. */
const refusals: readonly ErrorCode[] = [
  'EARSHOT_OVERLOADED',
  'EARSHOT_RATE_LIMITED',
  'EARSHOT_CHANNEL_UNKNOWN',
  'EARSHOT_BYTES_INVALID',
  'EARSHOT_CODEC_UNSHARED',
  'EARSHOT_DENIED',
]

/** The answer to a notification says only that it came. */
const noBody: BodyReader = { codec: 'json', decode: () => undefined }

// One executor for all promises, instead of a closure a request: it runs before `new` returns.
const captured: Pick<PendingRequest, 'resolve' | 'reject'> = new PendingRequest()
function capture(resolve: (reply: unknown) => void, reject: (error: EarshotError) => void): void {
  captured.resolve = resolve
  captured.reject = reject
}

function stood({ channel, timeoutMs, link }: PendingRequest): EarshotError {
  const who = link?.remote?.name ?? 'the remote peer'
  return expired(
    channel.key,
    'outbound',
    `in ${Math.round(timeoutMs)} ms it could not leave for ${who}, who is slow`,
  )
}

function timedOut({ channel, timeoutMs, link }: PendingRequest): EarshotError {
  const who = link?.remote?.name ?? 'the remote peer'
  return new EarshotError(
    'EARSHOT_TIMEOUT',
    `${who} did not answer ${channel.key} in ${Math.round(timeoutMs)} ms`,
  )
}

// Owns the caller's side of requests: send, wait, and end with a reply, an error or the deadline.
// Hot path: one promise a request, which the caller asked for. Never answers.

import type { ErrorCode } from '../base/error-table.ts'
import { errorTable } from '../base/error-table.ts'
import { EarshotError, isEarshotError, toEarshotError } from '../base/errors.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { ChannelRoutes, Route } from '../mesh/routing.ts'
import { parseWireError } from '../wire/hello.ts'
import { Kind, type RecordWalker, Until } from '../wire/record.ts'
import { encodeHeaders, type Headers } from './headers.ts'
import { PendingRequest, PendingRequests } from './pending-requests.ts'
import type { Verdict } from './verdict.ts'

export interface CallOptions {
  /** From the call to the answer, waiting for a server included. Default 2 000 ms. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly headers?: Headers
  /** Messages of one key go to one peer, as long as the same peers serve the contract. */
  readonly key?: string
  /** The id of the remote peer that shall have it, and no other. */
  readonly to?: string
}

export class Requests {
  readonly #mesh: Mesh
  readonly #pending: PendingRequests
  /** Requests that wait for room on a full link. */
  #crowded = 0

  constructor(mesh: Mesh) {
    const { clock, counters } = mesh.parts
    this.#mesh = mesh
    this.#pending = new PendingRequests(clock, (request) => {
      counters.requestsTimedOut++
      this.#giveUp(request)
      this.#reject(request, timedOut(request))
    })
    mesh.inbound.on(Kind.reply, (link, record) => this.#replied(link, record))
    mesh.inbound.on(Kind.failure, (link, record) => this.#failed(link, record))
    mesh.onLinkLost.push((link) => this.#lost(link))
  }

  get pending(): number {
    return this.#pending.size
  }

  call(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    const route = routes.choose(options)
    const link = route?.remote.link
    if (link === undefined || link.outbound.full) {
      return this.#callLater(routes, body, timeoutMs, options)
    }
    return this.#send(routes, route as Route, body, timeoutMs, options)
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
    options: CallOptions | undefined,
  ): Promise<Verdict> {
    const to = route.remote.id
    try {
      await this.#send(routes, route, body, timeoutMs, options, until)
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
    for (const request of this.#pending.all()) {
      const text = `the peer was closed while ${request.key} was under way`
      this.#reject(request, new EarshotError('EARSHOT_CLOSED', text, { sent: 'unknown' }))
    }
  }

  async #callLater(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    const { clock } = this.#mesh.parts
    const startMs = clock.nowMs()
    // A body that does not fit is told at once, not when somebody comes to serve it.
    routes.local.check(body)
    await abortable(this.#mesh.routing.wait(routes, timeoutMs), options?.signal)
    const leftMs = () => Math.max(1, timeoutMs - (clock.nowMs() - startMs))
    const crowded = routes.choose(options)?.remote.link
    if (crowded?.outbound.full)
      await abortable(this.#room(routes, crowded, leftMs()), options?.signal)
    const route = routes.choose(options)
    if (route?.remote.link) return this.#send(routes, route, body, leftMs(), options)
    const who = options?.to === undefined ? 'the only peer' : `the peer ${options.to}`
    const text = `${who} does not serve ${routes.local.channel.key}, or is being dialled anew`
    throw new EarshotError('EARSHOT_NO_SERVER', text)
  }

  /** Waits until a full link has room; not too many at once. */
  async #room(routes: ChannelRoutes, link: Link, timeoutMs: number): Promise<void> {
    const { maxWaitingForServer } = this.#mesh.parts.limits
    const { key, overflow } = routes.local.channel
    const who = link.remote?.name ?? 'the remote peer'
    if (overflow === 'reject') {
      const text = `the link to ${who} is full, and ${key} rejects (maxOutboundBytes)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    if (this.#crowded >= maxWaitingForServer) {
      const text = `${this.#crowded} requests already wait for a full link (maxWaitingForServer)`
      throw new EarshotError('EARSHOT_OVERLOADED', text)
    }
    this.#crowded++
    // Whoever waited goes, even if others have filled the link again: it takes twice as much.
    let roomy = false
    const ready = link.outbound.ready().then(() => {
      roomy = true
    })
    await this.#mesh.atMost(timeoutMs, ready)
    this.#crowded--
    if (roomy) return
    const text = `the link to ${who} had no room for ${key} within its time-out`
    throw new EarshotError('EARSHOT_OVERLOADED', text)
  }

  #send(
    routes: ChannelRoutes,
    route: Route,
    body: unknown,
    timeoutMs: number,
    options: CallOptions | undefined,
    until?: keyof typeof Until,
  ): Promise<unknown> {
    const { limits, counters } = this.#mesh.parts
    if (this.#pending.size >= limits.maxPendingRequests) {
      const text = `${this.#pending.size} requests already wait for answers (maxPendingRequests)`
      return Promise.reject(new EarshotError('EARSHOT_OVERLOADED', text))
    }
    const signal = options?.signal
    if (signal?.aborted) return Promise.reject(cancelled(signal, 'no'))
    const link = route.remote.link as Link
    const request = this.#pending.open(timeoutMs)
    request.link = link
    request.codec = until === undefined ? route.reply : noBody
    request.key = routes.local.channel.key
    const reply = new Promise(capture)
    request.resolve = captured.resolve
    request.reject = captured.reject
    if (signal) this.#watch(signal, request)
    try {
      const headers = encodeHeaders(options?.headers, limits)
      const { outbound } = link
      const { correlation } = request
      if (until === undefined) {
        const { delayMs } = routes.local.channel
        const budgetMs = Math.ceil(timeoutMs)
        outbound.request(route.code, correlation, budgetMs, headers, route.body, body, delayMs)
        counters.requestsSent++
      } else {
        outbound.asking(route.code, correlation, Until[until], headers, route.body, body)
        counters.notificationsSent++
      }
      routes.local.counts.sent++
    } catch (error) {
      this.#reject(request, toEarshotError(error))
    }
    return reply
  }

  #watch(signal: AbortSignal, request: PendingRequest): void {
    const onAbort = () => {
      this.#giveUp(request)
      this.#reject(request, cancelled(signal, 'unknown'))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    request.settled = () => signal.removeEventListener('abort', onAbort)
  }

  #reject(request: PendingRequest, error: EarshotError): void {
    request.reject(error)
    this.#pending.close(request)
  }

  /** The server need not go on. */
  #giveUp({ link, correlation }: PendingRequest): void {
    if (link === undefined || link.closed) return
    try {
      link.outbound.cancel(correlation)
    } catch (error) {
      // A link that is full to the brim takes no cancel either; the server's own budget ends it.
      if (!isEarshotError(error)) throw error
    }
  }

  #replied(link: Link, record: RecordWalker): boolean {
    const request = this.#answered(link, record)
    if (request === undefined) return true
    try {
      // Nobody reads the headers of a reply yet; they stand before the body all the same.
      if (record.hasHeaders) record.headers(this.#mesh.parts.limits.maxHeaderBytes)
      const codec = request.codec as BodyReader
      request.resolve(codec.decode(record.buffer, record.start, record.end))
      this.#pending.close(request)
    } catch (error) {
      const { message, path } = toEarshotError(error)
      const where = path === undefined ? {} : { path }
      const text = `the answer to ${request.key} cannot be read: ${message}`
      const details = { ...where, cause: error }
      this.#reject(request, new EarshotError('EARSHOT_BYTES_INVALID', text, details))
    }
    return true
  }

  #failed(link: Link, record: RecordWalker): boolean {
    const request = this.#answered(link, record)
    if (request === undefined) return true
    this.#mesh.parts.counters.requestsFailed++
    const error = parseWireError(record.buffer.subarray(record.start, record.end))
    const who = link.remote ? { id: link.remote.id, name: link.remote.name } : {}
    const known = Object.hasOwn(errorTable, error.code)
    const code = known ? (error.code as ErrorCode) : 'EARSHOT_REMOTE'
    const where = error.path === undefined ? {} : { path: error.path }
    const text = `${request.key} at ${link.remote?.name ?? 'a remote peer'}: ${error.message}`
    this.#reject(request, new EarshotError(code, text, { ...where, data: { remote: who } }))
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
      const text = `${who} was lost before it answered ${request.key}`
      this.#reject(request, new EarshotError('EARSHOT_PEER_GONE', text))
    }
  }
}

/** With these the other side says that it has not taken a notification. */
const refusals: readonly ErrorCode[] = [
  'EARSHOT_OVERLOADED',
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

function timedOut({ key, timeoutMs, link }: PendingRequest): EarshotError {
  const who = link?.remote?.name ?? 'the remote peer'
  return new EarshotError('EARSHOT_TIMEOUT', `${who} did not answer ${key} in ${timeoutMs} ms`)
}

/** @param sent whether anything may have left this process already */
export function cancelled(signal: AbortSignal, sent: 'no' | 'unknown'): EarshotError {
  return new EarshotError('EARSHOT_CANCELLED', 'the call was cancelled', {
    sent,
    cause: signal.reason,
  })
}

/** Rejects as soon as `signal` aborts. */
export async function abortable(
  work: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!signal) return work
  // Whoever no longer waits for it does not hear how it ended.
  work.catch(() => undefined)
  if (signal.aborted) throw cancelled(signal, 'no')
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled(signal, 'no'))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

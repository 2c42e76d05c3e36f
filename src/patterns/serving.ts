// Owns the serving side of one-to-one channels: decode, call the handler, answer.
// Never keeps a request without an answer: every path ends in a reply or a failure.

import { reportFault } from '../base/diagnostics.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { EarshotError, textOf, toEarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import { CODEC_BITS, CODEC_MASK, Kind, type RecordWalker, Until } from '../wire/record.ts'
import { CallContext, type HandlerContext, type ReadBody } from './call-context.ts'
import { noHeaders } from './headers.ts'

export type AnyHandler = (body: never, context: HandlerContext) => unknown

const SCALE = 2 ** CODEC_BITS
/** As long as a timer can run. */
const LONGEST_BUDGET_MS = 2 ** 31 - 1

export class Serving {
  readonly #mesh: Mesh
  /** By channel, what closes it. */
  readonly #rules: (string | undefined)[] = []
  readonly #handlers: (AnyHandler | undefined)[] = []
  /** Asynchronous handlers at work, by link and correlation, to be cancelled. */
  readonly #running = new Map<Link, Map<number, CallContext>>()
  #idle: (() => void) | undefined
  #count = 0

  constructor(mesh: Mesh) {
    this.#mesh = mesh
    mesh.inbound.on(Kind.request, (link, record) => this.#request(link, record))
    mesh.inbound.on(Kind.notification, (link, record) => this.#notification(link, record, false))
    mesh.inbound.on(Kind.asking, (link, record) => this.#notification(link, record, true))
    mesh.inbound.on(Kind.cancel, (link, record) => this.#cancel(link, record))
    mesh.onLinkLost.push((link) => this.#lost(link))
  }

  /** Asynchronous handlers at work. */
  get running(): number {
    return this.#count
  }

  serve(local: LocalChannel, handler: AnyHandler): void {
    this.#mesh.parts.catalog.serve(local)
    this.#handlers[local.number] = handler
    this.#rules[local.number] = this.#mesh.parts.access.ruleOf(local.channel)
  }

  isServed(local: LocalChannel): boolean {
    return this.#handlers[local.number] !== undefined
  }

  stop(local: LocalChannel): void {
    this.#mesh.parts.catalog.withdraw(local)
    this.#handlers[local.number] = undefined
  }

  /** Resolves when no handler is at work. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  /** What was under way on this link will not be answered: handlers may stop. */
  #lost(link: Link): void {
    for (const context of this.#running.get(link)?.values() ?? [])
      context.abort('the link was lost')
    this.#running.delete(link)
  }

  #request(link: Link, record: RecordWalker): boolean {
    const code = record.number()
    const correlation = record.number()
    const budgetMs = Math.min(record.number(), LONGEST_BUDGET_MS)
    if (budgetMs < 0) throw new EarshotError('EARSHOT_BYTES_INVALID', 'a request that breaks off')
    const bytes = record.size
    const local = this.#mesh.parts.catalog.byNumber(Math.floor(code / SCALE))
    const handler = local && this.#handlers[local.number]
    const reply = local?.reply(code & CODEC_MASK)
    const read = this.#read(link, record, code, local, handler)
    if (read instanceof EarshotError || !handler || !reply || !local) {
      const error = read instanceof EarshotError ? read : unserved(local)
      if (local) local.counts.dropped++
      this.#fail(link, correlation, error.code, error.message, error.path)
      return true
    }
    local.counts.received++
    const context = new CallContext(this.#mesh, link, local.channel.key, read, budgetMs)
    let result: unknown
    try {
      result = handler(read.body as never, context)
    } catch (error) {
      this.#threw(link, correlation, local, error)
      return true
    }
    if (!isThenable(result)) {
      this.#reply(link, correlation, local, reply, result)
      return true
    }
    this.#begin(link, correlation, context)
    result.then(
      (value) => {
        this.#end(link, correlation, bytes)
        this.#reply(link, correlation, local, reply, value)
      },
      (error: unknown) => {
        this.#end(link, correlation, bytes)
        this.#threw(link, correlation, local, error)
      },
    )
    return false
  }

  /** @param asks its sender wants to know what became of it */
  #notification(link: Link, record: RecordWalker, asks: boolean): boolean {
    const code = record.number()
    const correlation = asks ? record.number() : 0
    const until = asks ? record.number() : 0
    if (code < 0 || correlation < 0 || until < 0) {
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'a notification that breaks off')
    }
    const { counters, catalog } = this.#mesh.parts
    const bytes = record.size
    const local = catalog.byNumber(Math.floor(code / SCALE))
    const handler = local && this.#handlers[local.number]
    const read = this.#read(link, record, code, local, handler)
    if (read instanceof EarshotError || !handler || !local) {
      counters.notificationsDropped++
      if (local) local.counts.dropped++
      const why = read instanceof EarshotError ? read : unserved(local)
      reportFault({ area: 'handler', text: `a notification was dropped: ${why.message}` })
      if (asks) this.#fail(link, correlation, why.code, why.message, why.path)
      return true
    }
    counters.notificationsReceived++
    local.counts.received++
    if (until === Until.received) this.#confirm(link, correlation)
    const tells = until === Until.handled ? correlation : 0
    return this.#notify(link, local, handler, read, tells, bytes)
  }

  /** @param tells correlation of a sender who waits for the handler to be through, or 0 */
  #notify(
    link: Link,
    local: NumberedChannel,
    handler: AnyHandler,
    read: ReadBody,
    tells: number,
    bytes: number,
  ): boolean {
    const context = new CallContext(this.#mesh, link, local.channel.key, read, 0)
    const failed = (error: unknown) => {
      if (tells === 0) this.#handlerFailed(local, error)
      else this.#threw(link, tells, local, error)
    }
    try {
      const result = handler(read.body as never, context)
      if (!isThenable(result)) {
        if (tells > 0) this.#confirm(link, tells)
        return true
      }
      const number = -this.#mesh.parts.counters.notificationsReceived
      this.#begin(link, number, context)
      result.then(
        () => {
          this.#end(link, number, bytes)
          if (tells > 0) this.#confirm(link, tells)
        },
        (error: unknown) => {
          this.#end(link, number, bytes)
          failed(error)
        },
      )
      return false
    } catch (error) {
      failed(error)
      return true
    }
  }

  /** Whoever asked is told that it came, or that its handler is through. */
  #confirm(link: Link, correlation: number): void {
    try {
      if (!link.closed) link.outbound.reply(correlation, undefined, undefined)
    } catch (error) {
      this.#unanswered(error)
    }
  }

  /** The body and headers of a record, or why there are none. */
  #read(
    link: Link,
    record: RecordWalker,
    code: number,
    local: NumberedChannel | undefined,
    handler: AnyHandler | undefined,
  ): ReadBody | EarshotError {
    if (!local || !handler) return unserved(local)
    const rule = this.#rules[local.number]
    if (rule !== undefined && !this.#mesh.parts.access.passes(rule, link.remote?.who)) {
      this.#mesh.parts.counters.denied++
      return new EarshotError('EARSHOT_DENIED', `${local.channel.key} is closed to your key`)
    }
    const codec = local.body(code & CODEC_MASK)
    if (!codec) {
      const text = `${local.channel.key} is served in [${local.codecs}] only`
      return new EarshotError('EARSHOT_CODEC_UNSHARED', text)
    }
    if (this.#count >= this.#mesh.parts.limits.maxConcurrentHandlers) {
      const text = `${this.#count} handlers are at work already (maxConcurrentHandlers)`
      return new EarshotError('EARSHOT_OVERLOADED', text)
    }
    try {
      const { maxHeaderBytes } = this.#mesh.parts.limits
      const headers = record.hasHeaders ? record.headers(maxHeaderBytes) : noHeaders
      const body = codec.decode(record.buffer, record.start, record.end)
      return { body, headers, codec: codec.codec }
    } catch (error) {
      const failure = toEarshotError(error)
      this.#mesh.inbound.bad(
        link,
        `a body that does not fit ${local.channel.key}: ${failure.message}`,
      )
      return failure
    }
  }

  #reply(
    link: Link,
    correlation: number,
    local: NumberedChannel,
    codec: BodyCodec,
    value: unknown,
  ): void {
    const { counters } = this.#mesh.parts
    if (link.closed) {
      counters.droppedReplies++
      return
    }
    try {
      link.outbound.reply(correlation, codec, value)
      counters.requestsServed++
    } catch (error) {
      const { code, message, path } = toEarshotError(error)
      if (code === 'EARSHOT_OVERLOADED') {
        counters.droppedReplies++
        return
      }
      const text = `the handler's answer does not fit: ${message}`
      reportFault({ area: 'handler', text: `${local.channel.key}: ${text}` })
      this.#fail(link, correlation, 'EARSHOT_REMOTE', text, path)
    }
  }

  #threw(link: Link, correlation: number, local: NumberedChannel, error: unknown): void {
    this.#handlerFailed(local, error)
    this.#fail(link, correlation, 'EARSHOT_REMOTE', textOf(error), undefined)
  }

  #fail(link: Link, correlation: number, code: ErrorCode, text: string, path?: string): void {
    const error = { code, message: text.slice(0, 2_000), ...(path !== undefined && { path }) }
    try {
      if (!link.closed) link.outbound.failure(correlation, Buffer.from(JSON.stringify(error)))
    } catch (thrown) {
      this.#unanswered(thrown)
    }
  }

  /** The link is full to the brim: the caller's deadline ends the request. */
  #unanswered(error: unknown): void {
    this.#mesh.parts.counters.droppedReplies++
    reportFault({ area: 'handler', text: toEarshotError(error).message })
  }

  #handlerFailed(local: NumberedChannel, error: unknown): void {
    this.#mesh.parts.counters.handlerErrors++
    const text = `the handler of ${local.channel.key} failed: ${textOf(error)}`
    reportFault({ area: 'handler', text, data: { error } })
  }

  #begin(link: Link, correlation: number, context: CallContext): void {
    this.#count++
    const ofLink = this.#running.get(link) ?? new Map<number, CallContext>()
    this.#running.set(link, ofLink)
    ofLink.set(correlation, context)
  }

  #end(link: Link, correlation: number, bytes: number): void {
    const ofLink = this.#running.get(link)
    ofLink?.get(correlation)?.end()
    ofLink?.delete(correlation)
    if (ofLink?.size === 0) this.#running.delete(link)
    link.release(bytes)
    this.#count--
    if (this.#count === 0) this.#idle?.()
  }

  #cancel(link: Link, record: RecordWalker): boolean {
    this.#running.get(link)?.get(record.number())?.abort('the caller no longer waits')
    return true
  }
}

function unserved(local: NumberedChannel | undefined): EarshotError {
  const what = local ? local.channel.key : 'a channel of that number'
  return new EarshotError('EARSHOT_CHANNEL_UNKNOWN', `${what} is not served here`)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

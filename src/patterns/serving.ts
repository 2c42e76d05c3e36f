// Owns the serving side of one-to-one channels: decode, call the handler, answer.
// Never keeps a request without an answer: every path ends in a reply or a failure.

import { promiseOf } from '../base/deferred.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import { CODEC_BITS, CODEC_MASK, Kind, type RecordWalker, Until } from '../wire/record.ts'
import { Answers } from './answers.ts'
import { CallContext, type HandlerContext, notItsOwn, type ReadBody } from './call-context.ts'
import { CallsAtWork } from './calls-at-work.ts'
import { PendingAnswer } from './deferred-answer.ts'
import type { Gate } from './gate.ts'
import { noHeaders } from './headers.ts'
import { deniedTo } from './said-aloud.ts'

export type AnyHandler = (body: never, context: HandlerContext) => unknown

/** A channel's handler, with what stands before it. */
export interface Served {
  readonly handler: AnyHandler
  readonly gate: Gate
  readonly rule: string | undefined
}

/** A handler that is at work. */
interface Running {
  readonly link: Link
  readonly context: CallContext
  readonly local: NumberedChannel
  readonly number: number
  readonly tells: number
  readonly reply: BodyCodec | undefined
  readonly bytes: number
}

/** One that waits for its turn. */
interface Waiting extends Running {
  readonly handler: AnyHandler
  readonly body: unknown
  readonly budgetMs: number
  readonly cameMs: number
}

const SCALE = 2 ** CODEC_BITS
/** As long as a timer can run. */
const LONGEST_BUDGET_MS = 2 ** 31 - 1

export class Serving {
  readonly #mesh: Mesh
  /** By channel, what closes it. */
  readonly #rules: (string | undefined)[] = []
  readonly #answers: Answers
  readonly #handlers: (AnyHandler | undefined)[] = []
  readonly #gates: Gate[] = []
  /** Asynchronous handlers, and answers that are deferred. */
  readonly #atWork = new CallsAtWork()

  constructor(mesh: Mesh) {
    this.#mesh = mesh
    this.#answers = new Answers(mesh)
    mesh.inbound.on(Kind.request, (link, record) => this.#request(link, record))
    mesh.inbound.on(Kind.notification, (link, record) => this.#notification(link, record, false))
    mesh.inbound.on(Kind.asking, (link, record) => this.#notification(link, record, true))
    mesh.inbound.on(Kind.cancel, (link, record) => {
      this.#atWork.cancel(link, record.number())
      return true
    })
    mesh.inbound.on(Kind.withdrawn, () => true)
    mesh.onLinkLost.push((link) => this.#atWork.lost(link))
  }

  /** Asynchronous handlers at work, and answers that are deferred. */
  get running(): number {
    return this.#atWork.count
  }

  /** @param gate of the service, shared by its channels */
  serve(local: LocalChannel, handler: AnyHandler, gate: Gate): void {
    this.#mesh.parts.catalog.serve(local)
    this.#handlers[local.number] = handler
    this.#rules[local.number] = this.#mesh.parts.access.ruleOf(local.channel)
    this.#gates[local.number] = gate
  }

  /** Who handles a channel, for requests that come another way. */
  served(local: NumberedChannel): Served | undefined {
    const handler = this.#handlers[local.number]
    const gate = this.#gates[local.number]
    return handler && gate && { handler, gate, rule: this.#rules[local.number] }
  }

  isServed(local: LocalChannel): boolean {
    return this.#handlers[local.number] !== undefined
  }

  stop(local: LocalChannel): void {
    this.#mesh.parts.catalog.withdraw(local)
    this.#handlers[local.number] = undefined
  }

  /** Resolves when no handler is at work, and no answer deferred. */
  idle(): Promise<void> {
    return this.#atWork.idle()
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
      this.#answers.fail(link, correlation, error.code, error.message, error.path)
      return true
    }
    return this.#take(link, local, handler, read, correlation, correlation, reply, budgetMs, bytes)
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
      if (asks) this.#answers.fail(link, correlation, why.code, why.message, why.path)
      return true
    }
    counters.notificationsReceived++
    if (until === Until.received) this.#answers.confirm(link, correlation)
    const tells = until === Until.handled ? correlation : 0
    const number = -counters.notificationsReceived
    return this.#take(link, local, handler, read, number, tells, undefined, 0, bytes)
  }

  /**
   * Begins a handler, or lets it wait for its turn. False: its bytes are still in use.
   *
   * @param number under which it is cancelled: its correlation, or below 0 for a notification
   * @param tells correlation of who waits for the outcome, or 0
   * @param reply how a request is answered; undefined for a notification
   */
  #take(
    link: Link,
    local: NumberedChannel,
    handler: AnyHandler,
    read: ReadBody,
    number: number,
    tells: number,
    reply: BodyCodec | undefined,
    budgetMs: number,
    bytes: number,
  ): boolean {
    const gate = this.#gates[local.number] as Gate
    const cameMs = link.lastHeardMs
    const { channel } = local
    const context = new CallContext(this.#mesh, link, channel, read, budgetMs, cameMs, number)
    if (gate.busy) {
      this.#atWork.begin(link, number, context)
      const work = { link, local, handler, body: read.body, context, number, tells, reply, bytes }
      this.#wait({ ...work, budgetMs, cameMs }, gate)
      return false
    }
    if (gate.watches(budgetMs)) {
      const late = gate.tooLate(channel.key, this.#mesh.parts.clock.nowMs(), cameMs, budgetMs)
      if (late !== undefined) {
        this.#refuse(link, local, tells, late)
        return true
      }
    }
    local.counts.received++
    let result: unknown
    let awaited: Promise<unknown> | undefined
    try {
      result = handler(read.body as never, context)
      awaited = promiseOf(result)
    } catch (error) {
      this.#answers.threw(link, tells, local, error, reply)
      return true
    }
    if (awaited === undefined && !PendingAnswer.is(result)) {
      this.#done(link, local, tells, reply, result)
      return true
    }
    this.#atWork.begin(link, number, context)
    const work = { link, context, local, number, tells, reply, bytes }
    if (awaited) this.#follow(work, gate, awaited)
    else this.#defer(work, result as PendingAnswer)
    return awaited === undefined
  }

  /** Until another handler ends, or nobody waits for this one any more: then it is not begun. */
  #wait(work: Waiting, gate: Gate): void {
    const { link, local, context, number, bytes } = work
    const start = () => this.#turn(work, gate)
    context.dropped = () => {
      gate.forget(start)
      this.#end(link, number, bytes)
      this.#mesh.parts.counters.requestsExpired++
      local.counts.dropped++
    }
    gate.wait(start)
  }

  /** The turn of one that waited. */
  #turn(work: Waiting, gate: Gate): void {
    const { link, local, context, tells, number, bytes, cameMs, budgetMs } = work
    context.dropped = undefined
    const { clock } = this.#mesh.parts
    const late = gate.tooLate(local.channel.key, clock.nowMs(), cameMs, budgetMs)
    if (late !== undefined) {
      this.#end(link, number, bytes)
      this.#refuse(link, local, tells, late)
      return
    }
    local.counts.received++
    const run = async () => work.handler(work.body as never, context)
    this.#follow(work, gate, run())
  }

  /** A handler is at work: the gate counts it, and whoever asked is told how it ends. */
  #follow(work: Running, gate: Gate, result: Promise<unknown>): void {
    const { link, local, context, number, tells, reply, bytes } = work
    gate.enter()
    result.then(
      (value) => {
        const isDeferred = PendingAnswer.is(value)
        if (isDeferred) link.release(bytes)
        else this.#end(link, number, bytes)
        gate.leave()
        if (isDeferred) this.#defer(work, value)
        else this.#done(link, local, tells, reply, value)
      },
      (error: unknown) => {
        this.#end(link, number, bytes)
        gate.leave()
        // What its signal made it throw is no answer: to who asked it is late, or cancelled.
        if (context.aborted) this.#answers.threw(link, 0, local, error, undefined)
        else this.#answers.threw(link, tells, local, error, reply)
      },
    )
  }

  /** The handler has returned, others may have its place; its answer comes by itself, or never. */
  #defer({ link, context, local, number, tells, reply }: Running, answer: PendingAnswer): void {
    const end = () => this.#atWork.end(link, number)
    const threw = (error: unknown) => {
      end()
      this.#answers.threw(link, tells, local, error, reply)
    }
    if (!context.isOwn(answer)) {
      threw(notItsOwn(local.channel))
      return
    }
    const answered = (value: unknown) => {
      end()
      this.#done(link, local, tells, reply, value)
    }
    answer.follow({ answered, threw, dropped: end })
  }

  #done(
    link: Link,
    local: NumberedChannel,
    tells: number,
    reply: BodyCodec | undefined,
    value: unknown,
  ): void {
    if (reply !== undefined) this.#answers.reply(link, tells, local, reply, value)
    else if (tells > 0) this.#answers.confirm(link, tells)
  }

  #refuse(link: Link, local: NumberedChannel, tells: number, why: EarshotError): void {
    local.counts.dropped++
    if (tells > 0) this.#answers.fail(link, tells, why.code, why.message)
    else {
      this.#mesh.parts.counters.notificationsDropped++
      reportFault({ area: 'handler', text: `a notification was dropped: ${why.message}` })
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
    const denied = deniedTo(this.#mesh, link, this.#rules[local.number], local.channel.key)
    if (denied) return denied
    const codec = local.body(code & CODEC_MASK)
    if (!codec) {
      const text = `${local.channel.key} is served in [${local.codecs}] only`
      return new EarshotError('EARSHOT_CODEC_UNSHARED', text)
    }
    const refusal = this.#gates[local.number]?.refuses(link.remote?.id ?? '', link.lastHeardMs)
    if (refusal !== undefined) return refusal
    if (this.running >= this.#mesh.parts.limits.maxConcurrentHandlers) {
      const text = `${this.running} handlers are at work already (maxConcurrentHandlers)`
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

  #end(link: Link, number: number, bytes: number): void {
    this.#atWork.end(link, number)
    link.release(bytes)
  }
}

function unserved(local: NumberedChannel | undefined): EarshotError {
  const what = local ? local.channel.key : 'a channel of that number'
  return new EarshotError('EARSHOT_CHANNEL_UNKNOWN', `${what} is not served here`)
}

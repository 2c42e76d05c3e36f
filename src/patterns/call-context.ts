// Owns what a handler is told besides the body: who asks, until when, and whether it still matters.
// Never holds the body.

import { setMaxListeners } from 'node:events'
import type { Timer } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import type { CodecName } from '../codec/codec.ts'
import type { Channel } from '../contract/channel.ts'
import { contentTypeOf } from '../contract/content-type.ts'
import { declaredError } from '../contract/declared-errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { From, Link } from '../mesh/remote.ts'
import { type DeferredAnswer, PendingAnswer } from './deferred-answer.ts'
import type { Headers } from './headers.ts'
import { type Message, ReceivedMessage } from './message.ts'

export interface HandlerContext<E = Readonly<Record<string, unknown>>> {
  /** Who sent it. */
  readonly from: From
  /** `shop.orders/1/place` */
  readonly channel: string
  /** The codec that was agreed with the sender. */
  readonly codec: CodecName
  /** `application/vnd.shop.orders+avro; version=1` */
  readonly contentType: string
  readonly headers: Headers
  /** What the message says of itself: id, correlation, cause, trace. Made when it is asked for. */
  readonly message: Message
  /** ms until the caller stops waiting; Infinity for a notification or an event. */
  readonly remainingMs: number
  /**
   * Aborted when the caller no longer waits: cancelled, gone, or past its deadline. Of a
   * notification never: nobody need be there when it is handled.
   */
  readonly signal: AbortSignal
  /**
   * An error that the contract declares, to throw: `throw context.error('OutOfStock', { sku })`.
   * Data that does not fit its type is told to the caller as EARSHOT_REMOTE with the path.
   */
  error<N extends keyof E & string>(name: N, data: E[N], message?: string): EarshotError
}

/** Of a channel that has one answer: a request, or a question to all. */
export interface RequestContext<R, E = Readonly<Record<string, unknown>>>
  extends HandlerContext<E> {
  /**
   * The answer may come later, from elsewhere: return it in place of the answer, and keep it. The
   * handler's place (`concurrency`) is free then. It is closed at the caller's deadline, and when
   * the caller has cancelled or is lost; that of a ticket outlives the link. `close()` waits for
   * it as for a handler. The same one however often it is asked for.
   * @throws EARSHOT_OPTION_INVALID where the channel has no answer, or many
   */
  defer(): DeferredAnswer<R>
}

/** A body with what came along. */
export interface ReadBody {
  readonly body: unknown
  readonly headers: Headers
  readonly codec: CodecName
}

/** Made for each call; the signal only when a handler asks for it. */
export class CallContext implements RequestContext<unknown> {
  readonly from: From
  readonly channel: string
  readonly codec: CodecName
  readonly headers: Headers
  /** Set while its handler has not begun: nobody waits for it any more. */
  dropped: (() => void) | undefined
  readonly #mesh: Mesh
  readonly #link: Link
  readonly #channel: Channel
  readonly #made: number | string
  #message: Message | undefined
  readonly #deadlineMs: number
  #controller: AbortController | undefined
  #timer: Timer | undefined
  #answer: PendingAnswer | undefined
  #aborted: string | undefined

  /**
   * @param cameMs when it was read: from then on the budget runs
   * @param made what tells it from others of its sender: its number; below 0 one that we counted
   */
  constructor(
    mesh: Mesh,
    link: Link,
    channel: Channel,
    read: ReadBody,
    budgetMs: number,
    cameMs: number,
    made: number | string,
  ) {
    this.#mesh = mesh
    this.from = link.remote?.label ?? unknownPeer
    this.channel = channel.key
    this.#link = link
    this.#channel = channel
    this.#made = made
    this.codec = read.codec
    this.headers = read.headers
    this.#deadlineMs = budgetMs > 0 ? cameMs + budgetMs : Number.POSITIVE_INFINITY
  }

  get contentType(): string {
    return contentTypeOf(this.channel, this.codec)
  }

  get message(): Message {
    this.#message ??= new ReceivedMessage(this.headers, this.#channel, this.contentType, this.#id())
    return this.#message
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadlineMs - this.#mesh.parts.clock.nowMs())
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    // One listener for each call that the handler makes: no leak, however many they are.
    setMaxListeners(0, this.#controller.signal)
    if (this.#aborted !== undefined) this.#controller.abort(cancelled(this.#aborted))
    else this.#watch()
    return this.#controller.signal
  }

  defer(): PendingAnswer {
    if (this.#answer) return this.#answer
    const { kind, key } = this.#channel
    if (kind !== 'request' && kind !== 'scatter') {
      const text = `${key} is a ${kind}: it has no answer that could be deferred`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text)
    }
    this.#answer = new PendingAnswer()
    if (this.#aborted !== undefined) this.#answer.drop()
    else this.#watch()
    return this.#answer
  }

  /** Was it made for this call? */
  isOwn(answer: PendingAnswer): boolean {
    return answer === this.#answer
  }

  /** At the deadline nobody waits any more. */
  #watch(): void {
    if (this.#timer || !Number.isFinite(this.#deadlineMs)) return
    const late = () => this.abort('the deadline has passed')
    this.#timer = this.#mesh.parts.clock.after(this.remainingMs, late, true)
  }

  /** What has no number of its sender's is told apart by ours. */
  #id(): string {
    const made = this.#made
    if (typeof made === 'string') return made
    const { id = '', epoch = 0 } = this.#link.remote ?? {}
    const sender = `${id}.${epoch}.${this.#channel.name}`
    return made < 0 ? `${sender}.${this.#mesh.parts.id}.${-made}` : `${sender}.${made}`
  }

  error(name: string, data: unknown, message?: string): EarshotError {
    return declaredError(name, data, message)
  }

  /** The caller no longer waits. */
  get aborted(): boolean {
    return this.#aborted !== undefined
  }

  abort(why: string): void {
    this.#aborted ??= why
    this.#controller?.abort(cancelled(why))
    this.#answer?.drop()
    const { dropped } = this
    this.dropped = undefined
    dropped?.()
    this.end()
  }

  /** The handler has ended: no timer is left behind. */
  end(): void {
    this.#timer?.cancel()
  }
}

/** A handler has returned an answer that was deferred by another call. */
export function notItsOwn({ key }: Channel): EarshotError {
  const text = `the handler of ${key} returned the deferred answer of another call`
  return new EarshotError('EARSHOT_OPTION_INVALID', text)
}

const unknownPeer: From = Object.freeze({ id: '', name: 'unknown', key: undefined, roles: [] })

function cancelled(why: string): EarshotError {
  return new EarshotError('EARSHOT_CANCELLED', why)
}

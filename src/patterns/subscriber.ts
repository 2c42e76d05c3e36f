// Owns one subscription of our own: what waits for its handler or its loop, and what gives way.
// Hot path: `deliver`. Never asks a publisher for anything: the mesh does.

import { BoundedQueue, type Overflow } from '../base/bounded-queue.ts'
import { awaited, type Deferred, deferred, promiseOf } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import { IterableQueue } from '../base/queue.ts'
import type { AskedEvent } from '../mesh/asked-event.ts'
import type { Counters } from '../mesh/counters.ts'
import type { Heard, Listener } from '../mesh/heard.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Remote } from '../mesh/remote.ts'
import { Outcome } from '../wire/record.ts'
import { type EventContext, HeardContext } from './event-context.ts'
import { type Headers, noHeaders } from './headers.ts'
import { reportFailed, tellBy } from './said-aloud.ts'

export type EventHandler = (body: never, context: EventContext) => unknown

export interface Subscription {
  /** Events that the network or a slow socket lost. */
  readonly missed: number
  /** Events that gave way here, because nobody took them in time. */
  readonly dropped: number
  /**
   * Resolves when it hears nothing more: with the reason where it was not closed, which is
   * EARSHOT_OVERLOADED of `overflow: 'reject'`. Never rejects.
   */
  readonly ended: Promise<EarshotError | undefined>
  /**
   * Hears nothing more: what waits for its handler or its loop gives way, and counts as `dropped`.
   * Does not wait for a run of the handler that is under way, so that it can be called there.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How a subscription queues. */
export interface Waiting {
  /** How many events may wait. */
  readonly capacity: number
  readonly overflow: Overflow
  /** How many runs of an asynchronous handler may be under way at once. */
  readonly concurrency: number
}

export interface SubscriberParts {
  readonly local: LocalChannel
  readonly counters: Counters
  readonly waiting: Waiting
  readonly onMissed: ((count: number, from: Remote['label']) => void) | undefined
  /** No more events: the subscription is over. */
  readonly stop: () => void
  /** For `block`: hear nothing until there is room. */
  readonly pause: (paused: boolean) => void
}

/** What both kinds of subscription share: gaps, the end. */
abstract class Subscriber implements Listener, Subscription {
  missed = 0
  protected readonly parts: SubscriberParts
  readonly #ending = awaited<EarshotError | undefined>()
  #paused = false

  constructor(parts: SubscriberParts) {
    this.parts = parts
  }

  abstract readonly dropped: number
  abstract deliver(
    body: unknown,
    heard: Heard,
    headers: Headers | undefined,
    asked: AskedEvent | undefined,
  ): void
  abstract end(): void
  /** What waits gives way. */
  protected abstract drop(): void

  get ended(): Promise<EarshotError | undefined> {
    return this.#ending.promise
  }

  gap(count: number, from: Remote): void {
    this.missed += count
    const { onMissed, local } = this.parts
    // It is told of a loss; that it fails must not cost the events that did arrive.
    const told = onMissed && (() => onMissed(count, from.label))
    tellBy(told, 'onMissed', local.channel.key, undefined)
  }

  async close(): Promise<void> {
    this.parts.stop()
    this.drop()
    this.over(undefined)
  }

  protected over(why: EarshotError | undefined): void {
    this.#ending.resolve(why)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected failed(what: string, error: unknown): void {
    reportFailed(what, this.parts.local.channel.key, error)
  }

  /** For `block`: hears nothing until there is room, or goes on. */
  protected pause(paused: boolean): void {
    if (this.#paused === paused) return
    this.#paused = paused
    this.parts.pause(paused)
  }

  /** One event gave way. */
  protected gaveWay(): void {
    this.parts.counters.eventsDropped++
    this.parts.local.counts.dropped++
  }

  /** `reject`: too slow is the end of the subscription, and said aloud. */
  protected overrun(): EarshotError {
    const { local, waiting } = this.parts
    const text = `${waiting.capacity} events of ${local.channel.key} wait for a slow subscriber`
    this.parts.stop()
    const error = new EarshotError('EARSHOT_OVERLOADED', `${text} (capacity)`)
    this.over(error)
    return error
  }
}

/** A subscription that is an async iterable of bodies. */
export class IterableSubscriber extends Subscriber implements AsyncIterable<unknown> {
  readonly #queue: IterableQueue<unknown>

  constructor(parts: SubscriberParts) {
    super(parts)
    const { capacity, overflow } = parts.waiting
    const onRoom = () => this.pause(false)
    const onReturn = (left: number) => {
      parts.stop()
      for (let count = 0; count < left; count++) this.gaveWay()
      this.over(undefined)
    }
    this.#queue = new IterableQueue(capacity, overflow, onReturn, onRoom)
  }

  get dropped(): number {
    return this.#queue.dropped
  }

  /** For a publisher who asks, what is in the queue is handled: the loop does not say more. */
  deliver(body: unknown, _heard: Heard, _headers: unknown, asked: AskedEvent | undefined): void {
    if (this.#queue.push(body)) {
      asked?.done(Outcome.done)
      if (this.parts.waiting.overflow === 'block' && this.#queue.full) this.pause(true)
      return
    }
    asked?.done(Outcome.dropped)
    this.gaveWay()
    if (this.parts.waiting.overflow === 'reject') this.#queue.fail(this.overrun())
  }

  end(): void {
    this.#queue.end()
    this.over(undefined)
  }

  protected drop(): void {
    void this.#queue.return()
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#queue
  }
}

interface Waiter {
  readonly body: unknown
  readonly context: EventContext
  readonly asked: AskedEvent | undefined
}

/** A subscription with a handler. Synchronous ones keep up by themselves: nothing ever waits. */
export class HandlerSubscriber extends Subscriber implements AsyncIterable<never> {
  readonly #handler: EventHandler
  readonly #queue: BoundedQueue<Waiter>
  #running = 0
  #ended = false
  #idle: Deferred | undefined

  constructor(handler: EventHandler, parts: SubscriberParts) {
    super(parts)
    this.#handler = handler
    this.#queue = new BoundedQueue(parts.waiting.capacity, parts.waiting.overflow)
  }

  get dropped(): number {
    return this.#queue.dropped
  }

  deliver(
    body: unknown,
    heard: Heard,
    headers: Headers | undefined,
    asked: AskedEvent | undefined,
  ): void {
    if (this.#ended) {
      asked?.done(Outcome.dropped)
      return
    }
    const context = new HeardContext(heard, headers ?? noHeaders)
    if (this.#running < this.parts.waiting.concurrency) this.#run(body, context, asked)
    else this.#wait({ body, context, asked })
  }

  [Symbol.asyncIterator](): AsyncIterator<never> {
    throw new EarshotError('EARSHOT_OPTION_INVALID', 'a subscription with a handler is no iterable')
  }

  /** What waits is still handled. */
  end(): void {
    this.#ended = true
    this.over(undefined)
  }

  /** Hears nothing more; what waits is still handled. */
  leave(): void {
    this.parts.stop()
    this.end()
  }

  /** Resolves when nothing is under way and nothing waits. */
  async idle(): Promise<void> {
    if (this.#running === 0) return
    this.#idle ??= deferred()
    await this.#idle.promise
  }

  drop(): void {
    this.#ended = true
    for (const { asked } of this.#queue.dropAll()) {
      asked?.done(Outcome.dropped)
      this.gaveWay()
    }
  }

  #wait(waiter: Waiter): void {
    const { overflow } = this.parts.waiting
    const loser = this.#queue.push(waiter)
    if (loser) {
      loser.asked?.done(Outcome.dropped)
      this.gaveWay()
      if (overflow !== 'reject') return
      this.#ended = true
      this.failed('the handler', this.overrun())
    } else if (overflow === 'block' && this.#queue.full) this.pause(true)
  }

  #run(body: unknown, context: EventContext, asked: AskedEvent | undefined): void {
    try {
      const result = promiseOf(this.#handler(body as never, context))
      if (result === undefined) {
        asked?.done(Outcome.done)
        return
      }
      this.#running++
      const done = () => asked?.done(Outcome.done)
      result
        .then(done, (error: unknown) => this.#handlerFailed(error, asked))
        .then(() => this.#finished())
    } catch (error) {
      this.#handlerFailed(error, asked)
    }
  }

  #finished(): void {
    this.#running--
    while (this.#queue.size > 0 && this.#running < this.parts.waiting.concurrency) {
      const { body, context, asked } = this.#queue.take()
      this.#run(body, context, asked)
    }
    if (this.#queue.roomy) this.pause(false)
    if (this.#running > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #handlerFailed(error: unknown, asked: AskedEvent | undefined): void {
    asked?.done(Outcome.failed)
    this.parts.counters.handlerErrors++
    this.failed('the handler', error)
  }
}

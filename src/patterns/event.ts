// Owns publishing and subscribing: publishers with their numbers, subscribers with their gaps.
// Hot path: `send` and `deliver`. Never blocks a publisher for a subscriber.

import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, textOf } from '../base/errors.ts'
import { IterableQueue } from '../base/queue.ts'
import type { CodecName } from '../codec/codec.ts'
import { contentTypeOf } from '../contract/content-type.ts'
import { parseVersionRange } from '../contract/version-range.ts'
import type { Heard, Listener } from '../mesh/ear.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { OutletChannel } from '../mesh/outlet.ts'
import type { Remote } from '../mesh/remote.ts'
import { encodeHeaders, type Headers, noHeaders } from './headers.ts'
import type { Verdict } from './notification.ts'

/** Publishes on one channel without a promise a message. */
export interface Publisher<B> {
  /** Subscriptions in force right now; nobody hears what is sent at 0. */
  readonly listeners: number
  /**
   * Writes one event for all who hear the channel; to nobody it costs next to nothing.
   * True: go on. False: taken, but wait for `ready()` before the next.
   * @throws EARSHOT_BODY_INVALID (only when somebody listens: nothing is encoded for nobody)
   */
  send(body: B): boolean
  ready(): Promise<void>
}

export interface PublishOptions {
  readonly headers?: Headers
}

export interface EventContext {
  readonly from: { readonly id: string; readonly name: string }
  readonly channel: string
  /** The codec that was agreed with the publisher. */
  readonly codec: CodecName
  /** `application/vnd.shop.orders+avro; version=1` */
  readonly contentType: string
  readonly headers: Headers
}

export interface SubscribeOptions {
  /** So many events of `from` were lost on the way, exactly. */
  readonly onMissed?: (count: number, from: { readonly id: string; readonly name: string }) => void
  /** For an async iterable: how many events may wait. Default `maxIteratorItems`. */
  readonly capacity?: number
  /** For an async iterable: what gives way when they are too many. Default `drop-oldest`. */
  readonly overflow?: 'drop-oldest' | 'drop-newest'
  /** Of publishers whose version of the contract is in this range alone: `^1.2`, `>=1.1 <1.4`. */
  readonly version?: string
}

export interface Subscription {
  /** Events that the network or a slow socket lost. */
  readonly missed: number
  /** Events that our own iterable dropped because nobody took them. */
  readonly dropped: number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type EventHandler = (body: never, context: EventContext) => unknown

export class Events {
  readonly #mesh: Mesh
  #running = 0

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  publisher(local: LocalChannel): Publisher<unknown> {
    return new OutletPublisher(this.#mesh, this.#mesh.outlet.channel(local))
  }

  async publish(
    local: LocalChannel,
    body: unknown,
    options: PublishOptions | undefined,
  ): Promise<Verdict> {
    const channel = this.#mesh.outlet.channel(local)
    // A single publish tells a wrong body even when nobody listens.
    if (channel.listeners === 0) local.check(body)
    channel.write(body, encodeHeaders(options?.headers, this.#mesh.parts.limits))
    this.#mesh.parts.counters.eventsPublished++
    if (channel.listeners === 0) {
      return { became: 'dropped', by: 'publisher', why: 'no-listeners' }
    }
    channel.flush()
    // Many in a row let the sockets have their turn: those who keep up lose nothing.
    await channel.ready()
    return { became: 'written', listeners: channel.listeners }
  }

  async subscribe(
    local: LocalChannel,
    handler: EventHandler | undefined,
    options: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<unknown>> {
    const { limits } = this.#mesh.parts
    const capacity = options.capacity ?? limits.maxIteratorItems
    const { version } = options
    const range =
      version === undefined ? undefined : parseVersionRange(version, local.channel.major)
    const stop = () => this.#mesh.subscriptions.remove(local, subscriber, range)
    const queue = handler
      ? undefined
      : new IterableQueue<unknown>(capacity, options.overflow ?? 'drop-oldest', stop)
    const take = handler
      ? (body: unknown, context: EventContext) => this.#handle(handler, body, context)
      : (body: unknown) => this.#enqueue(queue as IterableQueue<unknown>, body)
    const subscriber = new Subscriber(local.channel.key, take, options, queue, stop)
    await this.#mesh.subscriptions.add(local, subscriber, range)
    return subscriber
  }

  #enqueue(queue: IterableQueue<unknown>, body: unknown): void {
    if (!queue.push(body)) this.#mesh.parts.counters.eventsDropped++
  }

  #handle(handler: EventHandler, body: unknown, context: EventContext): void {
    const { counters, limits } = this.#mesh.parts
    if (this.#running >= limits.maxConcurrentHandlers) {
      counters.eventsDropped++
      return
    }
    const failed = (error: unknown) => {
      counters.handlerErrors++
      const text = `the handler of ${context.channel} failed: ${textOf(error)}`
      reportFault({ area: 'handler', text, data: { error } })
    }
    try {
      const result = handler(body as never, context) as PromiseLike<unknown> | undefined
      if (typeof result?.then !== 'function') return
      this.#running++
      result.then(undefined, failed).then(() => {
        this.#running--
      })
    } catch (error) {
      failed(error)
    }
  }
}

class OutletPublisher implements Publisher<unknown> {
  readonly #mesh: Mesh
  readonly #channel: OutletChannel

  constructor(mesh: Mesh, channel: OutletChannel) {
    this.#mesh = mesh
    this.#channel = channel
  }

  get listeners(): number {
    return this.#channel.listeners
  }

  send(body: unknown): boolean {
    this.#mesh.parts.counters.eventsPublished++
    return this.#channel.write(body, undefined)
  }

  ready(): Promise<void> {
    return this.#channel.ready()
  }
}

class Subscriber implements Listener, Subscription {
  missed = 0
  readonly #channel: string
  readonly #take: (body: unknown, context: EventContext) => void
  readonly #options: SubscribeOptions
  readonly #queue: IterableQueue<unknown> | undefined
  readonly #stop: () => void
  readonly #contexts = new WeakMap<Heard, EventContext>()

  constructor(
    channel: string,
    take: (body: unknown, context: EventContext) => void,
    options: SubscribeOptions,
    queue: IterableQueue<unknown> | undefined,
    stop: () => void,
  ) {
    this.#channel = channel
    this.#take = take
    this.#options = options
    this.#queue = queue
    this.#stop = stop
  }

  get dropped(): number {
    return this.#queue?.dropped ?? 0
  }

  deliver(body: unknown, heard: Heard, headers: Headers | undefined): void {
    this.#take(body, headers ? this.#context(heard, headers) : this.#plainContext(heard))
  }

  gap(count: number, from: Remote): void {
    this.missed += count
    try {
      this.#options.onMissed?.(count, { id: from.id, name: from.name })
    } catch (error) {
      // It is told of a loss; that it fails must not cost the events that did arrive.
      const text = `onMissed of ${this.#channel} failed: ${textOf(error)}`
      reportFault({ area: 'handler', text, data: { error } })
    }
  }

  async close(): Promise<void> {
    this.#stop()
    this.end()
  }

  end(): void {
    this.#queue?.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this.#queue) return this.#queue
    throw new EarshotError('EARSHOT_OPTION_INVALID', 'a subscription with a handler is no iterable')
  }

  #context({ from, codec }: Heard, headers: Headers): EventContext {
    const { id, name } = from
    const contentType = contentTypeOf(this.#channel, codec.codec)
    return { from: { id, name }, channel: this.#channel, codec: codec.codec, contentType, headers }
  }

  /** Without headers all events of one publisher share their context. */
  #plainContext(heard: Heard): EventContext {
    let context = this.#contexts.get(heard)
    if (!context) {
      context = Object.freeze(this.#context(heard, noHeaders))
      this.#contexts.set(heard, context)
    }
    return context
  }
}

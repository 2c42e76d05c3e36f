// Owns publishing and subscribing as users ask for it: publishers, and what a subscription may ask.
// Hot path: `send`. Never blocks a publisher for a subscriber.

import { checkNames, namesOf } from '../base/arguments.ts'
import { type Overflow, overflows } from '../base/bounded-queue.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { isSound } from '../codec/text.ts'
import { parseVersionRange } from '../contract/version-range.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { OutletChannel } from '../mesh/outlet-channel.ts'
import { Until } from '../wire/record.ts'
import { MAX_KEY_BYTES } from '../wire/topic.ts'
import { EventVerdicts } from './event-verdicts.ts'
import { encodeHeaders, type Headers } from './headers.ts'
import { headersWithin, type Within } from './message.ts'
import {
  type EventHandler,
  HandlerSubscriber,
  IterableSubscriber,
  type SubscriberParts,
  type Subscription,
  type Waiting,
} from './subscriber.ts'
import { checkUntil, type Verdict } from './verdict.ts'

/** Publishes on one channel without a promise a message. */
export interface Publisher<B> {
  /** Subscriptions in force right now; nobody hears what is sent at 0. */
  readonly listeners: number
  /**
   * Writes one event for all who hear the channel; to nobody it costs next to nothing.
   * True: go on. False: taken, but wait for `ready()` before the next. Headers make it slower.
   * @throws EARSHOT_BODY_INVALID (only when somebody listens: nothing is encoded for nobody)
   */
  send(body: B, headers?: Headers): boolean
  ready(): Promise<void>
}

export interface PublishOptions {
  readonly headers?: Headers
  /** Of the handler that publishes: the event carries on its correlation, cause and trace. */
  readonly context?: Within
  /**
   * What to wait for: `written` (handed to the outlet's socket; the default), `received` (it fits,
   * at so many subscriptions), `handled` (their handlers are through). The last two cost a message
   * back from each.
   */
  readonly until?: 'written' | 'received' | 'handled'
  /** How long to wait for the answers. Default 2 000 ms; who is late counts as silent. */
  readonly timeoutMs?: number
}

export interface SubscribeOptions {
  /**
   * Only events whose key field (`event(…, { key: 'orderId' })`) has this value; a number as its
   * text. The others are not even sent. At most 255 bytes.
   */
  readonly key?: string
  /** So many events of `from` were lost on the way, exactly. */
  readonly onMissed?: (count: number, from: { readonly id: string; readonly name: string }) => void
  /**
   * How many events may wait for the loop, or for an asynchronous handler that has `concurrency`
   * runs under way. Default `maxIteratorItems`.
   */
  readonly capacity?: number
  /**
   * What gives way when they are too many. `block` hears nothing more until half of them are taken,
   * over a connection of its own: then the publisher's socket drops for us, and that is told as
   * missed. `reject` ends the subscription with EARSHOT_OVERLOADED. Default: that of the channel,
   * or `drop-oldest`.
   */
  readonly overflow?: Overflow
  /**
   * How many runs of an asynchronous handler may be under way at once; 1 keeps their order. Default
   * `maxConcurrentHandlers`.
   */
  readonly concurrency?: number
  /** Of publishers whose version of the contract is in this range alone: `^1.2`, `>=1.1 <1.4`. */
  readonly version?: string
}

const subscribeNames = namesOf<SubscribeOptions>({
  key: true,
  onMissed: true,
  capacity: true,
  overflow: true,
  concurrency: true,
  version: true,
})

export class Events {
  readonly #mesh: Mesh
  readonly #verdicts: EventVerdicts
  /** Those whose handlers may have something in hand. */
  readonly #handling = new Set<HandlerSubscriber>()

  constructor(mesh: Mesh) {
    this.#mesh = mesh
    this.#verdicts = new EventVerdicts(mesh)
  }

  publisher(local: LocalChannel): Publisher<unknown> {
    return new OutletPublisher(this.#mesh, this.#mesh.published(local))
  }

  async publish(
    local: LocalChannel,
    body: unknown,
    options: PublishOptions | undefined,
  ): Promise<Verdict> {
    const channel = this.#mesh.published(local)
    // A single publish tells a wrong body even when nobody listens.
    if (channel.listeners === 0) local.check(body)
    const until = options?.until ?? 'written'
    if (until !== 'written') checkUntil(until, 'event')
    const correlation = until === 'written' ? 0 : this.#verdicts.correlation()
    const said = options?.context
      ? headersWithin(options.headers, options.context)
      : options?.headers
    const headers = encodeHeaders(said, this.#mesh.parts.limits)
    const extras = { headers, correlation, until: until === 'written' ? 0 : Until[until] }
    channel.write(body, headers || correlation > 0 ? extras : undefined)
    this.#mesh.parts.counters.eventsPublished++
    local.counts.sent++
    const listeners = channel.listenersOf(body)
    if (listeners === 0) return { became: 'dropped', by: 'publisher', why: 'no-listeners' }
    channel.flush()
    if (until !== 'written') {
      const timeoutMs = options?.timeoutMs ?? this.#mesh.parts.limits.requestTimeoutMs
      return this.#verdicts.wait(correlation, listeners, until, timeoutMs)
    }
    // Many in a row let the sockets have their turn: those who keep up lose nothing.
    await channel.ready()
    return { became: until, listeners }
  }

  async subscribe(
    local: LocalChannel,
    handler: EventHandler | undefined,
    options: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<unknown>> {
    const { counters, limits } = this.#mesh.parts
    checkNames(options, subscribeNames)
    const { version } = options
    const range =
      version === undefined ? undefined : parseVersionRange(version, local.channel.major)
    const part = { key: checkKey(local, options.key), range }
    const waiting = waitingOf(local, options, limits)
    // Who holds up what it hears must not hold up the others.
    const ears = this.#mesh.ears(waiting.overflow === 'block')
    const parts: SubscriberParts = {
      ...{ local, counters, waiting, onMissed: options.onMissed },
      stop: () => {
        ears.remove(local, part, subscriber)
        this.#mesh.release(ears)
        this.#stopped(subscriber)
      },
      pause: (paused) => ears.pause(paused),
    }
    const subscriber = handler
      ? new HandlerSubscriber(handler, parts)
      : new IterableSubscriber(parts)
    if (subscriber instanceof HandlerSubscriber) this.#handling.add(subscriber)
    await ears.add(local, part, subscriber)
    return subscriber
  }

  /** Nothing more is heard by handlers. Resolves when they are through with what they have. */
  async finish(): Promise<void> {
    await Promise.all(
      [...this.#handling].map((subscriber) => {
        subscriber.leave()
        return subscriber.idle()
      }),
    )
  }

  /** What still waits gives way. */
  close(): void {
    for (const subscriber of this.#handling) subscriber.drop()
  }

  #stopped(subscriber: HandlerSubscriber | IterableSubscriber): void {
    if (!(subscriber instanceof HandlerSubscriber)) return
    void subscriber.idle().then(() => this.#handling.delete(subscriber))
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

  send(body: unknown, headers?: Headers): boolean {
    this.#mesh.parts.counters.eventsPublished++
    this.#channel.local.counts.sent++
    if (headers === undefined) return this.#channel.write(body, undefined)
    const bytes = encodeHeaders(headers, this.#mesh.parts.limits)
    return this.#channel.write(body, { headers: bytes, correlation: 0, until: 0 })
  }

  ready(): Promise<void> {
    return this.#channel.ready()
  }
}

/** @throws EARSHOT_OPTION_INVALID for a bound that is no whole number, or an unknown overflow */
function waitingOf(local: LocalChannel, options: SubscribeOptions, limits: Limits): Waiting {
  const {
    capacity = limits.maxIteratorItems,
    concurrency = limits.maxConcurrentHandlers,
    overflow = local.channel.overflow ?? 'drop-oldest',
  } = options
  for (const [name, value] of Object.entries({ capacity, concurrency })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    const text = `${name} is a whole number from 1, not ${String(value)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `/${name}` })
  }
  if (!overflows.includes(overflow)) {
    const text = `overflow is one of ${overflows.join(', ')}, not ${String(overflow)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/overflow' })
  }
  return { capacity, concurrency, overflow }
}

/** @throws EARSHOT_OPTION_INVALID for a key that nothing can have */
function checkKey({ channel }: LocalChannel, key: unknown): string | undefined {
  if (key === undefined) return undefined
  const invalid = (text: string) =>
    new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/key' })
  if (channel.keyField === undefined) {
    throw invalid(`${channel.key} has no key: define it with event(…, { key: 'field' })`)
  }
  if (typeof key !== 'string') throw invalid(`a key is a text, not ${typeof key}`)
  if (!isSound(key)) throw invalid('a key is text that UTF-8 can carry: no half of a pair')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalid(`a key to subscribe to has at most ${MAX_KEY_BYTES} bytes`)
  }
  return key
}

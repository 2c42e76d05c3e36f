// Owns one channel that this peer publishes on: who hears all of it, who hears one key.
// Hot path: to nobody costs a count, keys cost nothing while nobody filters by one. Never waits for
// a subscriber: who is too slow sees a gap.

import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { codecNames } from '../codec/codec.ts'
import { type Numbers, prefixOf, unnumbered } from '../wire/topic.ts'
import { type Extras, Lane, type PublishFrame } from './lane.ts'
import type { LocalChannel } from './local-channel.ts'

/** Handed over within one turn before `send` says stop: the sockets get a chance to empty. */
const TURN_BYTES = 4_194_304
/** A quarter of what a socket keeps for a slow subscriber, for who sends each event by itself. */
const TURN_FRAMES = 256
/** A key that nobody hears is counted for so long, for those whose connection broke meanwhile. */
const SILENT_BEATS = 60

export class OutletChannel {
  readonly local: LocalChannel
  /** Subscriptions in force, filtered ones included. */
  listeners = 0
  closed = false
  readonly #publish: PublishFrame
  readonly #limits: Limits
  readonly #onTurnEnd: () => void
  readonly #topics: readonly string[]
  readonly #all: Lane
  /** Lanes of the keys that are asked for; none at all while nobody asks for any. */
  #byKey: Map<string, Lane> | undefined
  readonly #clock: Clock
  #scheduled = false
  #turnBytes = 0
  #turnFrames = 0
  #nextTurn: Promise<void> | undefined

  constructor(local: LocalChannel, publish: PublishFrame, limits: Limits, clock: Clock) {
    this.local = local
    this.#clock = clock
    this.#limits = limits
    this.#publish = (frame) => {
      this.#turnBytes += frame.length
      this.#turnFrames++
      // A chance for the event loop resets the count even if nobody waits for `ready`.
      if (this.#turnIsFull) void this.ready()
      publish(frame)
    }
    this.#all = new Lane(0, this.#publish, limits)
    this.#topics = codecNames.map((_, codec) => local.topic(codec).toString('latin1'))
    this.#onTurnEnd = () => {
      this.#scheduled = false
      this.#all.endTurn()
      if (this.#byKey !== undefined) for (const lane of this.#byKey.values()) lane.endTurn()
    }
  }

  /** What its frames begin with, as latin1 text, by the codec's wire number. */
  get topics(): readonly string[] {
    return this.#topics
  }

  /** So many subscriptions to a topic of ours are in force, for all keys or for one. */
  listen(topic: string, key: string | undefined, listeners: number): void {
    const index = this.#topics.indexOf(topic)
    const codec = this.local.body(index)
    if (codec === undefined) return
    if (key !== undefined && this.local.channel.keyField === undefined) {
      const text = `somebody asks for one key of ${this.local.channel.key}, which has none here`
      reportFault({ area: 'outlet', text })
      return
    }
    const lane = key === undefined ? this.#all : this.#laneOf(key)
    this.listeners -= lane.listeners
    lane.listen(index, prefixOf(Buffer.from(topic, 'latin1'), key), codec, listeners)
    this.listeners += lane.listeners
  }

  /** Subscriptions that this message reaches. */
  listenersOf(body: unknown): number {
    if (this.#byKey === undefined) return this.#all.listeners
    return this.#all.listeners + (this.#laneFor(body)?.listeners ?? 0)
  }

  /** Of all messages, or of those of one key. */
  numbersOf(key: string | undefined): Numbers {
    const lane = key === undefined ? this.#all : this.#byKey?.get(key)
    return lane ? { next: lane.sequence, since: lane.since } : unnumbered
  }

  /**
   * Numbers and writes one message. False: enough for this turn, wait for `ready()`.
   * @throws EARSHOT_BODY_INVALID and nothing is sent or numbered; EARSHOT_CLOSED
   */
  write(body: unknown, extras: Extras | undefined): boolean {
    if (this.closed)
      throw new EarshotError('EARSHOT_CLOSED', 'the peer of this publisher is closed')
    this.#all.append(body, extras)
    if (this.#byKey !== undefined) this.#writeKeyed(body, extras)
    this.#all.flushFull()
    if (this.listeners > 0 && !this.#scheduled) this.#schedule()
    return !this.#turnIsFull
  }

  /** Resolves in the next turn of the event loop, when sockets have had their chance. */
  ready(): Promise<void> {
    if (!this.#turnIsFull) return Promise.resolve()
    this.#nextTurn ??= new Promise((resolve) => {
      this.#clock.afterTurn(() => {
        this.#turnBytes = 0
        this.#turnFrames = 0
        this.#nextTurn = undefined
        resolve()
      })
    })
    return this.#nextTurn
  }

  flush(): void {
    this.#all.flush()
    if (this.#byKey !== undefined) for (const lane of this.#byKey.values()) lane.flush()
  }

  /** Once a heartbeat. */
  beat(): void {
    this.#all.beat()
    if (this.#byKey === undefined) return
    for (const [key, lane] of this.#byKey) {
      lane.beat()
      if (lane.silentBeats > SILENT_BEATS) this.#byKey.delete(key)
    }
    if (this.#byKey.size === 0) this.#byKey = undefined
  }

  get #turnIsFull(): boolean {
    return this.#turnBytes >= TURN_BYTES || this.#turnFrames >= TURN_FRAMES
  }

  #schedule(): void {
    this.#scheduled = true
    const { delayMs } = this.local.channel
    if (delayMs > 0) this.#clock.after(delayMs, this.#onTurnEnd)
    else this.#clock.afterTurn(this.#onTurnEnd)
  }

  #writeKeyed(body: unknown, extras: Extras | undefined): void {
    const lane = this.#laneFor(body)
    if (lane === undefined) return
    try {
      lane.appendFrom(this.#all, body, extras)
    } catch (error) {
      // A codec that only those who filter hear cannot carry it: then nobody hears it.
      this.#all.undo()
      throw error
    }
    lane.flushFull()
  }

  #laneFor(body: unknown): Lane | undefined {
    const value = (body as Readonly<Record<string, unknown>>)[this.local.channel.keyField as string]
    return this.#byKey?.get(typeof value === 'string' ? value : String(value))
  }

  #laneOf(key: string): Lane {
    this.#byKey ??= new Map()
    const known = this.#byKey.get(key)
    if (known) return known
    // Numbers that are higher than any of this key before: nobody takes them for old ones.
    const lane = new Lane(this.#all.sequence, this.#publish, this.#limits)
    this.#byKey.set(key, lane)
    return lane
  }
}

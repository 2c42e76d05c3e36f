// Owns what others hear of this peer: their subscriptions, and which channel each is for.
// Never writes a message: channels do.

import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import type { Limits } from '../base/limits.ts'
import {
  answerToMarker,
  heardAs,
  isMarker,
  parseMarker,
  parsePrefix,
  unnumbered,
} from '../wire/topic.ts'
import type { Counters } from './counters.ts'
import type { PublishFrame } from './lane.ts'
import type { LocalChannel } from './local-channel.ts'
import { OutletChannel } from './outlet-channel.ts'

/** Topics and keys that are remembered, also for channels that are not published (yet). */
const MAX_TOPICS = 65_536

export class Outlet {
  readonly #id: string
  readonly #publish: PublishFrame
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #counters: Counters
  /** A remote peer's subscription to a channel is in force. */
  readonly #onHeard: (id: string, channel: string) => void
  /** Subscriptions by topic and by key. */
  readonly #heard = new Map<string, Map<string | undefined, number>>()
  #heardCount = 0
  readonly #channels = new Map<string, OutletChannel>()
  readonly #byTopic = new Map<string, OutletChannel>()

  /** @param id of the peer whose it is */
  constructor(
    id: string,
    publish: PublishFrame,
    limits: Limits,
    clock: Clock,
    counters: Counters,
    onHeard: (id: string, channel: string) => void,
  ) {
    this.#id = id
    this.#publish = publish
    this.#onHeard = onHeard
    this.#limits = limits
    this.#clock = clock
    this.#counters = counters
  }

  channel(local: LocalChannel): OutletChannel {
    const known = this.#channels.get(local.channel.key)
    if (known) return known
    const created = new OutletChannel(local, this.#publish, this.#limits, this.#clock)
    this.#channels.set(local.channel.key, created)
    for (const topic of created.topics) {
      this.#byTopic.set(topic, created)
      for (const [key, count] of this.#heard.get(topic) ?? []) created.listen(topic, key, count)
    }
    return created
  }

  /** Somebody's subscription begins or ends. */
  subscribed(bytes: Buffer, on: boolean): void {
    if (isMarker(bytes)) {
      if (on) this.#answer(bytes)
      return
    }
    const prefix = parsePrefix(bytes)
    // A prefix of several topics, or of none: strangers may ask for anything.
    if (prefix === undefined) return
    const { topic, key } = prefix
    const count = this.#count(topic, key, on)
    if (count !== undefined) this.#byTopic.get(topic)?.listen(topic, key, count)
  }

  flush(): void {
    for (const channel of this.#channels.values()) channel.flush()
  }

  /** Nothing is published any more: whoever still tries is told. */
  close(): void {
    for (const channel of this.#channels.values()) channel.closed = true
  }

  /** Once a heartbeat. */
  beat(): void {
    for (const channel of this.#channels.values()) channel.beat()
  }

  /** How many subscriptions that makes; undefined when it is one too many. */
  #count(topic: string, key: string | undefined, on: boolean): number | undefined {
    const keys = this.#heard.get(topic) ?? new Map<string | undefined, number>()
    const count = (keys.get(key) ?? 0) + (on ? 1 : -1)
    if (count <= 0) {
      if (keys.delete(key)) this.#heardCount--
      if (keys.size === 0) this.#heard.delete(topic)
      return 0
    }
    if (count === 1 && this.#heardCount >= MAX_TOPICS) {
      this.#counters.topicsIgnored++
      reportFault({ area: 'outlet', text: `more than ${MAX_TOPICS} topics are subscribed to` })
      return undefined
    }
    if (count === 1) this.#heardCount++
    keys.set(key, count)
    this.#heard.set(topic, keys)
    return count
  }

  /** The marker came behind its subscription: that is in force now, from the next message on. */
  #answer(marker: Buffer): void {
    const asked = parseMarker(marker)
    if (!asked) return
    const { topic, key, name } = asked.prefix
    const channel = this.#byTopic.get(topic)
    channel?.flush()
    const numbers = channel?.numbersOf(key) ?? unnumbered
    this.#publish(answerToMarker(marker, { ...numbers, by: this.#id }))
    this.#onHeard(asked.id, heardAs(name, key))
  }
}

// Owns our ear at one remote outlet: which topics it has, whether they are in force, what comes
// next.
// Never decodes: it hands frames on.

import type { Clock, Timer } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import { type Hearing, nearestFirst, type Transport } from '../transport/transport.ts'
import { markerOf, sequenceInAnswer } from '../wire/topic.ts'
import type { Counters } from './counters.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Meetings } from './meetings.ts'
import type { Remote } from './remote.ts'

/** One subscriber of a channel. */
export interface Listener {
  /** Takes one event. Must not throw. */
  deliver(body: unknown, heard: Heard, headers: Readonly<Record<string, string>> | undefined): void
  /** So many messages of this publisher were lost on the way. */
  gap(count: number, from: Remote): void
  /** Nothing follows: the peer is closed. */
  end(): void
}

export interface HeardChannel {
  readonly local: LocalChannel
  /** Of publishers in these versions; none: any of the major version. */
  readonly range: VersionRange | undefined
  readonly listeners: Set<Listener>
}

export interface HearingParts {
  readonly transport: Transport
  readonly clock: Clock
  readonly limits: Limits
  readonly counters: Counters
  /** Ours. */
  readonly id: string
  /** Of this machine, to tell whether a publisher is on it. */
  readonly host: string
  readonly remotes: () => Iterable<Remote>
  readonly meetings: Meetings
}

/** One channel of one publisher in one codec. */
export interface Heard {
  readonly from: Remote
  readonly channel: HeardChannel
  readonly topic: Buffer
  /** Of the version in which the publisher writes. */
  codec: BodyReader
  /** The number that comes next; −1 until the first is known. */
  expected: number
  /** Set once, when the publisher has confirmed. */
  readonly confirmed: Promise<void>
}

interface Marker {
  readonly bytes: Buffer
  readonly heard: Heard
  readonly timer: Timer
  readonly resolve: () => void
}

/** A lost ear is put back on after so long, then twice as long, while the publisher is up. */
const LISTEN_AGAIN_MS = 50
const LISTEN_AGAIN_AT_MOST_MS = 5_000

export class Ear {
  readonly remote: Remote
  /** By topic, as latin1 text. */
  readonly heard: Map<string, Heard> = new Map()
  readonly #parts: HearingParts
  readonly #onFrame: (frame: Buffer, ear: Ear) => void
  readonly #endpoints: readonly string[]
  #markers: Marker[] = []
  /** None for a remote peer that publishes nowhere. */
  #hearing: Hearing | undefined
  #endpoint = 0
  #failures = 0
  #closed = false

  constructor(remote: Remote, parts: HearingParts, onFrame: (frame: Buffer, ear: Ear) => void) {
    this.remote = remote
    this.#parts = parts
    this.#onFrame = onFrame
    this.#endpoints = nearestFirst(remote.hello.outlet, remote.hello.host === parts.host)
    this.#hearing = this.#listen()
  }

  /** Resolves when the publisher has confirmed, or has been reported as not doing so. */
  ask(channel: HeardChannel, topic: Buffer, codec: BodyReader): Promise<void> {
    const key = topic.toString('latin1')
    const known = this.heard.get(key)
    if (known) {
      known.codec = codec
      return known.confirmed
    }
    this.forget(channel)
    let resolve: () => void = () => undefined
    const confirmed = new Promise<void>((settle) => {
      resolve = settle
    })
    const heard: Heard = { from: this.remote, channel, topic, codec, expected: -1, confirmed }
    this.heard.set(key, heard)
    // Who publishes nowhere has nothing to confirm.
    if (this.#hearing) this.#subscribe(heard, resolve)
    else resolve()
    return confirmed
  }

  forget(channel: HeardChannel): void {
    for (const [key, heard] of this.heard) {
      if (heard.channel !== channel) continue
      this.heard.delete(key)
      this.#hearing?.unsubscribe(heard.topic)
    }
  }

  /** The answer to one of our markers. */
  answered(frame: Buffer): void {
    for (const marker of this.#markers) {
      const sequence = sequenceInAnswer(frame, marker.bytes)
      if (sequence < 0) continue
      // What came before the answer counts as heard: only what never came is a gap.
      if (marker.heard.expected < 0) marker.heard.expected = sequence
      this.#failures = 0
      this.#settle(marker)
      return
    }
  }

  close(): void {
    this.#closed = true
    for (const marker of [...this.#markers]) this.#settle(marker)
    this.#hearing?.close()
  }

  #subscribe(heard: Heard, resolve: () => void): void {
    this.#hearing?.subscribe(heard.topic)
    const bytes = markerOf(this.#parts.id, heard.topic)
    const timeoutMs = this.#parts.limits.subscribeTimeoutMs
    const timer = this.#parts.clock.after(timeoutMs, () => {
      const { key } = heard.channel.local.channel
      const text = `${this.remote.name} has not confirmed ${key} within ${timeoutMs} ms`
      reportFault({ area: 'outlet', text })
      this.#settle(marker)
    })
    const marker: Marker = { bytes, heard, timer, resolve }
    this.#markers.push(marker)
    this.#hearing?.subscribe(bytes)
  }

  #settle(marker: Marker): void {
    marker.timer.cancel()
    this.#markers = this.#markers.filter((other) => other !== marker)
    this.#hearing?.unsubscribe(marker.bytes)
    marker.resolve()
  }

  #listen(): Hearing | undefined {
    const endpoint = this.#endpoints[this.#endpoint % this.#endpoints.length]
    if (endpoint === undefined) return undefined
    const hearing = this.#parts.transport.hear(endpoint)
    hearing.onFrame = (frame) => this.#onFrame(frame, this)
    hearing.onClose = () => this.#lost(hearing)
    return hearing
  }

  /** Refused or broken while the peer lives: listen again; the numbers tell what was missed. */
  #lost(hearing: Hearing): void {
    if (this.#closed || hearing !== this.#hearing) return
    // An address that leads nowhere is left for the next one.
    this.#endpoint++
    const round = Math.floor(this.#failures++ / this.#endpoints.length)
    const delayMs = Math.min(LISTEN_AGAIN_MS * 2 ** round, LISTEN_AGAIN_AT_MOST_MS)
    this.#parts.clock.after(delayMs, () => this.#listenAgain(), true)
  }

  #listenAgain(): void {
    if (this.#closed || this.remote.down) return
    this.#hearing = this.#listen()
    const waiting = new Set(this.#markers.map(({ heard }) => heard))
    for (const { heard, bytes } of this.#markers) {
      this.#hearing?.subscribe(heard.topic)
      this.#hearing?.subscribe(bytes)
    }
    for (const heard of this.heard.values()) {
      if (!waiting.has(heard)) this.#subscribe(heard, () => undefined)
    }
  }
}

// Owns our ear at one remote outlet: which topics it has, whether they are in force, what comes
// next.
// Never decodes: it hands frames on.

import type { Clock, Timer } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { reportFault } from '../base/diagnostics.ts'
import type { Limits } from '../base/limits.ts'
import type { BodyReader } from '../codec/resolve.ts'
import { type Hearing, localityOf, type Transport } from '../transport/transport.ts'
import { Kind, missedOf } from '../wire/record.ts'
import { answerIn, heardAs, markerOf, prefixOf } from '../wire/topic.ts'
import type { Counters } from './counters.ts'
import { Detour } from './detour.ts'
import type { Absence, Heard, HeardChannel } from './heard.ts'
import type { LinkHearing } from './link-hearing.ts'
import type { Meetings } from './meetings.ts'
import type { Remote } from './remote.ts'

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
  /** Where a channel was left when its publisher was lost, once. */
  readonly leftAt: (from: Remote, channel: HeardChannel, prefix: string) => Absence | undefined
  /** By its link, for what it does not tell all. */
  readonly hearByLink: (remote: Remote) => LinkHearing
}

interface Marker {
  readonly bytes: Buffer
  readonly heard: Heard
  timer: Timer | undefined
  /** It was asked for by the link as well: once is enough. */
  wentRound: boolean
  readonly resolve: () => void
}

/** A lost ear is put back on after so long, then twice as long, while the publisher is up. */
const LISTEN_AGAIN_MS = 50
const LISTEN_AGAIN_AT_MOST_MS = 5_000
/** An outlet answers within a few ms. Who has not by now is asked by its link, too. */
const DETOUR_AFTER_MS = 500
/** Heartbeats without a frame: then the publisher is asked for a word, and then given up. */
const ASKED_AFTER_BEATS = 5
const GIVEN_UP_AFTER_BEATS = 8

export class Ear {
  readonly remote: Remote
  /** By prefix, as latin1 text. */
  readonly heard: Map<string, Heard> = new Map()
  readonly #parts: HearingParts
  readonly #onFrame: (frame: Buffer, ear: Ear) => void
  /** As they are known each time that it listens: discovery may tell more. */
  #endpoints: readonly string[] = []
  #markers: Marker[] = []
  /** None for a remote peer that publishes nowhere. */
  #hearing: Hearing | undefined
  #endpoint = 0
  #failures = 0
  #quietBeats = 0
  #paused = false
  #closed = false
  /** That the outlet does not answer was told, and it has not answered since. */
  #told = false
  #detour: Detour | undefined

  /** Hears by the link what the other side does not tell all. */
  readonly byLink: boolean

  constructor(
    remote: Remote,
    parts: HearingParts,
    byLink: boolean,
    onFrame: (frame: Buffer, ear: Ear) => void,
  ) {
    this.byLink = byLink
    this.remote = remote
    this.#parts = parts
    this.#onFrame = onFrame
    this.#hearing = this.#listen()
  }

  /** Resolves when the publisher has confirmed, or has been reported as not doing so. */
  ask(channel: HeardChannel, topic: Buffer, codec: BodyReader): Promise<void> {
    const prefix = prefixOf(topic, channel.key)
    const key = prefix.toString('latin1')
    // Its publisher may have been told of without an address that leads there, and now with one.
    if (!this.#hearing) this.#listenAgain()
    const known = this.heard.get(key)
    if (known) {
      known.codec = codec
      if (this.#detour?.has(known)) this.#detour.resume()
      return known.confirmed
    }
    this.forget(channel)
    const { promise: confirmed, resolve } = deferred()
    const from = this.remote
    const before = this.#parts.leftAt(from, channel, key)
    const { expected = -1, untold = 0, listeners: heardBefore } = before ?? {}
    const numbers = { expected, untold, heardBefore }
    const heard: Heard = { from, channel, prefix, codec, ...numbers, confirmed }
    this.heard.set(key, heard)
    // Who publishes nowhere has nothing to confirm.
    if (!this.#hearing && this.remote.hello.outlet.length === 0) resolve()
    else this.#subscribe(heard, resolve)
    return confirmed
  }

  forget(channel: HeardChannel): void {
    for (const [key, heard] of this.heard) {
      if (heard.channel !== channel) continue
      this.heard.delete(key)
      for (const marker of this.#markers) if (marker.heard === heard) this.#settle(marker)
      this.#detour?.end(heard)
      this.#hearing?.unsubscribe(heard.prefix)
    }
  }

  /** The answer to one of our markers. */
  answered(frame: Buffer): void {
    for (const marker of this.#markers) {
      const numbers = answerIn(frame, marker.bytes)
      if (!numbers) continue
      if (numbers.by !== this.remote.id) {
        this.#mistaken(numbers.by)
        return
      }
      const { heard } = marker
      const byLink = this.#detour?.taking === true
      // Refused there: no answer at all.
      if (byLink && !this.#detour?.brought(heard)) return
      // What came before the answer counts as heard: only what never came is a gap.
      if (heard.expected < 0) heard.expected = numbers.next
      // Nobody counted while we were away for long: numbers from before say nothing.
      else if (heard.expected < numbers.since) heard.expected = numbers.since
      if (byLink) marker.resolve()
      else {
        this.#failures = 0
        this.#told = false
        this.#settle(marker)
      }
      return
    }
  }

  /** Somebody else publishes there: a network of ours has the address, or it was given on. */
  #mistaken(by: string): void {
    const { endpoint } = this.#hearing ?? { endpoint: 'an outlet' }
    const text = `behind ${endpoint}, the outlet of ${this.remote.name}, is another peer (${by})`
    reportFault({ area: 'outlet', text })
    this.#hearing?.giveUp()
  }

  /**
   * While the link brings a channel, what comes from the outlet beyond that is on its way there,
   * too, and is passed over. Once the outlet goes on where the link is, the link is not needed.
   */
  passesOver(heard: Heard, first: number): boolean {
    const detour = this.#detour
    if (detour === undefined) return false
    if (detour.taking) return !detour.brought(heard)
    if (detour.brings(heard) && first > heard.expected) return true
    detour.end(heard)
    return false
  }

  pause(paused: boolean): void {
    this.#paused = paused
    this.#detour?.pause(paused)
    this.#quietBeats = 0
    this.#hearing?.pause(paused)
    if (paused) return
    // Meanwhile nobody read an answer.
    for (const heard of this.#unmarked()) {
      if (heard.expected < 0) this.#mark(heard, () => undefined)
    }
  }

  /**
   * Once a heartbeat. Between hosts a connection may be dead while the link lives, and only its
   * other end may have seen it: then nothing comes, and no number tells what is missing.
   */
  beat(): void {
    this.#tellMissed()
    if (this.heard.size === 0 || this.#paused || !this.#isBetweenHosts) return
    this.#quietBeats++
    if (this.#quietBeats === ASKED_AFTER_BEATS && this.#markers.length === 0) {
      for (const heard of this.heard.values()) this.#mark(heard, () => undefined)
    }
    if (this.#quietBeats === GIVEN_UP_AFTER_BEATS) this.#hearing?.giveUp()
  }

  /** The publisher is told what was lost of its events. */
  #tellMissed(): void {
    const link = this.remote.link
    if (!link) return
    for (const heard of this.heard.values()) {
      if (heard.untold === 0) continue
      link.outbound.control(Kind.missed, missedOf(heard.untold, heard.channel.local.channel.key))
      heard.untold = 0
    }
  }

  close(): void {
    this.#closed = true
    this.#detour?.close()
    for (const marker of [...this.#markers]) this.#settle(marker)
    this.#hearing?.close()
  }

  /** Within one the kernel tells both ends. */
  get #isBetweenHosts(): boolean {
    const endpoint = this.#hearing?.endpoint
    return !this.byLink && endpoint !== undefined && localityOf(endpoint) === 'lan'
  }

  /** What no answer is waited for. */
  #unmarked(): Heard[] {
    const waiting = new Set(this.#markers.map(({ heard }) => heard))
    return [...this.heard.values()].filter((heard) => !waiting.has(heard))
  }

  #subscribe(heard: Heard, resolve: () => void): void {
    this.#hearing?.subscribe(heard.prefix)
    this.#mark(heard, resolve)
  }

  /** Asks for a word: an answer says that what was asked for before it is in force. */
  #mark(heard: Heard, resolve: () => void): void {
    const bytes = markerOf(this.#parts.id, heard.prefix)
    const marker: Marker = { bytes, heard, timer: undefined, wentRound: false, resolve }
    this.#markers.push(marker)
    this.#hearing?.subscribe(bytes)
    this.#await(marker, this.#parts.limits.subscribeTimeoutMs)
  }

  /** For so long; while nothing is read, no answer can be seen. */
  #await(marker: Marker, leftMs: number): void {
    if (!this.#hearing) marker.wentRound ||= this.#goRound(marker)
    const stepMs = Math.min(DETOUR_AFTER_MS, leftMs)
    marker.timer = this.#parts.clock.after(stepMs, () => {
      if (leftMs <= stepMs) {
        this.#unanswered(marker)
        return
      }
      marker.wentRound ||= this.#goRound(marker)
      this.#await(marker, leftMs - stepMs)
    })
  }

  #unanswered(marker: Marker): void {
    const { channel, expected } = marker.heard
    const what = heardAs(channel.local.channel.key, channel.key)
    const { endpoint } = this.#hearing ?? { endpoint: 'no address' }
    const text = `${this.remote.name} has not confirmed ${what} within`
    const where = `${this.#parts.limits.subscribeTimeoutMs} ms at ${endpoint}`
    const isHeard = this.#detour?.has(marker.heard) && expected >= 0
    const next = isHeard
      ? 'it is heard by the link, which holds less'
      : 'it is not heard until then'
    // Of all its channels, and each time that it is tried again, the same would be told.
    if (!this.#paused && (!isHeard || !this.#told)) {
      reportFault({ area: 'outlet', text: `${text} ${where}; ${next}: is that port open?` })
    }
    this.#told = true
    this.#settle(marker)
  }

  /** The outlet has not answered in time, or cannot be reached: asks by the link, too. */
  #goRound({ heard, bytes }: Marker): boolean {
    if (this.byLink || this.#closed || this.#paused) return false
    if (!this.#detour?.used) this.#parts.counters.outletsBypassed++
    const onFrame = (frame: Buffer) => this.#onFrame(frame, this)
    const open = () => this.#parts.hearByLink(this.remote)
    this.#detour ??= new Detour(open, onFrame)
    this.#detour.begin(heard, bytes)
    return true
  }

  #settle(marker: Marker): void {
    marker.timer?.cancel()
    this.#markers = this.#markers.filter((other) => other !== marker)
    this.#hearing?.unsubscribe(marker.bytes)
    marker.resolve()
  }

  #listen(): Hearing | undefined {
    const { host } = this.#parts
    this.#endpoints = this.byLink ? ['link'] : this.remote.seenFrom(host).outlet
    const endpoint = this.#endpoints[this.#endpoint % this.#endpoints.length]
    if (endpoint === undefined) return undefined
    const hearing = this.byLink ? this.#hearByLink() : this.#parts.transport.hear(endpoint)
    hearing.pause(this.#paused)
    hearing.onFrame = (frame) => {
      this.#quietBeats = 0
      this.#onFrame(frame, this)
    }
    hearing.onClose = () => this.#lost(hearing)
    return hearing
  }

  /** What is denied is asked for again when the publisher says something new of itself. */
  #hearByLink(): Hearing {
    const hearing = this.#parts.hearByLink(this.remote)
    hearing.onDenied = (prefix) => void this.heard.delete(prefix.toString('latin1'))
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
    this.#quietBeats = 0
    this.#hearing = this.#listen()
    if (!this.#hearing) return
    // Before the markers are asked for anew: an answer may be there at once.
    const unmarked = this.#unmarked()
    for (const { heard, bytes } of this.#markers) {
      this.#hearing.subscribe(heard.prefix)
      this.#hearing.subscribe(bytes)
    }
    for (const heard of unmarked) this.#subscribe(heard, () => undefined)
  }
}

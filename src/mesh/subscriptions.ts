// Owns what this peer hears: one ear at each remote outlet, the topics it asks for, gaps in what
// comes.
// Hot path: a frame is walked without views. Never delivers twice: numbers seen are passed over.

import { reportFault } from '../base/diagnostics.ts'
import { toEarshotError } from '../base/errors.ts'
import { Kind, Outcome, RecordWalker, Until } from '../wire/record.ts'
import { heardAs, isMarker, prefixLength } from '../wire/topic.ts'
import { AskedEvent } from './asked-event.ts'
import { Ear, type Heard, type HeardChannel, type HearingParts, type Listener } from './ear.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Remote } from './remote.ts'

export class Subscriptions {
  readonly #parts: HearingParts
  readonly #channels = new Map<string, HeardChannel>()
  readonly #ears = new Map<Remote, Ear>()
  readonly #walker = new RecordWalker()
  #paused = false

  constructor(parts: HearingParts) {
    this.#parts = parts
  }

  /** Resolves when every remote peer that is up has the subscription, or is reported as silent. */
  async add(local: LocalChannel, key: string | undefined, listener: Listener): Promise<void> {
    const name = heardAs(local.channel.key, key)
    let channel = this.#channels.get(name)
    if (!channel) {
      channel = { local, key, listeners: new Set() }
      this.#channels.set(name, channel)
    }
    channel.listeners.add(listener)
    const asked = channel
    await Promise.all([...this.#parts.remotes()].map((remote) => this.#ask(remote, asked)))
  }

  /** Nobody hears anything by these ears. */
  get empty(): boolean {
    return this.#channels.size === 0
  }

  /** Reads nothing more from any publisher, or goes on. What is on its way waits in the sockets. */
  pause(paused: boolean): void {
    this.#paused = paused
    for (const ear of this.#ears.values()) ear.pause(paused)
  }

  /** What somebody here hears, as `heardAs` says it. */
  heard(): string[] {
    return [...this.#channels.keys()]
  }

  remove(local: LocalChannel, key: string | undefined, listener: Listener): void {
    const name = heardAs(local.channel.key, key)
    const channel = this.#channels.get(name)
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return
    this.#channels.delete(name)
    for (const ear of this.#ears.values()) ear.forget(channel)
  }

  /** A remote peer is up, or offers something else: what we hear of it is asked for anew. */
  update(remote: Remote): void {
    for (const channel of this.#channels.values()) void this.#ask(remote, channel)
  }

  drop(remote: Remote): void {
    const ear = this.#ears.get(remote)
    this.#ears.delete(remote)
    ear?.close()
  }

  /** Once a heartbeat: publishers are told what was lost of theirs. */
  beat(): void {
    for (const ear of this.#ears.values()) ear.tellMissed()
  }

  close(): void {
    for (const remote of [...this.#ears.keys()]) this.drop(remote)
    for (const { listeners } of this.#channels.values()) {
      for (const listener of listeners) listener.end()
    }
    this.#channels.clear()
  }

  async #ask(remote: Remote, channel: HeardChannel): Promise<void> {
    const codec = this.#agree(remote, channel.local)
    if (codec === undefined || remote.down) return
    let ear = this.#ears.get(remote)
    if (!ear) {
      ear = new Ear(remote, this.#parts, (frame, from) => this.#heard(frame, from))
      ear.pause(this.#paused)
      this.#ears.set(remote, ear)
    }
    await ear.ask(channel, codec)
  }

  /** The codec to hear a channel in; undefined when this publisher cannot be understood. */
  #agree(remote: Remote, local: LocalChannel): number | undefined {
    const { contract, major, name } = local.channel
    const offer = remote.offerOf(contract, major, name)
    // A publisher may not have offered the channel yet: what it publishes first must arrive, too.
    if (!offer) return local.agreeBlindly(remote.hello.codecs)
    try {
      return local.agree(offer, remote.name)
    } catch (error) {
      const { message, code } = toEarshotError(error)
      reportFault({ area: 'contract', text: message, code })
      return undefined
    }
  }

  #heard(frame: Buffer, ear: Ear): void {
    if (isMarker(frame)) {
      ear.answered(frame)
      return
    }
    const { counters } = this.#parts
    const length = prefixLength(frame)
    const heard = length < 0 ? undefined : ear.heard.get(frame.toString('latin1', 0, length))
    if (!heard) {
      // After an unsubscribe a few are still on their way: no fault of anybody.
      if (length < 0) this.#bad(ear.remote, 'a frame without a topic')
      return
    }
    const walker = this.#walker
    walker.open(frame, length)
    const first = walker.leadingNumber()
    if (first < 0) this.#bad(ear.remote, 'a frame without a number')
    else this.#deliver(heard, walker, first, ear.remote)
    if (walker.malformed) this.#bad(ear.remote, 'a record that breaks off')
    counters.framesIn++
  }

  #deliver(heard: Heard, walker: RecordWalker, first: number, from: Remote): void {
    const { counters } = this.#parts
    if (first > heard.expected && heard.expected >= 0) {
      const missed = first - heard.expected
      counters.eventsMissed += missed
      heard.channel.local.counts.missed += missed
      heard.untold += missed
      heard.expected = first
      for (const listener of heard.channel.listeners) listener.gap(missed, from)
    }
    let sequence = first
    while (walker.next()) {
      const number = sequence++
      if (number < heard.expected) continue
      heard.expected = sequence
      if (walker.kind === Kind.event) this.#take(heard, walker, undefined)
      else if (walker.kind === Kind.askingEvent) this.#takeAsking(heard, walker)
      else counters.unknownRecords++
    }
  }

  #takeAsking(heard: Heard, walker: RecordWalker): void {
    const correlation = walker.number()
    const until = walker.number()
    const { listeners } = heard.channel
    if (correlation < 0 || until < 0) this.#bad(heard.from, 'an event that breaks off')
    else if (until === Until.handled) {
      this.#take(heard, walker, new AskedEvent(heard.from, correlation, listeners.size))
    } else {
      const fits = this.#take(heard, walker, undefined)
      new AskedEvent(heard.from, correlation, 1).done(fits ? Outcome.done : Outcome.dropped)
    }
  }

  /** False when the body does not fit. */
  #take(heard: Heard, walker: RecordWalker, asked: AskedEvent | undefined): boolean {
    const { counters, limits } = this.#parts
    const { local, listeners } = heard.channel
    let headers: Readonly<Record<string, string>> | undefined
    let body: unknown
    try {
      if (walker.hasHeaders) headers = walker.headers(limits.maxHeaderBytes)
      body = heard.codec.decode(walker.buffer, walker.start, walker.end)
    } catch (error) {
      local.counts.dropped++
      this.#bad(heard.from, `a body that does not fit: ${toEarshotError(error).message}`)
      return false
    }
    counters.eventsReceived++
    local.counts.received++
    for (const listener of listeners) listener.deliver(body, heard, headers, asked)
    return true
  }

  #bad(from: Remote, text: string): void {
    this.#parts.counters.badFrames++
    reportFault({ area: 'outlet', text: `${from.name} (${from.id}) published ${text}` })
  }
}

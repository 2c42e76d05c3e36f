// Owns what this peer hears: one ear at each remote outlet, the topics it asks for, gaps in what
// comes.
// Hot path: a frame is walked without views. Never delivers twice: numbers seen are passed over.

import { reportFault } from '../base/diagnostics.ts'
import { isEarshotError, toEarshotError } from '../base/errors.ts'
import type { BodyReader } from '../codec/resolve.ts'
import { Kind, Outcome, RecordWalker, Until } from '../wire/record.ts'
import { heardAs, isMarker, prefixLength } from '../wire/topic.ts'
import { Absences } from './absences.ts'
import { AskedEvent } from './asked-event.ts'
import { Ear, type HearingParts } from './ear.ts'
import type { Heard, HeardChannel, Listener } from './heard.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Remote } from './remote.ts'

/** What of a channel is heard: one key or all, of some versions or of all. */
export type HeardPart = Pick<HeardChannel, 'key' | 'range'>

interface Found {
  readonly topic: Buffer
  readonly reader: BodyReader
  readonly byLink: boolean
}

export class Subscriptions {
  readonly #parts: HearingParts
  readonly #channels: HeardChannel[] = []
  /**
   * One ear at each; more only where one channel is heard in several versions or ranges at once,
   * whose topics may be the same.
   */
  readonly #ears = new Map<Remote, Ear[]>()
  readonly #walker = new RecordWalker()
  readonly #absences: Absences
  #paused = false

  constructor(parts: Omit<HearingParts, 'leftAt'>) {
    const absences = new Absences(parts.limits.maxPeers)
    this.#absences = absences
    this.#parts = { ...parts, leftAt: (...where) => absences.take(...where) }
  }

  /** Resolves when every remote peer that is up has the subscription, or is reported as silent. */
  async add(local: LocalChannel, { key, range }: HeardPart, listener: Listener): Promise<void> {
    let channel = this.#find(local, { key, range })
    if (!channel) {
      channel = { local, key, range, listeners: new Set() }
      this.#channels.push(channel)
    }
    channel.listeners.add(listener)
    const asked = channel
    await Promise.all([...this.#parts.remotes()].map((remote) => this.#ask(remote, asked)))
  }

  /** Nobody hears anything by these ears. */
  get empty(): boolean {
    return this.#channels.length === 0
  }

  /** Reads nothing more from any publisher, or goes on. What is on its way waits in the sockets. */
  pause(paused: boolean): void {
    this.#paused = paused
    for (const ears of this.#ears.values()) for (const ear of ears) ear.pause(paused)
  }

  /** What somebody here hears, in any version, as `heardAs` says it. */
  heard(): string[] {
    const anyhow = this.#channels.filter(({ range }) => range === undefined)
    return [...new Set(anyhow.map(({ local, key }) => heardAs(local.channel.key, key)))]
  }

  remove(local: LocalChannel, part: HeardPart, listener: Listener): void {
    const channel = this.#find(local, part)
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return
    this.#channels.splice(this.#channels.indexOf(channel), 1)
    for (const ears of this.#ears.values()) for (const ear of ears) ear.forget(channel)
  }

  /** A remote peer is up, or offers something else: what we hear of it is asked for anew. */
  update(remote: Remote): void {
    for (const channel of this.#channels) void this.#ask(remote, channel)
  }

  /** @param isOver it has left, and nobody will come back in its name */
  drop(remote: Remote, isOver: boolean): void {
    const ears = this.#ears.get(remote) ?? []
    this.#ears.delete(remote)
    for (const ear of ears) {
      if (isOver) this.#absences.end(remote.id)
      else this.#absences.begin(remote, ear.heard)
      ear.close()
    }
  }

  /** Once a heartbeat: publishers are told what was lost of theirs, and asked if they are quiet. */
  beat(): void {
    for (const ears of this.#ears.values()) for (const ear of ears) ear.beat()
  }

  close(): void {
    for (const remote of [...this.#ears.keys()]) this.drop(remote, true)
    for (const { listeners } of this.#channels) {
      for (const listener of listeners) listener.end()
    }
    this.#channels.length = 0
  }

  #find(local: LocalChannel, { key, range }: HeardPart): HeardChannel | undefined {
    return this.#channels.find(
      (one) => one.local === local && one.key === key && one.range?.text === range?.text,
    )
  }

  async #ask(remote: Remote, channel: HeardChannel): Promise<void> {
    let found = this.#agree(remote, channel)
    if (found === 'later') {
      await this.#parts.meetings.underWay(remote, channel.local)
      found = this.#agree(remote, channel)
    }
    // In between it may have gone, or nobody hears it any more.
    if (found === 'later' || remote.down || channel.listeners.size === 0) return
    if (found === 'never') for (const ear of this.#ears.get(remote) ?? []) ear.forget(channel)
    else {
      const { topic, reader, byLink } = found
      // It was asked for elsewhere, before the publisher had said how it is heard.
      for (const ear of this.#ears.get(remote) ?? []) if (ear.byLink !== byLink) ear.forget(channel)
      await this.#earFor(remote, channel, byLink).ask(channel, topic, reader)
    }
  }

  #earFor(remote: Remote, channel: HeardChannel, byLink: boolean): Ear {
    const ears = this.#ears.get(remote) ?? []
    this.#ears.set(remote, ears)
    const isFree = (ear: Ear): boolean =>
      [...ear.heard.values()].every(
        (one) => one.channel === channel || !alike(one.channel, channel),
      )
    const hasIt = (ear: Ear): boolean =>
      [...ear.heard.values()].some((one) => one.channel === channel)
    const fitting = ears.filter((ear) => ear.byLink === byLink)
    const known = fitting.find(hasIt) ?? fitting.find(isFree)
    if (known) return known
    const ear = new Ear(remote, this.#parts, byLink, (frame, from) => this.#heard(frame, from))
    ear.pause(this.#paused)
    ears.push(ear)
    return ear
  }

  /** Where and how to hear a channel; `never` of a publisher that cannot be understood. */
  #agree(remote: Remote, { local, range }: HeardChannel): Found | 'later' | 'never' {
    const { contract, major, name } = local.channel
    const offer = remote.offerOf(contract, major, name)
    // A publisher may not have offered the channel yet: what it publishes first must arrive, too.
    if (!offer) {
      const codec = range ? undefined : local.agreeBlindly(remote.hello.codecs)
      if (codec === undefined) return 'never'
      const reader = local.body(codec) as BodyReader
      return { topic: local.topic(codec), reader, byLink: false }
    }
    if (range && !range.includes(offer.version)) return 'never'
    try {
      const agreement = this.#parts.meetings.agree(remote, local, offer)
      if (!agreement) return 'later'
      const { codec, id, reader } = agreement
      const topic = local.topic(codec, id)
      return { topic, reader: reader as BodyReader, byLink: offer.byLink === true }
    } catch (error) {
      // It has been reported, once, by the meeting.
      if (isEarshotError(error)) return 'never'
      throw error
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
    else if (!ear.passesOver(heard, first)) this.#deliver(heard, walker, first, ear.remote)
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
      for (const listener of heard.channel.listeners) {
        if (heard.heardBefore?.has(listener) ?? true) listener.gap(missed, from)
      }
    }
    heard.heardBefore = undefined
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

/** Their frames begin alike, so that one ear could not tell them apart. */
function alike(one: HeardChannel, other: HeardChannel): boolean {
  return one.local.channel.key === other.local.channel.key && one.key === other.key
}

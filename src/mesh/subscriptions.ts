// Owns what this peer hears: one ear at each remote outlet, the topics it asks for, gaps in what
// comes.
// Hot path: a frame is walked without views. Never delivers twice: numbers seen are passed over.

import { reportFault } from '../base/diagnostics.ts'
import { isEarshotError, toEarshotError } from '../base/errors.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { VersionRange } from '../contract/version-range.ts'
import { RecordWalker } from '../wire/record.ts'
import { isMarker, topicLength } from '../wire/topic.ts'
import { Ear, type Heard, type HeardChannel, type HearingParts, type Listener } from './ear.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Remote } from './remote.ts'

interface Found {
  readonly topic: Buffer
  readonly reader: BodyReader
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

  constructor(parts: HearingParts) {
    this.#parts = parts
  }

  /** Resolves when every remote peer that is up has the subscription, or is reported as silent. */
  async add(local: LocalChannel, listener: Listener, range?: VersionRange): Promise<void> {
    let channel = this.#find(local, range)
    if (!channel) {
      channel = { local, range, listeners: new Set() }
      this.#channels.push(channel)
    }
    channel.listeners.add(listener)
    const asked = channel
    await Promise.all([...this.#parts.remotes()].map((remote) => this.#ask(remote, asked)))
  }

  /** Keys of the channels that somebody here hears, in any version. */
  heard(): string[] {
    const anyhow = this.#channels.filter(({ range }) => range === undefined)
    return [...new Set(anyhow.map(({ local }) => local.channel.key))]
  }

  remove(local: LocalChannel, listener: Listener, range?: VersionRange): void {
    const channel = this.#find(local, range)
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return
    this.#channels.splice(this.#channels.indexOf(channel), 1)
    for (const ears of this.#ears.values()) for (const ear of ears) ear.forget(channel)
  }

  /** A remote peer is up, or offers something else: what we hear of it is asked for anew. */
  update(remote: Remote): void {
    for (const channel of this.#channels) void this.#ask(remote, channel)
  }

  drop(remote: Remote): void {
    const ears = this.#ears.get(remote) ?? []
    this.#ears.delete(remote)
    for (const ear of ears) ear.close()
  }

  close(): void {
    for (const remote of [...this.#ears.keys()]) this.drop(remote)
    for (const { listeners } of this.#channels) {
      for (const listener of listeners) listener.end()
    }
    this.#channels.length = 0
  }

  #find(local: LocalChannel, range: VersionRange | undefined): HeardChannel | undefined {
    return this.#channels.find((one) => one.local === local && one.range?.text === range?.text)
  }

  async #ask(remote: Remote, channel: HeardChannel): Promise<void> {
    let found = this.#agree(remote, channel)
    if (found === 'later') {
      await this.#parts.meetings.settled(remote, channel.local)
      found = this.#agree(remote, channel)
    }
    // In between it may have gone, or nobody hears it any more.
    if (found === 'later' || remote.down || channel.listeners.size === 0) return
    if (found === 'never') for (const ear of this.#ears.get(remote) ?? []) ear.forget(channel)
    else await this.#earFor(remote, channel).ask(channel, found.topic, found.reader)
  }

  #earFor(remote: Remote, channel: HeardChannel): Ear {
    const ears = this.#ears.get(remote) ?? []
    this.#ears.set(remote, ears)
    const { key } = channel.local.channel
    const isFree = (ear: Ear): boolean =>
      [...ear.heard.values()].every(
        (one) => one.channel === channel || one.channel.local.channel.key !== key,
      )
    const hasIt = (ear: Ear): boolean =>
      [...ear.heard.values()].some((one) => one.channel === channel)
    const known = ears.find(hasIt) ?? ears.find(isFree)
    if (known) return known
    const ear = new Ear(remote, this.#parts, (frame, from) => this.#heard(frame, from))
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
      return { topic: local.topic(codec), reader: local.body(codec) as BodyReader }
    }
    if (range && !range.includes(offer.version)) return 'never'
    try {
      const agreement = this.#parts.meetings.agree(remote, local, offer)
      if (!agreement) return 'later'
      const { codec, id, reader } = agreement
      return { topic: local.topic(codec, id), reader: reader as BodyReader }
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
    const length = topicLength(frame)
    const heard = length < 0 ? undefined : ear.heard.get(frame.toString('latin1', 0, length))
    if (!heard || frame.length < length + 2) {
      // After an unsubscribe a few are still on their way: no fault of anybody.
      if (length < 0) this.#bad(ear.remote, 'a frame without a topic')
      return
    }
    const walker = this.#walker
    walker.open(frame, length + 1)
    const first = walker.leadingNumber()
    if (first < 0) this.#bad(ear.remote, 'a frame without a number')
    else this.#deliver(heard, walker, first, ear.remote)
    if (walker.malformed) this.#bad(ear.remote, 'a record that breaks off')
    counters.framesIn++
  }

  #deliver(heard: Heard, walker: RecordWalker, first: number, from: Remote): void {
    const { counters, limits } = this.#parts
    if (first > heard.expected && heard.expected >= 0) {
      const missed = first - heard.expected
      counters.eventsMissed += missed
      heard.expected = first
      for (const listener of heard.channel.listeners) listener.gap(missed, from)
    }
    let sequence = first
    while (walker.next()) {
      const number = sequence++
      if (number < heard.expected) continue
      heard.expected = sequence
      let headers: Readonly<Record<string, string>> | undefined
      let body: unknown
      try {
        if (walker.hasHeaders) headers = walker.headers(limits.maxHeaderBytes)
        body = heard.codec.decode(walker.buffer, walker.start, walker.end)
      } catch (error) {
        this.#bad(from, `a body that does not fit: ${toEarshotError(error).message}`)
        continue
      }
      counters.eventsReceived++
      for (const listener of heard.channel.listeners) listener.deliver(body, heard, headers)
    }
  }

  #bad(from: Remote, text: string): void {
    this.#parts.counters.badFrames++
    reportFault({ area: 'outlet', text: `${from.name} (${from.id}) published ${text}` })
  }
}

// Owns what this peer publishes: who hears what, one number a message, one encoding a codec heard.
// Hot path: to nobody costs a count. Never waits for a subscriber: who is too slow sees a gap.

import { reportFault } from '../base/diagnostics.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type BodyCodec, codecNames } from '../codec/codec.ts'
import { FrameWriter } from '../wire/frame-writer.ts'
import { HEADERS_BIT, Kind } from '../wire/record.ts'
import { answerToMarker, isMarker, NO_KEY, parseMarker } from '../wire/topic.ts'
import type { Counters } from './counters.ts'
import type { LocalChannel } from './local-channel.ts'

/** Topics that are remembered for channels that are not published (yet). */
const MAX_TOPICS = 65_536
/** Handed over within one turn before `send` says stop: the sockets get a chance to empty. */
const TURN_BYTES = 4_194_304
/** A quarter of what a socket keeps for a slow subscriber, for who sends each event by itself. */
const TURN_FRAMES = 256

export class Outlet {
  readonly #publish: (frame: Buffer) => void
  readonly #limits: Limits
  readonly #counters: Counters
  /** A remote peer's subscription to a channel is in force. */
  readonly #onHeard: (id: string, channel: string) => void
  readonly #heard = new Map<string, number>()
  readonly #channels = new Map<string, OutletChannel>()

  constructor(
    publish: (frame: Buffer) => void,
    limits: Limits,
    counters: Counters,
    onHeard: (id: string, channel: string) => void,
  ) {
    this.#publish = publish
    this.#onHeard = onHeard
    this.#limits = limits
    this.#counters = counters
  }

  channel(local: LocalChannel): OutletChannel {
    const known = this.#channels.get(local.channel.key)
    if (known) return known
    const created = new OutletChannel(local, this.#publish, this.#limits)
    this.#channels.set(local.channel.key, created)
    created.update((topic) => this.#heard.get(topic) ?? 0)
    return created
  }

  /** Somebody's subscription begins or ends. */
  subscribed(prefix: Buffer, on: boolean): void {
    if (isMarker(prefix)) {
      if (on) this.#answer(prefix)
      return
    }
    const topic = prefix.toString('latin1')
    const count = (this.#heard.get(topic) ?? 0) + (on ? 1 : -1)
    if (count <= 0) this.#heard.delete(topic)
    else if (count > 1 || this.#heard.size < MAX_TOPICS) this.#heard.set(topic, count)
    else {
      this.#counters.topicsIgnored++
      reportFault({ area: 'outlet', text: `more than ${MAX_TOPICS} topics are subscribed to` })
    }
    for (const channel of this.#channels.values()) {
      if (channel.owns(topic)) channel.update((name) => this.#heard.get(name) ?? 0)
    }
  }

  flush(): void {
    for (const channel of this.#channels.values()) channel.flush()
  }

  /** Nothing is published any more: whoever still tries is told. */
  close(): void {
    for (const channel of this.#channels.values()) channel.closed = true
  }

  /** The marker came behind its subscription: that is in force now, from the next message on. */
  #answer(marker: Buffer): void {
    const asked = parseMarker(marker)
    if (!asked) return
    const topic = asked.topic.toString('latin1')
    let sequence = 0
    for (const channel of this.#channels.values()) {
      if (!channel.owns(topic)) continue
      channel.flush()
      sequence = channel.sequence
    }
    this.#publish(answerToMarker(marker, sequence))
    this.#onHeard(asked.id, asked.name)
  }
}

/** One codec in which a channel is heard. */
interface Lane {
  readonly topic: string
  readonly codec: BodyCodec
  readonly writer: FrameWriter
  lengthSize: number
}

export class OutletChannel {
  readonly local: LocalChannel
  /** The number of the next message. */
  sequence = 0
  /** Subscriptions, by all codecs. */
  listeners = 0
  closed = false
  readonly #publish: (frame: Buffer) => void
  readonly #limits: Limits
  readonly #onTurnEnd: () => void
  readonly #topics: readonly string[]
  #lanes: Lane[] = []
  #scheduled = false
  #turnBytes = 0
  #turnFrames = 0
  #nextTurn: Promise<void> | undefined

  constructor(local: LocalChannel, publish: (frame: Buffer) => void, limits: Limits) {
    this.local = local
    this.#publish = publish
    this.#limits = limits
    this.#topics = codecNames.map((_, codec) => local.topic(codec).toString('latin1'))
    this.#onTurnEnd = () => {
      this.#scheduled = false
      this.flush()
      for (const lane of this.#lanes) lane.writer.shrink()
    }
  }

  owns(topic: string): boolean {
    return this.#topics.includes(topic)
  }

  /** Opens and closes lanes after who listens. */
  update(listeners: (topic: string) => number): void {
    this.flush()
    this.listeners = 0
    const lanes: Lane[] = []
    for (const [index, topic] of this.#topics.entries()) {
      const codec = this.local.body(index)
      const count = listeners(topic)
      if (count === 0 || codec === undefined) continue
      this.listeners += count
      const known = this.#lanes.find((lane) => lane.topic === topic)
      const prefix = Buffer.concat([Buffer.from(topic, 'latin1'), Buffer.from([NO_KEY])])
      const writer = known?.writer ?? new FrameWriter(this.#limits.maxFrameBytes, prefix)
      lanes.push({ topic, codec, writer, lengthSize: known?.lengthSize ?? 1 })
    }
    this.#lanes = lanes
  }

  /**
   * Numbers and writes one message. False: enough for this turn, wait for `ready()`.
   * @throws EARSHOT_BODY_INVALID and nothing is sent or numbered; EARSHOT_CLOSED
   */
  write(body: unknown, headers: Buffer | undefined): boolean {
    if (this.closed)
      throw new EarshotError('EARSHOT_CLOSED', 'the peer of this publisher is closed')
    const lanes = this.#lanes
    let written = 0
    try {
      for (; written < lanes.length; written++) this.#append(lanes[written] as Lane, body, headers)
    } catch (error) {
      // All lanes or none: a body that one codec cannot carry is heard by nobody.
      while (written > 0) lanes[--written]?.writer.undoRecord()
      throw error
    }
    this.sequence++
    for (const lane of lanes) if (lane.writer.full) this.#flushLane(lane)
    if (lanes.length > 0 && !this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#onTurnEnd)
    }
    return !this.#turnIsFull
  }

  /** Resolves in the next turn of the event loop, when sockets have had their chance. */
  ready(): Promise<void> {
    if (!this.#turnIsFull) return Promise.resolve()
    this.#nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turnBytes = 0
        this.#turnFrames = 0
        this.#nextTurn = undefined
        resolve()
      })
    })
    return this.#nextTurn
  }

  flush(): void {
    for (const lane of this.#lanes) this.#flushLane(lane)
  }

  get #turnIsFull(): boolean {
    return this.#turnBytes >= TURN_BYTES || this.#turnFrames >= TURN_FRAMES
  }

  #append(lane: Lane, body: unknown, headers: Buffer | undefined): void {
    const writer = lane.writer
    const more = headers === undefined ? 0 : headers.length
    if (writer.closed || !writer.hasRoom(more)) this.#openLane(lane, more)
    writer.openRecord(
      headers === undefined ? Kind.event : Kind.event | HEADERS_BIT,
      lane.lengthSize,
    )
    if (headers !== undefined) {
      writer.number(headers.length)
      writer.bytesOf(headers)
    }
    const bodyAt = writer.position
    try {
      const end = lane.codec.encodeInto(body, writer.buffer, bodyAt)
      if (end - bodyAt > this.#limits.maxMessageBytes) throw tooLarge(this.#limits)
      const needed = end < 0 ? -1 : writer.closeRecord(end)
      lane.lengthSize = needed < 0 ? this.#appendRoomier(lane, bodyAt, body) : needed
    } catch (error) {
      writer.dropRecord()
      throw error
    }
  }

  #appendRoomier(lane: Lane, bodyAt: number, body: unknown): number {
    const { writer } = lane
    const { maxFrameBytes, maxMessageBytes } = this.#limits
    let head = writer.cutRecord(bodyAt)
    for (let bytes = maxFrameBytes; bytes <= maxMessageBytes * 2; bytes *= 2) {
      this.#openLane(lane, bytes + head.length)
      writer.pasteRecord(head)
      const end = lane.codec.encodeInto(body, writer.buffer, writer.position)
      if (end - writer.position > maxMessageBytes) break
      const needed = end < 0 ? -1 : writer.closeRecord(end)
      if (needed >= 0) return needed
      head = writer.cutRecord(writer.position)
    }
    throw tooLarge(this.#limits)
  }

  #openLane(lane: Lane, bytes: number): void {
    this.#flushLane(lane)
    lane.writer.open(bytes)
    lane.writer.number(this.sequence)
  }

  #flushLane(lane: Lane): void {
    if (lane.writer.empty) return
    const frame = lane.writer.take(true)
    this.#turnBytes += frame.length
    this.#turnFrames++
    // A chance for the event loop resets the count even if nobody waits for `ready`.
    if (this.#turnIsFull) void this.ready()
    this.#publish(frame)
  }
}

function tooLarge({ maxMessageBytes }: Limits): EarshotError {
  const text = `an event is larger than ${maxMessageBytes} bytes (maxMessageBytes)`
  return new EarshotError('EARSHOT_BODY_TOO_LARGE', text)
}

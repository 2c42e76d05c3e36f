// Owns one numbered row of events at an outlet: all of a channel, or those of one key, in each
// codec that somebody hears them in.
// Hot path: a record is encoded once per codec. Never knows who hears it.

import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import { FrameWriter } from '../wire/frame-writer.ts'
import { HEADERS_BIT, Kind } from '../wire/record.ts'
import { varintSize, writeVarint } from '../wire/varint.ts'
import { moveRoomier } from './roomier.ts'
import { tooLarge } from './too-much.ts'

/** A lane in one codec. */
interface Track {
  readonly index: number
  readonly prefix: Buffer
  readonly codec: BodyCodec
  readonly writer: FrameWriter
  /** Subscriptions in force. */
  listeners: number
  lengthSize: number
}

/** What goes with a body. */
export interface Extras {
  readonly headers: Buffer | undefined
  /** Of a publisher who wants to know what became of it, or 0; and how much it wants to know. */
  readonly correlation: number
  readonly until: number
}

/** Hands one frame to the socket. */
export type PublishFrame = (frame: Buffer) => void

export class Lane {
  /** The number of the next message. */
  sequence: number
  /** That of the first: what came before was counted elsewhere, or by nobody. */
  readonly since: number
  /** Subscriptions in force, by all codecs. */
  listeners = 0
  /** Beats since somebody heard it, or since the last message if somebody does. */
  #quietBeats = 0
  #toldSequence = 0
  #tracks: Track[] = []
  readonly #publish: PublishFrame
  readonly #limits: Limits

  constructor(sequence: number, publish: PublishFrame, limits: Limits) {
    this.sequence = sequence
    this.since = sequence
    this.#publish = publish
    this.#limits = limits
  }

  /** Beats in a row without anybody who hears it. */
  get silentBeats(): number {
    return this.listeners === 0 ? this.#quietBeats : 0
  }

  /** So many subscriptions are in force in the codec of that wire number. */
  listen(index: number, prefix: Buffer, codec: BodyCodec, listeners: number): void {
    this.flush()
    this.#quietBeats = 0
    const known = this.#tracks.find((track) => track.index === index)
    this.listeners += listeners - (known?.listeners ?? 0)
    if (listeners === 0) this.#tracks = this.#tracks.filter((track) => track !== known)
    else if (known) known.listeners = listeners
    else {
      const writer = new FrameWriter(this.#limits.maxFrameBytes, prefix)
      this.#tracks.push({ index, prefix, codec, writer, listeners, lengthSize: 1 })
    }
  }

  /** Writes and numbers one message in all codecs, or in none: then it throws. */
  append(body: unknown, extras: Extras | undefined): void {
    const tracks = this.#tracks
    let written = 0
    try {
      for (; written < tracks.length; written++)
        this.#encode(tracks[written] as Track, body, extras)
    } catch (error) {
      // A body that one codec cannot carry is heard by nobody.
      while (written > 0) tracks[--written]?.writer.undoRecord()
      throw error
    }
    this.sequence++
  }

  /** As `append`, for a message that `from` has just written: the bytes are the same. */
  appendFrom(from: Lane, body: unknown, extras: Extras | undefined): void {
    for (const track of this.#tracks) {
      const source = from.#tracks.find(({ index }) => index === track.index)
      if (source === undefined) this.#encode(track, body, extras)
      else this.#copy(track, source.writer)
    }
    this.sequence++
  }

  /** Takes back what was appended last. */
  undo(): void {
    for (const { writer } of this.#tracks) writer.undoRecord()
    this.sequence--
  }

  /** Hands over the frames that are full. */
  flushFull(): void {
    for (const track of this.#tracks) if (track.writer.full) this.#flushTrack(track)
  }

  flush(): void {
    for (const track of this.#tracks) this.#flushTrack(track)
  }

  endTurn(): void {
    for (const track of this.#tracks) {
      this.#flushTrack(track)
      track.writer.shrink()
    }
  }

  /**
   * Once a heartbeat. A loss shows with the next message, and the last has none: after 1, 2, 4, 8 …
   * quiet beats an empty frame says what its number would be.
   */
  beat(): void {
    if (this.#toldSequence !== this.sequence) this.#quietBeats = 0
    this.#toldSequence = this.sequence
    const beats = ++this.#quietBeats
    if ((beats & (beats - 1)) !== 0 || this.sequence === 0) return
    for (const track of this.#tracks) {
      this.#flushTrack(track)
      const frame = Buffer.alloc(track.prefix.length + varintSize(this.sequence))
      writeVarint(frame, track.prefix.copy(frame), this.sequence)
      this.#publish(frame)
    }
  }

  #encode(track: Track, body: unknown, extras: Extras | undefined): void {
    const writer = track.writer
    const more = extras?.headers === undefined ? 0 : extras.headers.length
    if (writer.closed || !writer.hasRoom(more)) this.#open(track, more)
    if (extras === undefined) writer.openRecord(Kind.event, track.lengthSize)
    else writeExtras(writer, track.lengthSize, extras)
    const bodyAt = writer.position
    try {
      const end = track.codec.encodeInto(body, writer.buffer, bodyAt)
      if (end - bodyAt > this.#limits.maxMessageBytes) throw tooLarge(this.#limits)
      const needed = end < 0 ? -1 : writer.closeRecord(end)
      track.lengthSize = needed < 0 ? this.#encodeRoomier(track, bodyAt, body) : needed
    } catch (error) {
      writer.dropRecord()
      throw error
    }
  }

  #encodeRoomier(track: Track, bodyAt: number, body: unknown): number {
    const reopen = (bytes: number) => this.#open(track, bytes)
    return moveRoomier(track.writer, bodyAt, track.codec, body, this.#limits, reopen)
  }

  #copy(track: Track, from: FrameWriter): void {
    const { writer } = track
    const bytes = from.lastRecordBytes
    if (writer.closed || !writer.hasRoom(bytes)) this.#open(track, bytes)
    writer.copyRecord(from)
  }

  #open(track: Track, bytes: number): void {
    this.#flushTrack(track)
    track.writer.open(bytes)
    track.writer.number(this.sequence)
  }

  #flushTrack({ writer }: Track): void {
    if (!writer.empty) this.#publish(writer.take(true))
  }
}

function writeExtras(writer: FrameWriter, lengthSize: number, extras: Extras): void {
  const { headers, correlation, until } = extras
  const kind = correlation === 0 ? Kind.event : Kind.askingEvent
  writer.openRecord(headers === undefined ? kind : kind | HEADERS_BIT, lengthSize)
  if (correlation > 0) {
    writer.number(correlation)
    writer.number(until)
  }
  if (headers === undefined) return
  writer.number(headers.length)
  writer.bytesOf(headers)
}

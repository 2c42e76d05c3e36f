// Owns a channel of ours as peers of another minor version write it: read by their shape, answered
// in ours. Hot path: found by its number, as any other channel.
// Never judges whether it can be read: meetings do.

import { type BodyCodec, type CodecName, codecNames } from '../codec/codec.ts'
import type { BodyReader, Resolvers } from '../codec/resolve.ts'
import type { Channel } from '../contract/channel.ts'
import type { Shape } from '../contract/shape.ts'
import type { ChannelCounts } from './counters.ts'
import type { LocalChannel } from './local-channel.ts'

/** What a number of ours leads to. */
export interface NumberedChannel {
  readonly channel: Channel
  readonly codecs: readonly CodecName[]
  /** Of the channel itself, whichever number led here. */
  readonly number: number
  readonly counts: ChannelCounts
  body(codec: number): BodyReader | undefined
  reply(codec: number): BodyCodec | undefined
  /** Writes the errors that the channel declares. */
  errors(codec: number): BodyCodec | undefined
  /** The bytes of one body. @throws EARSHOT_BODY_INVALID, EARSHOT_BODY_TOO_LARGE */
  encode(codec: BodyCodec, body: unknown): Buffer
}

export class WrittenChannel implements NumberedChannel {
  readonly channel: Channel
  readonly codecs: readonly CodecName[]
  readonly #local: LocalChannel
  readonly #writer: Shape
  readonly #resolvers: Resolvers
  readonly #bodies: (BodyReader | undefined)[] = []

  /** @param codecs those in which the two versions read each other */
  constructor(
    local: LocalChannel,
    writer: Shape,
    codecs: readonly CodecName[],
    resolvers: Resolvers,
  ) {
    this.#local = local
    this.channel = local.channel
    this.codecs = codecs
    this.#writer = writer
    this.#resolvers = resolvers
  }

  get number(): number {
    return this.#local.number
  }

  get counts(): ChannelCounts {
    return this.#local.counts
  }

  body(codec: number): BodyReader | undefined {
    const known = this.#bodies[codec]
    if (known) return known
    const name = codecNames[codec]
    if (name === undefined || !this.codecs.includes(name)) return undefined
    const reader = this.#resolvers.get(name, this.#writer, this.channel.shape)
    this.#bodies[codec] = reader
    return reader
  }

  reply(codec: number): BodyCodec | undefined {
    return this.#local.reply(codec)
  }

  errors(codec: number): BodyCodec | undefined {
    return this.#local.errors(codec)
  }

  encode(codec: BodyCodec, body: unknown): Buffer {
    return this.#local.encode(codec, body)
  }
}

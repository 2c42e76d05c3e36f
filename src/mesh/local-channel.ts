// Owns a channel as this peer uses it: its number, its codecs, compiled when first needed.
// Never sends or receives.

import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type BodyCodec, type CodecName, codecNames } from '../codec/codec.ts'
import { formatOf } from '../codec/formats.ts'
import { negotiate } from '../codec/negotiate.ts'
import type { Change } from '../contract/change.ts'
import type { Channel } from '../contract/channel.ts'
import type { Shape } from '../contract/shape.ts'
import type { Shared } from '../contract/shared-codecs.ts'
import { topicOf } from '../wire/topic.ts'
import { type ChannelCounts, createChannelCounts } from './counters.ts'
import type { VersionedOffer } from './remote.ts'

/** Most bodies fit at once. */
const FIRST_ROOM_BYTES = 4_096

/** What a peer speaks. */
export interface Spoken {
  /** Best first. */
  readonly codecs: readonly CodecName[]
  /** The one for every channel that can be had in it; for debugging. */
  readonly only: CodecName | undefined
}

/** The codecs of a channel that a peer offers and uses, best first. */
export function codecsFor({ codecs: promised }: Channel, spoken: Spoken): readonly CodecName[] {
  const { codecs, only } = spoken
  const usable = promised ? promised.filter((name) => codecs.includes(name)) : codecs
  return only !== undefined && usable.includes(only) ? [only] : usable
}

export class LocalChannel {
  readonly channel: Channel
  readonly counts: ChannelCounts = createChannelCounts()
  /** Ours, best first. */
  readonly codecs: readonly CodecName[]
  /** The number that others send to; 0 until it has been served here. */
  number = 0
  served = false
  readonly #limits: Limits
  readonly #bodies: (BodyCodec | undefined)[] = []
  readonly #replies: (BodyCodec | undefined)[] = []
  readonly #errors: (BodyCodec | undefined)[] = []

  /** @throws EARSHOT_CODEC_UNSHARED when channel and peer have no codec in common. */
  constructor(channel: Channel, spoken: Spoken, limits: Limits) {
    this.channel = channel
    this.#limits = limits
    this.codecs = codecsFor(channel, spoken)
    if (this.codecs.length === 0) {
      const { key, codecs } = channel
      const text = `${key} promises [${codecs}], this peer speaks [${spoken.codecs}]`
      throw new EarshotError('EARSHOT_CODEC_UNSHARED', text)
    }
  }

  /** The codec of a body by wire number; undefined when we do not speak it here. */
  body(codec: number): BodyCodec | undefined {
    return this.#bodies[codec] ?? this.#compile(this.#bodies, this.channel.shape, codec)
  }

  reply(codec: number): BodyCodec | undefined {
    const shape = this.channel.replyShape
    return this.#replies[codec] ?? (shape && this.#compile(this.#replies, shape, codec))
  }

  /** Writes and reads the errors that the channel declares. */
  errors(codec: number): BodyCodec | undefined {
    const shape = this.channel.errorShape
    return this.#errors[codec] ?? (shape && this.#compile(this.#errors, shape, codec))
  }

  /**
   * @throws EARSHOT_BODY_INVALID when `body` does not fit, before there is anybody to send it to
   */
  check(body: unknown): void {
    const codec = this.body(codecNames.indexOf(this.codecs[0] as CodecName)) as BodyCodec
    this.encode(codec, body)
  }

  /**
   * The bytes of one body, for those that are kept for later.
   * @throws EARSHOT_BODY_INVALID, EARSHOT_BODY_TOO_LARGE
   */
  encode(codec: BodyCodec, body: unknown): Buffer {
    const { maxMessageBytes } = this.#limits
    for (let bytes = FIRST_ROOM_BYTES; bytes <= maxMessageBytes * 4; bytes *= 4) {
      const room = Buffer.allocUnsafe(bytes)
      const end = codec.encodeInto(body, room, 0)
      if (end > maxMessageBytes) break
      if (end >= 0)
        return end * 2 < bytes ? Buffer.from(room.subarray(0, end)) : room.subarray(0, end)
    }
    const text = `a message is larger than ${maxMessageBytes} bytes (maxMessageBytes)`
    throw new EarshotError('EARSHOT_BODY_TOO_LARGE', text)
  }

  /**
   * What frames of this channel begin with at an outlet, in the codec of that wire number.
   * @param id of the channel as its publisher has it
   */
  topic(codec: number, id: string = this.channel.id): Buffer {
    const { key } = this.channel
    const name = codecNames[codec]
    const free = name === undefined || formatOf(name).selfDescribing
    return topicOf(key, codec, free ? '00000000' : id.slice(0, 8))
  }

  /** The codec for a peer that has not offered the channel, from what it speaks at all. */
  agreeBlindly(theirs: readonly string[]): number | undefined {
    const chosen = negotiate(this.codecs, theirs.filter(isCodecName))
    return chosen === undefined ? undefined : codecNames.indexOf(chosen)
  }

  /**
   * The codec for a channel that the other side offers, as its wire number.
   * @param readable the codecs in which both versions read each other, and the difference that
   * stands in the way of the rest
   * @throws EARSHOT_CONTRACT_MISMATCH, EARSHOT_CODEC_UNSHARED naming both sides
   */
  agree(offer: VersionedOffer, remoteName: string, readable?: Shared): number {
    this.checkKind(offer, remoteName)
    const theirs = offer.codecs.filter(isCodecName)
    const usable = readable ? theirs.filter((name) => readable.codecs.includes(name)) : theirs
    const chosen = negotiate(this.codecs, usable)
    if (chosen !== undefined) return codecNames.indexOf(chosen)
    const major = readable?.major
    if (major && negotiate(this.codecs, theirs) !== undefined) {
      throw this.mismatch(offer.version, remoteName, major)
    }
    const text = `${this.channel.key}: we speak [${this.codecs}], ${remoteName} [${offer.codecs}]`
    throw new EarshotError('EARSHOT_CODEC_UNSHARED', text)
  }

  /** @throws EARSHOT_CONTRACT_MISMATCH */
  checkKind(offer: { readonly kind: string; readonly version: string }, remoteName: string): void {
    const { kind } = this.channel
    if (offer.kind === kind) return
    const reason = `one is of the kind ${kind}, the other ${offer.kind}`
    throw this.mismatch(offer.version, remoteName, { path: '', reason })
  }

  /** What is said when two versions of this channel meet that do not go together. */
  mismatch(
    theirs: string,
    remoteName: string,
    { path, reason }: Pick<Change, 'path' | 'reason'>,
  ): EarshotError {
    const { key, version } = this.channel
    const both = `${key}: ours is version ${version}, that of ${remoteName} is ${theirs}`
    const data = { channel: key, ours: version, theirs, reason }
    return new EarshotError(
      'EARSHOT_CONTRACT_MISMATCH',
      `${both}; ${path && `${path}: `}${reason}`,
      { path, data },
    )
  }

  #compile(into: (BodyCodec | undefined)[], shape: Shape, codec: number): BodyCodec | undefined {
    const name = codecNames[codec]
    if (name === undefined || !this.codecs.includes(name)) return undefined
    const compiled = formatOf(name).compile(shape, this.#limits)
    into[codec] = compiled
    return compiled
  }
}

function isCodecName(name: string): name is CodecName {
  return (codecNames as readonly string[]).includes(name)
}

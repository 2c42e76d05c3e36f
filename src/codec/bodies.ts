// Owns bodies outside a link: one channel's body in one codec, as tools, tests and the door use it.
// Never on the hot path: every call makes its own buffer.

import { EarshotError } from '../base/errors.ts'
import { defaultLimits, type Limits } from '../base/limits.ts'
import type { Channel } from '../contract/channel.ts'
import { checkChannel } from '../contract/given.ts'
import type { Shape } from '../contract/shape.ts'
import type { BodyCodec, CodecName } from './codec.ts'
import { formatOf } from './formats.ts'

/** The message itself, the answer to it, or the errors that the channel declares. */
export type Part = 'body' | 'reply' | 'errors'

const FIRST_ROOM_BYTES = 4_096

/**
 * One channel's messages in one codec.
 * @throws EARSHOT_OPTION_INVALID for what is no channel or no codec, and for the reply or errors of
 * a channel that has none
 */
export function createCodec(
  channel: Channel,
  codec: CodecName,
  part: Part = 'body',
  limits: Limits = defaultLimits,
): BodyCodec {
  checkChannel(channel)
  return formatOf(codec).compile(shapeOfPart(channel, part), limits)
}

/**
 * The bytes of one message.
 * @throws EARSHOT_BODY_INVALID, EARSHOT_BODY_TOO_LARGE
 */
export function encode(
  channel: Channel,
  codec: CodecName,
  body: unknown,
  part: Part = 'body',
): Uint8Array {
  return encodeWith(createCodec(channel, codec, part), body, defaultLimits)
}

/**
 * A body from JSON values: base64 becomes bytes, text a bigint, where the contract says so.
 * @throws EARSHOT_BODY_INVALID with the path of the field
 */
export function bodyFromJson(channel: Channel, json: unknown, part: Part = 'body'): unknown {
  const bytes = Buffer.from(JSON.stringify(json) ?? 'null')
  try {
    return createCodec(channel, 'json', part).decode(bytes, 0, bytes.length)
  } catch (error) {
    if (!(error instanceof EarshotError) || error.code !== 'EARSHOT_BYTES_INVALID') throw error
    const where = error.path === undefined ? {} : { path: error.path }
    throw new EarshotError('EARSHOT_BODY_INVALID', error.message, { ...where, cause: error })
  }
}

/** The opposite: a body as JSON values. */
export function bodyToJson(channel: Channel, body: unknown, part: Part = 'body'): unknown {
  const bytes = encodeWith(createCodec(channel, 'json', part), body, defaultLimits)
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

function encodeWith(codec: BodyCodec, body: unknown, { maxMessageBytes }: Limits): Uint8Array {
  for (let bytes = FIRST_ROOM_BYTES; bytes <= maxMessageBytes * 2; bytes *= 4) {
    const room = Buffer.allocUnsafe(bytes)
    const end = codec.encodeInto(body, room, 0)
    if (end >= 0) return room.subarray(0, end)
  }
  const text = `a message is larger than ${maxMessageBytes} bytes (maxMessageBytes)`
  throw new EarshotError('EARSHOT_BODY_TOO_LARGE', text)
}

function shapeOfPart(channel: Channel, part: Part): Shape {
  const { shape: body, replyShape: reply, errorShape: errors } = channel
  const shape = { body, reply, errors }[part]
  if (shape) return shape
  const text = `${channel.key} is a ${channel.kind}: it has no ${part}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text)
}

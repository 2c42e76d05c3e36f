// Owns the codec of a command: what the user asked for, or what the peer likes best.
// Never negotiates: one codec is offered, so it is known which one was used.

import type { CodecName } from 'earshot'
import { nameOf } from './door.ts'
import { wrongUsage } from './failure.ts'
import type { Found } from './find-channel.ts'
import { isCodec } from './options.ts'

/** @throws Failure when the peer does not take the channel in that codec */
export function chooseCodec(
  { remote, channel, title }: Found,
  asked: CodecName | undefined,
): CodecName {
  const codec = channel.codecs.find((name) => asked === undefined || name === asked)
  if (codec !== undefined && isCodec(codec)) return codec
  const text = `${nameOf(remote)} does not offer ${title} in ${asked ?? 'any codec known here'}`
  throw wrongUsage(text, `leave out --codec, or take one of ${channel.codecs.join(', ')}`)
}

// Owns what is done with a body that does not fit into its frame: it moves to one of its own.
// Rare: most bodies fit at once.

import type { Limits } from '../base/limits.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { FrameWriter } from '../wire/frame-writer.ts'
import { tooLarge } from './too-much.ts'

/**
 * Moves the open record to a frame that is twice as large until the body fits; returns the bytes
 * that its length needs.
 *
 * @param reopen hands over what was written before, and begins a frame with room for so much
 * @throws EARSHOT_BODY_TOO_LARGE, EARSHOT_BODY_INVALID
 */
export function moveRoomier(
  writer: FrameWriter,
  bodyAt: number,
  codec: BodyCodec,
  body: unknown,
  limits: Limits,
  reopen: (bytes: number) => void,
): number {
  const { maxFrameBytes, maxMessageBytes } = limits
  let head = writer.cutRecord(bodyAt)
  for (let bytes = maxFrameBytes; ; bytes *= 2) {
    reopen(bytes + head.length)
    writer.pasteRecord(head)
    const end = codec.encodeInto(body, writer.buffer, writer.position)
    if (end - writer.position > maxMessageBytes) throw tooLarge(limits)
    const needed = end < 0 ? -1 : writer.closeRecord(end)
    if (needed >= 0) return needed
    head = writer.cutRecord(writer.position)
    // Tried once at least, however small messages may be.
    if (bytes > maxMessageBytes) throw tooLarge(limits)
  }
}

// Owns room for one encoded value, however large: types that contain each other may have values of
// megabytes. Never a copy: the next call writes over it.

import type { BodyCodec } from '../../src/codec/codec.ts'

let room = Buffer.alloc(1 << 20)

/** The value as the codec writes it, from `offset` on: the room holds it until the next call. */
export function encoded(
  codec: BodyCodec,
  value: unknown,
  offset = 0,
): { room: Buffer; end: number } {
  let end = codec.encodeInto(value, room, offset)
  while (end === -1) {
    room = Buffer.alloc(2 * room.length)
    end = codec.encodeInto(value, room, offset)
  }
  return { room, end }
}

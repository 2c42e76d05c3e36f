// Owns what a codec is. Hot path: written in place, read from a range, no view per message.
// Never knows a contract, a link or a frame.

import type { Limits } from '../base/limits.ts'
import type { Shape } from '../contract/shape.ts'

export type CodecName = 'json' | 'msgpack' | 'avro' | 'protobuf'

/** In the order of their wire numbers, which never change. */
export const codecNames: readonly CodecName[] = ['json', 'msgpack', 'avro', 'protobuf']

/**
 * One shape in one format.
 * Ownership: `encodeInto` writes into the caller's buffer and keeps nothing; `decode` returns
 * values that share no memory with the buffer, except a body that is bytes as a whole (a view
 * on it).
 */
export interface BodyCodec<T = unknown> {
  readonly codec: CodecName
  /**
   * Checks `value` fully and writes it at `position`.
   * Returns the position after it, or −1 when it does not fit in what is left of `buffer`
   * (nothing beyond `buffer` is written; bytes from `position` on are then undefined).
   * @throws EARSHOT_BODY_INVALID with the path of the field.
   */
  encodeInto(value: T, buffer: Buffer, position: number): number
  /**
   * Reads exactly `start` to `end`.
   * @throws EARSHOT_BYTES_INVALID, never anything else, whatever the bytes.
   */
  decode(buffer: Buffer, start: number, end: number): T
}

/** One format: compiles shapes into codecs. */
export interface Format {
  readonly codec: CodecName
  /** Can a reader understand it without the writer's shape? */
  readonly selfDescribing: boolean
  /** @throws EARSHOT_SHAPE_UNSUPPORTED with path and hint. */
  compile(shape: Shape, limits: Limits): BodyCodec
}

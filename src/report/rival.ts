// Owns what is compared with our codecs and is none of them: XML and CBOR, behind the interface of
// ours. Never loads a library: whoever compares hands it in.

import type { BodyCodec } from '../codec/codec.ts'

/** Like a codec of ours, but what it cannot carry it may change in silence: compare first. */
export type Rival = Pick<BodyCodec, 'encodeInto' | 'decode'>

/** What is used of `cbor`. */
export interface CborLibrary {
  encodeOne(value: unknown, options: { readonly highWaterMark: number }): Uint8Array
  decodeFirstSync(bytes: Uint8Array): unknown
}

/** The library cuts what is longer. */
const MOST_CBOR_BYTES = 67_108_864

/** Plain CBOR that every reader understands. */
export function cborRival(library: CborLibrary): Rival {
  return {
    encodeInto(value, buffer, position) {
      const bytes = library.encodeOne(value, { highWaterMark: MOST_CBOR_BYTES })
      if (bytes.length > buffer.length - position) return -1
      buffer.set(bytes, position)
      return position + bytes.length
    },
    decode: (buffer, start, end) => library.decodeFirstSync(buffer.subarray(start, end)),
  }
}

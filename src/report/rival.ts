// Owns what is compared with our codecs and is none of them: XML and CBOR, behind the interface of
// ours. Never loads a library: whoever compares hands it in.

import type { BodyCodec } from '../codec/codec.ts'

/** Like a codec of ours, but what it cannot carry it may change in silence: compare first. */
export type Rival = Pick<BodyCodec, 'encodeInto' | 'decode'>

/** What is used of `cbor-x`. */
export interface CborLibrary {
  readonly Encoder: new (
    options: object,
  ) => { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown }
}

/** Plain CBOR that every reader understands: no records of the library's own. */
export function cborRival({ Encoder }: CborLibrary): Rival {
  const coder = new Encoder({
    useRecords: false,
    variableMapSize: true,
    mapsAsObjects: true,
    tagUint8Array: false,
    int64AsNumber: false,
  })
  return {
    encodeInto(value, buffer, position) {
      const bytes = coder.encode(value)
      if (bytes.length > buffer.length - position) return -1
      buffer.set(bytes, position)
      return position + bytes.length
    },
    decode: (buffer, start, end) => coder.decode(buffer.subarray(start, end)),
  }
}

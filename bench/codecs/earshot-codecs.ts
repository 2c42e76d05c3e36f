// Owns the pairs of Earshot: the codecs that its links use, compiled from the contract.

import { type CodecName, createCodec } from 'earshot'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'
import { Shapes } from './shapes.ts'

export function earshotPair(shape: ShapeName, codec: CodecName): Pair {
  const body = createCodec(Shapes[shape], codec)
  return {
    encode: (value, buffer, position) => body.encodeInto(value, buffer, position),
    decode: (buffer, start, end) => body.decode(buffer, start, end),
  }
}

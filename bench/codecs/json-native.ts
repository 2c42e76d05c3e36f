// Owns the pair of JSON as the runtime has it: text by JSON.stringify, its bytes written in place.

import type { Pair } from './pair.ts'

export function jsonPair(): Pair {
  return {
    encode: (value, buffer, position) => position + buffer.write(JSON.stringify(value), position),
    decode: (buffer, start, end) => JSON.parse(buffer.toString('utf8', start, end)),
  }
}

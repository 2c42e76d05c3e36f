// Owns the pairs of msgpackr, in place: plain maps that every MessagePack reader understands, and
// shared structures, its fastest way.

import { Packr, REUSE_BUFFER_MODE } from 'msgpackr'
import type { Pair } from './pair.ts'

/** All instances share one buffer inside msgpackr, so all of ours share what we know of it. */
let current: Buffer | undefined

export function msgpackrPair(): Pair {
  return pairOf(new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' }))
}

/**
 * Within one process: the structures are state that both sides keep, and that whoever sends may
 * redefine across a trust border. Here as the fastest that the library can do.
 */
export function msgpackrSharedPair(): Pair {
  return pairOf(new Packr({ structures: [], int64AsType: 'number' }))
}

function pairOf(packr: Packr): Pair {
  const range = { start: 0, end: 0 }
  return {
    /** msgpackr begins at multiples of eight bytes; the caller gives no other position. */
    encode(value, buffer, position) {
      if (current !== buffer) {
        packr.useBuffer(buffer)
        current = buffer
      }
      packr.position = position
      const written = packr.pack(value, REUSE_BUFFER_MODE) as Buffer & {
        start: number
        end: number
      }
      if (written !== buffer || written.start !== position) {
        throw new Error('msgpackr left the buffer that it was given')
      }
      return written.end
    },
    decode(buffer, start, end) {
      range.start = start
      range.end = end
      return packr.unpack(buffer, range)
    },
  }
}

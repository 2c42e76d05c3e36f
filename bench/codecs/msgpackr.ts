// Owns the pair of msgpackr: plain maps that every MessagePack reader understands, in place.

import { Packr, REUSE_BUFFER_MODE } from 'msgpackr'
import type { Pair } from './pair.ts'

/** All instances share one buffer inside msgpackr, so all of ours share what we know of it. */
let current: Buffer | undefined

// Records or shared structures would be shorter, but redefine themselves across a trust border.
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' })
const range = { start: 0, end: 0 }

export function msgpackrPair(): Pair {
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

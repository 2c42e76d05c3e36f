// Owns bodies that are bytes as a whole: in every codec they pass untouched.
// Never copies on decode: the view lives as long as the buffer does.

import { EarshotError } from '../base/errors.ts'
import { defaultLimits } from '../base/limits.ts'
import type { BytesShape } from '../contract/shape.ts'
import type { BodyCodec, CodecName } from './codec.ts'
import { refuseBody } from './cursor.ts'

/** Up to here a loop is quicker than the call of `set`. */
const COPIED_BY_LOOP = 24

/** The codec of a body of bytes: `decode` gives a Uint8Array that views the caller's buffer. */
export function bytesBody(codec: CodecName, shape: BytesShape): BodyCodec {
  const least = shape.length ?? 0
  const most = shape.length ?? shape.maxLength ?? Number.POSITIVE_INFINITY
  return {
    codec,
    encodeInto(value: unknown, buffer: Buffer, position: number): number {
      if (!(value instanceof Uint8Array) || value.length > most || value.length < least) {
        throw refuseBody(codec, shape, value, defaultLimits, undefined)
      }
      const end = position + value.length
      if (end > buffer.length) return -1
      if (value.length > COPIED_BY_LOOP) buffer.set(value, position)
      else for (let at = 0; at < value.length; at++) buffer[position + at] = value[at] as number
      return end
    },
    decode(buffer: Buffer, start: number, end: number): Uint8Array {
      const isFit = end - start <= most && end - start >= least
      if (!isFit || !(start >= 0 && start <= end && end <= buffer.length)) {
        const found = `${end - start} bytes where ${least} to ${most} may be`
        const text = `not a valid ${codec} body: ${found}`
        throw new EarshotError('EARSHOT_BYTES_INVALID', text, { path: '' })
      }
      return new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start)
    },
  }
}

// Owns the TypeBox type of bytes, which JSON Schema does not have of its own.
// Never encodes: codecs write bytes as their format does (base64 in JSON).

import type { TUnsafe } from 'typebox'
import type { LogicalBytes } from './logical.ts'

export interface BytesOptions {
  /** In bytes, not in base64 characters. Default: none. */
  readonly maxLength?: number
  /** Each value has exactly as many bytes: `fixed` in Avro. */
  readonly length?: number
  /** The name of that type in Avro. Default: made of the names around it. */
  readonly name?: string
  /** What they are in Avro: `uuid` of 16 bytes, `duration` of 12, `big-decimal` of any length. */
  readonly logical?: LogicalBytes
  /** The field's number on the wire. */
  readonly tag?: number
  readonly description?: string
}

/**
 * Bytes as a `Uint8Array`. As the whole body of a channel they pass untouched through every codec.
 * In JSON inside a record they are base64.
 */
export function Bytes(options: BytesOptions = {}): TUnsafe<Uint8Array> {
  // As `Type.Unsafe` makes it, without loading TypeBox: tools that only read contracts need none.
  return { type: 'string', contentEncoding: 'base64', ...options } as unknown as TUnsafe<Uint8Array>
}

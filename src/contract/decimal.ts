// Owns the TypeBox type of decimals, which JSON Schema does not have of its own.
// Never calculates: a decimal is text, so that no digit is lost on the way.

import type { TUnsafe } from 'typebox'

export interface DecimalOptions {
  /** Digits in all, from 1 to 1000. */
  readonly precision: number
  /** How many of them stand after the point. Default: 0. */
  readonly scale?: number
  /** In Avro each value has exactly as many bytes: `fixed`. Default: as few as it needs. */
  readonly length?: number
  /** The name of that type in Avro. Default: made of the names around it. */
  readonly name?: string
  /** What an absent field stands for. */
  readonly default?: string
  /** The field's number on the wire. */
  readonly tag?: number
  /** The field's name in Avro and Protobuf. */
  readonly wireName?: string
  /** In Avro null stands after the type and not before it. */
  readonly nullLast?: true
  /** The field is `required` in proto2. */
  readonly always?: true
  readonly description?: string
}

/**
 * A decimal as text: `'-12.30'` of `Decimal({ precision: 10, scale: 2 })`. Senders may leave out
 * digits after the point; receivers get exactly `scale` of them, no exponent and no `-0`. A string
 * in JSON, MessagePack and Protobuf, the logical type of that name in Avro.
 */
export function Decimal(options: DecimalOptions): TUnsafe<string> {
  // As `Type.Unsafe` makes it, without loading TypeBox: tools that only read contracts need none.
  return { type: 'string', format: 'decimal', ...options } as unknown as TUnsafe<string>
}

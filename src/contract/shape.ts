// Owns the shape: a message type inside Earshot, the truth that all codecs are compiled from.
// Never knows TypeBox, Avro or Protobuf: importers and exporters stand beside it.

import type { LogicalBytes, LogicalInt, LogicalString } from './logical.ts'

export type Shape =
  | BoolShape
  | IntShape
  | FloatShape
  | StringShape
  | BytesShape
  | DecimalShape
  | EnumShape
  | ListShape
  | MapShape
  | RecordShape
  | UnionShape
  | AnyShape
  | RefShape

export interface BoolShape {
  readonly kind: 'bool'
}

/** How Protobuf writes an integer, where a .proto file says so. */
export type ProtoInt =
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'

/** `int32` and `int64` are numbers (safe integers); `bigint: true` makes an int64 a bigint. */
export interface IntShape {
  readonly kind: 'int'
  readonly bits: 32 | 64
  readonly bigint: boolean
  readonly minimum?: number
  readonly maximum?: number
  /** What it counts: only names it, a number everywhere. */
  readonly logical?: LogicalInt
  /** Default: `int32` or `int64` when the minimum is 0 or more, otherwise `sint32` or `sint64`. */
  readonly proto?: ProtoInt
}

export interface FloatShape {
  readonly kind: 'float'
  readonly bits: 32 | 64
  readonly minimum?: number
  readonly maximum?: number
}

/** Lengths are counted as `String.length` does: UTF-16 units. */
export interface StringShape {
  readonly kind: 'string'
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** What it is: only names it, any text goes. */
  readonly logical?: LogicalString
}

/** A Uint8Array. As the whole body of a channel it passes untouched through every codec. */
export interface BytesShape {
  readonly kind: 'bytes'
  readonly maxLength?: number
  /** Each value has exactly as many bytes: `fixed` in Avro, where that type has a name. */
  readonly length?: number
  readonly name?: string
  /** What they are: only names it. */
  readonly logical?: LogicalBytes
}

/** Text of exactly `scale` digits after the point and at most `precision` in all. */
export interface DecimalShape {
  readonly kind: 'decimal'
  readonly precision: number
  readonly scale: number
  /** Each value has exactly as many bytes in Avro: `fixed`, where that type has a name. */
  readonly length?: number
  readonly name?: string
}

/**
 * `numbers[i]` is the wire number of `symbols[i]`, ascending. 0 means "unspecified" in Protobuf and
 * is used only where a .proto file says so. Avro writes the index.
 */
export interface EnumShape {
  readonly kind: 'enum'
  readonly name: string
  readonly symbols: readonly string[]
  readonly numbers: readonly number[]
  /** The symbol that a reader takes for one that it does not know: what makes additions safe. */
  readonly unknown?: string
}

/**
 * Whatever JSON can say, and bytes and bigints in MessagePack: a body of its own, never a part of
 * one, in the codecs that describe themselves.
 */
export interface AnyShape {
  readonly kind: 'any'
}

export interface ListShape {
  readonly kind: 'list'
  readonly items: Shape
  readonly minItems?: number
  readonly maxItems?: number
  /** In Protobuf each number stands after a tag of its own, as in proto2. */
  readonly packed?: false
}

/** Keys are strings; `__proto__` is refused as a key. */
export interface MapShape {
  readonly kind: 'map'
  readonly values: Shape
}

export interface FieldShape {
  /** The key in TypeScript, JSON and MessagePack. */
  readonly name: string
  /** The name in Avro and Protobuf: letters, digits, underscore. */
  readonly wireName: string
  readonly tag: number
  readonly shape: Shape
  readonly optional: boolean
  /** Null is allowed as a value and means the same as absent. */
  readonly nullable: boolean
  /**
   * Filled in by the reader when the field is absent; JSON form (bigint as decimal text, bytes as
   * base64). Null only where the field is nullable.
   */
  readonly fallback?: unknown
  /**
   * What the field is where the writer's type has no such field, in the form of `fallback`; where
   * the writer has one, null stays null. Only where it is nullable and has no fallback: the default
   * that Avro gives to a union with null.
   */
  readonly missing?: unknown
  /** In Avro null stands after the type and not before it, as some schemas have it. */
  readonly nullLast?: true
  /** In Protobuf a zero is written, too, and must be there: `required` of proto2. */
  readonly always?: true
  readonly doc?: string
}

/** A field whose only value is null: never sent, never read, kept for the schema in Avro. */
export interface NullField {
  readonly name: string
  readonly wireName: string
  readonly tag: number
  readonly doc?: string
}

/** Fields are in tag order, which is the order on the wire in every codec. */
export interface RecordShape {
  readonly kind: 'record'
  readonly name: string
  readonly fields: readonly FieldShape[]
  /** In tag order, too; at least one. */
  readonly nulls?: readonly NullField[]
}

/**
 * The innermost record or union around it of that name: how a type contains itself. Within one
 * shape types of one name are one type.
 */
export interface RefShape {
  readonly kind: 'ref'
  readonly name: string
}

/** One of several records, told apart by a string literal under one key. */
export interface UnionShape {
  readonly kind: 'union'
  readonly name: string
  readonly discriminator: string
  readonly branches: readonly UnionBranch[]
}

/** The record of a branch leaves out the discriminator: it is implied by the branch. */
export interface UnionBranch {
  readonly literal: string
  readonly tag: number
  readonly record: RecordShape
  /**
   * In Avro the branch is the type of the only field, `value`, and null where there is none: what a
   * union of other than records is elsewhere.
   */
  readonly bare?: true
}

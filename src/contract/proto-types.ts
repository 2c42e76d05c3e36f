// Owns which Protobuf construct carries which shape: scalar types, presence, wrapper messages.
// Never writes: the exporter and the codec ask here, so that they cannot disagree.

import { findFault } from './check.ts'
import type { FieldShape, IntShape, ProtoInt, Shape } from './shape.ts'

const maxUint32 = 4_294_967_295

/** Two's complement where no value is negative or a .proto file says so, zigzag otherwise. */
export function isPlainInt(shape: IntShape): boolean {
  if (shape.proto !== undefined) return /^u?int/.test(shape.proto)
  return !canBeNegative(shape)
}

export function canBeNegative({ minimum }: IntShape): boolean {
  return minimum === undefined || minimum < 0
}

/** Four or eight bytes, whatever the value; 0 when it is a varint. */
export function fixedBytes({ proto }: IntShape): 0 | 4 | 8 {
  if (!proto?.includes('fixed')) return 0
  return proto.endsWith('32') ? 4 : 8
}

/** Can Protobuf write every value of the shape as that type? */
export function isProtoInt(shape: IntShape, proto: unknown): proto is ProtoInt {
  switch (proto) {
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return shape.bits === 32
    case 'uint32':
    case 'fixed32':
      return !shape.bigint && !canBeNegative(shape) && (shape.maximum ?? 2 ** 53) <= maxUint32
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return shape.bits === 64
    case 'uint64':
    case 'fixed64':
      return shape.bits === 64 && !canBeNegative(shape)
    default:
      return false
  }
}

/** The Protobuf name of a scalar's type; undefined for messages and enums. */
export function protoScalar(shape: Shape): string | undefined {
  switch (shape.kind) {
    case 'bool':
    case 'string':
    case 'bytes':
      return shape.kind
    case 'int':
      return shape.proto ?? `${isPlainInt(shape) ? '' : 's'}int${shape.bits}`
    case 'decimal':
      return 'string'
    case 'float':
      return shape.bits === 32 ? 'float' : 'double'
    default:
      return undefined
  }
}

/** 0 varint, 1 eight bytes, 2 sized, 5 four bytes. */
export function wireTypeOf(shape: Shape): 0 | 1 | 2 | 5 {
  switch (shape.kind) {
    case 'int': {
      const size = fixedBytes(shape)
      return size === 0 ? 0 : size === 4 ? 5 : 1
    }
    case 'bool':
    case 'enum':
      return 0
    case 'float':
      return shape.bits === 32 ? 5 : 1
    default:
      return 2
  }
}

/** Can the items of a list of it be written packed, one after the other under one tag? */
export function isPacked(items: Shape): boolean {
  return wireTypeOf(items) !== 2
}

/** May it be left out where it is zero, and read as zero where it is left out? */
export function isImplicit(field: FieldShape): boolean {
  return !hasPresence(field) && (field.always !== true || isRepeated(field.shape))
}

function isRepeated(shape: Shape): boolean {
  return shape.kind === 'list' || shape.kind === 'map'
}

function isEmpty(fallback: unknown): boolean {
  return typeof fallback === 'object' && fallback !== null && Object.keys(fallback).length === 0
}

/** Must absent and zero be told apart? Then a scalar is `optional`. */
export function hasPresence(field: FieldShape): boolean {
  return field.optional || field.nullable || field.fallback !== undefined
}

/**
 * Is a list or map field put into a message of its own? Protobuf cannot tell an absent list from
 * an empty one; no need when absent means empty.
 */
export function isWrapped(field: FieldShape): boolean {
  return isRepeated(field.shape) && hasPresence(field) && !isEmpty(field.fallback)
}

/** Are items or values of this shape put into a message of their own? Lists do not nest. */
export function isWrappedItem(shape: Shape): boolean {
  return isRepeated(shape)
}

/**
 * What a required field without default stands for when it is not on the wire, as JSON;
 * undefined when that is no value of the shape.
 */
export function zeroOf(shape: Shape): unknown {
  const zeros: Partial<Record<Shape['kind'], unknown>> = {
    bool: false,
    int: shape.kind === 'int' && shape.bigint ? 0n : 0,
    float: 0,
    string: '',
    bytes: new Uint8Array(0),
    list: [],
    map: {},
    enum: shape.kind === 'enum' && shape.numbers[0] === 0 ? shape.symbols[0] : undefined,
  }
  const zero = zeros[shape.kind]
  return zero === undefined || findFault(shape, zero) ? undefined : zero
}

/** JavaScript source of a zero. */
export function zeroSource(shape: Shape): string {
  switch (shape.kind) {
    case 'bool':
      return 'false'
    case 'string':
      return '""'
    case 'bytes':
      return 'new Uint8Array(0)'
    case 'list':
      return '[]'
    case 'map':
      return '({})'
    case 'enum':
      return JSON.stringify(shape.symbols[0])
    default:
      return shape.kind === 'int' && shape.bigint ? '0n' : '0'
  }
}

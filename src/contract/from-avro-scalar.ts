// Owns reading the parts of an Avro schema that hold no other: scalars, symbols, names of fields.
// Never reads a record, a list or a union.

import { type AvroPlace, invalidAvro, type Json } from './avro-place.ts'
import { isDecimal } from './decimal-text.ts'
import { isPattern } from './from-scalar.ts'
import { isLogicalBytes, isLogicalInt, isLogicalString, isNanos } from './logical.ts'
import { isEnumNumber, isFixedLength, isName, isTag, wireNameOf } from './names.ts'
import { isProtoInt } from './proto-types.ts'
import { unsupported } from './schema.ts'
import type { BytesShape, DecimalShape, EnumShape, FieldShape, IntShape, Shape } from './shape.ts'

/** The shape of a scalar type; undefined for everything else. */
export function scalarOf(given: Json, place: AvroPlace): Shape | undefined {
  switch (given.type) {
    case 'boolean':
      return { kind: 'bool' }
    case 'int':
    case 'long':
      return intOf(given, given.type, place)
    case 'float':
    case 'double':
      return {
        kind: 'float',
        bits: given.type === 'float' ? 32 : 64,
        ...numbersIn(given, ['minimum', 'maximum']),
      }
    case 'string':
      return {
        kind: 'string',
        ...numbersIn(given, ['minLength', 'maxLength']),
        ...(typeof given.pattern === 'string' && isPattern(given.pattern)
          ? { pattern: given.pattern }
          : {}),
        ...(isLogicalString(given.logicalType) && { logical: given.logicalType }),
      }
    case 'bytes':
      return decimalOf(given) ?? bytesOf(given, numbersIn(given, ['maxLength']))
    case 'null': {
      const hint = 'null goes with another type, in the union of a field'
      throw unsupported(place.path, 'null alone', hint)
    }
    default:
      return undefined
  }
}

/** Our own attributes: anything else under their names is passed over, as Avro says. */
function numbersIn(given: Json, keys: readonly string[]): object {
  const kept = keys.filter((key) => Number.isFinite(given[key]))
  return Object.fromEntries(kept.map((key) => [key, given[key]]))
}

function intOf(given: Json, type: 'int' | 'long', place: AvroPlace): Shape {
  const { logicalType } = given
  const isBig = given.bigint === true || place.int64 === 'bigint' || isNanos(logicalType)
  const bigint = type === 'long' && isBig
  const shape: IntShape = {
    kind: 'int',
    bits: type === 'int' ? 32 : 64,
    bigint,
    ...numbersIn(given, ['minimum', 'maximum']),
  }
  const logical = isLogicalInt(shape, logicalType) ? { logical: logicalType } : {}
  const proto = isProtoInt(shape, given.proto) ? { proto: given.proto } : {}
  return { ...shape, ...logical, ...proto }
}

export function symbolsOf(given: Json, name: string, place: AvroPlace): EnumShape {
  const { symbols, keys = symbols, numbers, default: unknown } = given
  const isList = Array.isArray(symbols) && symbols.length > 0 && new Set(symbols).size
  if (isList !== (symbols as unknown[] | undefined)?.length) {
    throw invalidAvro(place.path, 'an enum without symbols, or with one twice')
  }
  const wireNames = symbols as readonly unknown[]
  const names = Array.isArray(keys) && keys.length === wireNames.length ? keys : wireNames
  for (const symbol of [...wireNames, ...names]) {
    if (typeof symbol !== 'string' || !isName(symbol)) {
      throw invalidAvro(place.path, `the symbol ${JSON.stringify(symbol)}`)
    }
  }
  const at = wireNames.indexOf(unknown)
  if (unknown !== undefined && at < 0) throw invalidAvro(`${place.path}/default`, 'no symbol')
  return {
    kind: 'enum',
    name,
    symbols: [...names] as string[],
    numbers: isAscending(numbers, names.length) ? numbers : names.map((_, index) => index + 1),
    ...(at < 0 ? {} : { unknown: names[at] as string }),
  }
}

/** Undefined for what is no decimal, and where its digits are wrong: bytes then, as Avro asks. */
function decimalOf({ logicalType, precision, scale = 0, size }: Json): DecimalShape | undefined {
  if (logicalType !== 'decimal' || !isDecimal(precision, scale, size)) return undefined
  return { kind: 'decimal', precision: precision as number, scale: scale as number }
}

function bytesOf({ logicalType }: Json, more: Partial<BytesShape>): BytesShape {
  const shape: BytesShape = { kind: 'bytes', ...more }
  return isLogicalBytes(shape, logicalType) ? { ...shape, logical: logicalType } : shape
}

/** The bytes of a fixed, or a decimal; of a logical type that is none it is bytes, as Avro asks. */
export function fixedOf(given: Json, name: string, place: AvroPlace): BytesShape | DecimalShape {
  const { size } = given
  if (isFixedLength(size)) {
    const decimal = decimalOf(given)
    return decimal ? { ...decimal, length: size, name } : bytesOf(given, { length: size, name })
  }
  throw invalidAvro(`${place.path}/size`, `a fixed of ${JSON.stringify(size)} bytes`)
}

function isAscending(numbers: unknown, length: number): numbers is readonly number[] {
  if (!Array.isArray(numbers) || numbers.length !== length) return false
  return numbers.every(
    (one, index) => isEnumNumber(one) && (index === 0 || one > numbers[index - 1]),
  )
}

/** Names, tag and documentation of a field: ours where they are written, Avro's otherwise. */
export function fieldAttributes(
  given: Json,
  index: number,
  place: AvroPlace,
): Pick<FieldShape, 'name' | 'wireName' | 'tag' | 'doc'> {
  const { name: written, key, tag = index + 1, doc } = given
  if (typeof written !== 'string' || !isName(written)) {
    throw invalidAvro(`${place.path}/name`, `the name ${JSON.stringify(written)} of a field`)
  }
  // Some writers allow names that Avro does not; names are not on the wire.
  const wireName = wireNameOf(written)
  const name = typeof key === 'string' && isName(key) ? key : written
  if (!isTag(tag)) throw invalidAvro(`${place.path}/tag`, 'no field number')
  return { name, wireName, tag, ...(typeof doc === 'string' && doc !== '' ? { doc } : {}) }
}

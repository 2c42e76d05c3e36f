// Owns reading a shape that came as JSON from a stranger: over the door, or from a file.
// Never trusts a name, a number or a depth; what it returns is as good as one of our own.

import type { EarshotError } from '../base/errors.ts'
import { findFault } from './check.ts'
import { isDecimal } from './decimal-text.ts'
import { refuseEndless } from './endless.ts'
import { valueOfForm } from './fallback.ts'
import { isPattern } from './from-scalar.ts'
import { isLogicalBytes, isLogicalInt, isLogicalString } from './logical.ts'
import { isEnumNumber, isFixedLength, isName, isTag, pointerStep } from './names.ts'
import { partsOf } from './null-field.ts'
import {
  countAt,
  down,
  fail,
  flagAt,
  fresh,
  type Json,
  listAt,
  nameAt,
  numberAt,
  objectAt,
  oneOf,
  type Place,
  wireNameAt,
} from './parse-place.ts'
import { isProtoInt } from './proto-types.ts'
import type {
  BytesShape,
  DecimalShape,
  EnumShape,
  FieldShape,
  IntShape,
  NullField,
  RecordShape,
  Shape,
  StringShape,
  UnionShape,
} from './shape.ts'
import { isBox } from './union-box.ts'

const maxDepth = 64
const maxParts = 20_000

/**
 * A shape from its JSON, checked in every detail and rebuilt from what is known.
 * @throws EARSHOT_BYTES_INVALID with the path of the first fault.
 */
export function parseShape(json: unknown): Shape {
  const place: Place = { path: '', depth: 0, budget: { parts: maxParts }, around: new Set() }
  // A body of its own, and never a part of one.
  if (objectAt(json, place).kind === 'any') return { kind: 'any' }
  const shape = parse(json, place)
  try {
    refuseEndless(shape, '')
  } catch (error) {
    fail('', (error as EarshotError).message)
  }
  return shape
}

/** The errors of a channel: a record. @throws EARSHOT_BYTES_INVALID */
export function parseErrors(json: unknown): RecordShape {
  const shape = parseShape(json)
  return shape.kind === 'record' ? shape : fail('', 'errors are a record')
}

function parse(json: unknown, place: Place): Shape {
  if (place.depth > maxDepth) fail(place.path, 'nested too deeply')
  if (--place.budget.parts < 0) fail(place.path, 'too many parts')
  const data = objectAt(json, place)
  switch (data.kind) {
    case 'bool':
      return { kind: 'bool' }
    case 'int':
      return parseInt32Or64(data, place)
    case 'float':
      return {
        kind: 'float',
        bits: oneOf([32, 64], data.bits, place, 'bits'),
        ...numberAt(data, 'minimum', place),
        ...numberAt(data, 'maximum', place),
      }
    case 'string':
      return parseString(data, place)
    case 'bytes':
      return parseBytes(data, place)
    case 'decimal':
      return parseDecimal(data, place)
    case 'enum':
      return parseEnum(data, place)
    case 'list':
      return {
        kind: 'list',
        items: parse(data.items, down(place, 'items')),
        ...countAt(data, 'minItems', place),
        ...countAt(data, 'maxItems', place),
        ...(data.packed === undefined
          ? {}
          : { packed: oneOf([false] as const, data.packed, place, 'packed') }),
      }
    case 'map':
      return { kind: 'map', values: parse(data.values, down(place, 'values')) }
    case 'record':
      return parseRecord(data, place)
    case 'union':
      return parseUnion(data, place)
    case 'ref': {
      const name = wireNameAt(data, 'name', place)
      if (!place.around.has(name)) fail(`${place.path}/name`, 'nothing around it is called so')
      return { kind: 'ref', name }
    }
    default:
      return fail(place.path, 'no known kind')
  }
}

function patternAt(data: Json, place: Place): { pattern?: string } {
  const { pattern } = data
  if (pattern === undefined) return {}
  if (typeof pattern !== 'string' || !isPattern(pattern))
    fail(`${place.path}/pattern`, 'no pattern')
  return { pattern }
}

function parseInt32Or64(data: Json, place: Place): IntShape {
  const bigint = flagAt(data, 'bigint', place)
  const bits = oneOf([32, 64] as const, data.bits, place, 'bits')
  if (bigint && bits === 32) fail(place.path, 'a bigint has 64 bits')
  for (const key of ['minimum', 'maximum']) {
    if (data[key] !== undefined && !Number.isInteger(data[key])) {
      fail(place.path + pointerStep(key), 'not a whole number')
    }
  }
  const shape: IntShape = {
    kind: 'int',
    bits,
    bigint,
    ...numberAt(data, 'minimum', place),
    ...numberAt(data, 'maximum', place),
  }
  const { logical, proto } = data
  if (logical !== undefined && !isLogicalInt(shape, logical)) failLogical(place)
  if (proto !== undefined && !isProtoInt(shape, proto)) {
    fail(`${place.path}/proto`, 'no integer of Protobuf that fits')
  }
  return { ...shape, ...(logical && { logical }), ...(proto && { proto }) }
}

function failLogical(place: Place): never {
  fail(`${place.path}/logical`, 'no logical type of it')
}

function parseString(data: Json, place: Place): StringShape {
  const { logical } = data
  if (logical !== undefined && !isLogicalString(logical)) failLogical(place)
  return {
    kind: 'string',
    ...countAt(data, 'minLength', place),
    ...countAt(data, 'maxLength', place),
    ...patternAt(data, place),
    ...(logical && { logical }),
  }
}

function parseBytes(data: Json, place: Place): BytesShape {
  const { length, logical } = data
  if (length !== undefined && !isFixedLength(length)) fail(`${place.path}/length`, 'not a length')
  const shape: BytesShape =
    length === undefined
      ? { kind: 'bytes', ...countAt(data, 'maxLength', place) }
      : { kind: 'bytes', length, name: wireNameAt(data, 'name', place) }
  if (logical !== undefined && !isLogicalBytes(shape, logical)) failLogical(place)
  return { ...shape, ...(logical && { logical }) }
}

function parseDecimal(data: Json, place: Place): DecimalShape {
  const { precision, scale, length } = data
  if (!isDecimal(precision, scale, length)) fail(place.path, 'not the digits of a decimal')
  const digits = { precision: precision as number, scale: scale as number }
  if (length === undefined) return { kind: 'decimal', ...digits }
  const name = wireNameAt(data, 'name', place)
  return { kind: 'decimal', ...digits, length: length as number, name }
}

function parseEnum(data: Json, place: Place): EnumShape {
  const symbols = listAt(data, 'symbols', place)
  const numbers = listAt(data, 'numbers', place)
  if (symbols.length === 0) fail(`${place.path}/symbols`, 'empty')
  if (symbols.length !== numbers.length) fail(`${place.path}/numbers`, 'not as many as symbols')
  const seen = new Set<string>()
  let last = -1
  symbols.forEach((symbol, index) => {
    const path = `${place.path}/symbols/${index}`
    if (typeof symbol !== 'string' || !isName(symbol)) fail(path, 'not a symbol')
    fresh(seen, symbol, path, 'a symbol')
    const number = numbers[index]
    if (!isEnumNumber(number) || number <= last) {
      fail(`${place.path}/numbers/${index}`, 'not a larger number than the one before')
    }
    last = number
  })
  return {
    kind: 'enum',
    name: wireNameAt(data, 'name', place),
    symbols: [...symbols] as string[],
    numbers: [...numbers] as number[],
    ...(data.unknown === undefined
      ? {}
      : { unknown: oneOf(symbols as readonly string[], data.unknown, place, 'unknown') }),
  }
}

/** The place inside a type of that name. */
function within(place: Place, name: string): Place {
  return { ...place, around: new Set(place.around).add(name) }
}

function parseRecord(data: Json, outer: Place): RecordShape {
  const name = wireNameAt(data, 'name', outer)
  const place = within(outer, name)
  const names = new Set<string>()
  const wireNames = new Set<string>()
  const tags = new Set<number>()
  const partsAt = <T extends NullField>(key: string, parse: (data: Json, at: Place) => T): T[] => {
    let last = 0
    return listAt(data, key, place).map((item, index) => {
      const at = down(place, key, index)
      const part = parse(objectAt(item, at), at)
      fresh(names, part.name, at.path, 'a name')
      fresh(wireNames, part.wireName, at.path, 'a wire name')
      if (part.tag <= last) fail(`${at.path}/tag`, 'not larger than the one before')
      last = fresh(tags, part.tag, `${at.path}/tag`, 'a tag')
      return part
    })
  }
  const fields = partsAt('fields', parseField)
  if (data.nulls === undefined) return { kind: 'record', name, fields }
  const nulls = partsAt('nulls', parseNull)
  if (nulls.length === 0) fail(`${place.path}/nulls`, 'empty')
  return { kind: 'record', name, fields, nulls }
}

function parseNull(data: Json, place: Place): NullField {
  if (!isTag(data.tag)) fail(`${place.path}/tag`, 'not a field number')
  return {
    name: nameAt(data, 'name', place),
    wireName: wireNameAt(data, 'wireName', place),
    tag: data.tag,
    ...docAt(data, place),
  }
}

function docAt({ doc }: Json, place: Place): { readonly doc?: string } {
  if (doc === undefined) return {}
  return typeof doc === 'string' ? { doc } : fail(`${place.path}/doc`, 'no text')
}

function parseField(data: Json, place: Place): FieldShape {
  const { doc, ...base } = parseNull(data, place)
  const nullLast = data.nullLast === undefined ? {} : { nullLast: nullLastAt(data, place) }
  const always =
    data.always === undefined
      ? {}
      : { always: oneOf([true] as const, data.always, place, 'always') }
  const field: FieldShape = {
    ...nullLast,
    ...always,
    ...base,
    shape: parse(data.shape, down(place, 'shape')),
    optional: flagAt(data, 'optional', place),
    nullable: flagAt(data, 'nullable', place),
  }
  const told = doc === undefined ? {} : { doc }
  const { fallback, missing } = data
  const fits = (form: unknown): boolean =>
    !findFault(field.shape, valueOfForm(field.shape, form), { finite: true })
  if (missing !== undefined && (!field.nullable || fallback !== undefined || !fits(missing))) {
    fail(`${place.path}/missing`, 'not a value of the shape, or not needed')
  }
  if (fallback === undefined)
    return { ...field, ...(missing !== undefined && { missing }), ...told }
  const isFit = field.nullable ? fallback === null : fits(fallback)
  if (!isFit) fail(`${place.path}/fallback`, 'not a value of the shape')
  return { ...field, fallback, ...told }
}

function nullLastAt(data: Json, place: Place): true {
  const isLoose = data.optional === true || data.nullable === true
  if (!isLoose || data.nullLast !== true) fail(`${place.path}/nullLast`, 'no place for null')
  return true
}

function parseUnion(data: Json, outer: Place): UnionShape {
  const name = wireNameAt(data, 'name', outer)
  const place = within(outer, name)
  const discriminator = nameAt(data, 'discriminator', place)
  const literals = new Set<string>()
  let last = 0
  const branches = listAt(data, 'branches', place).map((item, index) => {
    const at = down(place, 'branches', index)
    const branch = objectAt(item, at)
    const literal = fresh(literals, nameAt(branch, 'literal', at), at.path, 'a literal')
    if (!isTag(branch.tag) || branch.tag <= last) {
      fail(`${at.path}/tag`, 'not a larger number than the one before')
    }
    last = branch.tag
    const record = parse(branch.record, down(at, 'record'))
    if (record.kind !== 'record') fail(`${at.path}/record`, 'not a record')
    if (partsOf(record).some((field) => field.name === discriminator)) {
      fail(`${at.path}/record`, 'a field called as the discriminator')
    }
    if (branch.bare === undefined) return { literal, tag: branch.tag, record }
    if (branch.bare !== true || !isBox(record)) fail(`${at.path}/bare`, 'no only field')
    return { literal, tag: branch.tag, record, bare: true as const }
  })
  if (branches.length === 0) fail(`${place.path}/branches`, 'empty')
  return { kind: 'union', name, discriminator, branches }
}

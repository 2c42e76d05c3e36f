import avsc from 'avsc'
import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import type { BodyCodec, Format } from '../../src/codec/codec.ts'
import { formats } from '../../src/codec/formats.ts'
import { resolve } from '../../src/codec/resolve.ts'
import { Decimal } from '../../src/contract/decimal.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { thrownBy } from './thrown.ts'

const room = Buffer.alloc(4_096)

function trip(codec: BodyCodec, value: unknown): unknown {
  return codec.decode(room, 0, codec.encodeInto(value, room, 0))
}

function price(precision: number, scale: number): Shape {
  return shapeOf(Type.Object({ x: Decimal({ precision, scale }) }), 'Body')
}

function compile(format: Format, type: TSchema): BodyCodec {
  return format.compile(shapeOf(type, 'Body'), defaultLimits)
}

function read(codec: BodyCodec, bytes: readonly number[]): unknown {
  return codec.decode(Buffer.from(bytes), 0, bytes.length)
}

describe.each(formats.map((format) => [format.codec, format] as const))('%s', (_, format) => {
  test.each([
    [10, 2, '-12.3', '-12.30'],
    [10, 2, '7', '7.00'],
    [10, 2, '-0.0', '0.00'],
    [10, 2, '-0.01', '-0.01'],
    [10, 2, '99999999.99', '99999999.99'],
    [3, 3, '0.5', '0.500'],
    [3, 0, '-0', '0'],
    [3, 0, '-128', '-128'],
    [40, 5, `-${'9'.repeat(35)}.9`, `-${'9'.repeat(35)}.90000`],
    [1000, 0, '9'.repeat(1000), '9'.repeat(1000)],
  ])('decimal(%i, %i): %s arrives in its one form', (precision, scale, value, whole) => {
    expect(trip(format.compile(price(precision, scale), defaultLimits), { x: value })).toEqual({
      x: whole,
    })
  })

  test.each(['1.234', '100000000', '01', '+1', '1e3', '.5', '1.', '', ' 1', '1,5', 'NaN', 1, 1n])(
    'decimal(10, 2): %s is refused before it goes out, with its path',
    (value) => {
      const codec = format.compile(price(10, 2), defaultLimits)
      const error = thrownBy(() => codec.encodeInto({ x: value }, room, 0))
      expect(error?.code).toBe('EARSHOT_BODY_INVALID')
      expect(error?.path).toBe('/x')
      expect(error?.message).toContain('at most 8 digits before the point')
    },
  )

  test('more digits than the type has are refused when they arrive, with their path', () => {
    const wide = format.compile(price(12, 2), defaultLimits)
    const end = wide.encodeInto({ x: '1234567890.00' }, room, 0)
    const narrow = format.compile(price(10, 2), defaultLimits)
    const error = thrownBy(() => narrow.decode(room, 0, end))
    expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
    expect(error?.path).toBe('/x')
    // Who knows the writer's version reads what that one promises.
    const resolved = resolve(format.codec, price(12, 2), price(10, 2))
    expect(resolved.decode(room, 0, end)).toEqual({ x: '1234567890.00' })
  })

  test('a writer with another number of digits after the point is not read at all', () => {
    const error = thrownBy(() => resolve(format.codec, price(10, 2), price(12, 4)))
    expect(error?.code).toBe('EARSHOT_CONTRACT_MISMATCH')
    expect(error?.path).toBe('/x')
  })

  test('a default stands in its one form where the field is absent', () => {
    const x = Type.Optional(Decimal({ precision: 5, scale: 2, default: '-1.5' }))
    expect(trip(compile(format, Type.Object({ x })), {})).toEqual({ x: '-1.50' })
  })

  test('what others write with fewer digits is read in its one form', () => {
    if (format.codec === 'avro') return
    const text = compile(format, Type.Object({ x: Type.String() }))
    const end = text.encodeInto({ x: '-0.0' }, room, 0)
    const codec = format.compile(price(10, 2), defaultLimits)
    expect(codec.decode(room, 0, end)).toEqual({ x: '0.00' })
    const wrong = text.encodeInto({ x: '1e3' }, room, 0)
    expect(thrownBy(() => codec.decode(room, 0, wrong))?.code).toBe('EARSHOT_BYTES_INVALID')
  })
})

describe('avro', () => {
  const small = compile(avro, Decimal({ precision: 4, scale: 2 }))
  const fixed = compile(avro, Decimal({ precision: 4, scale: 2, length: 5 }))

  test.each([
    ['0', [2, 0]],
    ['-0.01', [2, 255]],
    ['1.27', [2, 127]],
    ['1.28', [4, 0, 128]],
    ['-1.28', [2, 128]],
    ['-1.29', [4, 255, 127]],
    ['99.99', [4, 39, 15]],
  ])('%s is the shortest two’s complement of the unscaled integer', (value, bytes) => {
    expect([...room.subarray(0, small.encodeInto(value, room, 0))]).toEqual(bytes)
    const sign = value.startsWith('-') ? 255 : 0
    const body = bytes.slice(1)
    const padded = [...new Array<number>(5 - body.length).fill(sign), ...body]
    expect([...room.subarray(0, fixed.encodeInto(value, room, 0))]).toEqual(padded)
    expect(read(fixed, padded)).toBe(read(small, bytes))
  })

  test.each([
    ['no byte at all', [0]],
    ['a length below zero', [1]],
    ['more bytes than the precision has', [6, 0, 0, 1]],
    ['a length beyond what is left', [4, 1]],
    ['a length beyond all memory', [254, 255, 255, 255, 255, 255, 255, 31]],
    ['a digit too many', [4, 39, 16]],
  ])('refuses %s', (_, bytes) => {
    expect(thrownBy(() => read(small, bytes))?.code).toBe('EARSHOT_BYTES_INVALID')
  })

  test('a fixed that is not filled by its sign is refused', () => {
    expect(thrownBy(() => read(fixed, [1, 0, 0, 0, 0]))?.code).toBe('EARSHOT_BYTES_INVALID')
    expect(thrownBy(() => read(fixed, [0, 0, 0, 0]))?.code).toBe('EARSHOT_BYTES_INVALID')
  })

  test('avsc gets the integer that it would have written', () => {
    const amount = { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 4 }
    const page = { type: 'fixed', name: 'Page', size: 9, logicalType: 'decimal', precision: 20 }
    const schema = {
      type: 'record',
      name: 'Bill',
      fields: [
        { name: 'amount', type: amount, default: '\u00ff' },
        { name: 'page', type: page },
        { name: 'more', type: ['null', amount, 'Page'], default: null },
      ],
    }
    const codec = avro.compile(fromAvro(schema), defaultLimits)
    const value = { amount: '-12.3', page: '300', more: { kind: 'Page', value: '-2' } }
    const end = codec.encodeInto(value, room, 0)
    const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true })
    const theirs = type.toBuffer({
      amount: Buffer.from((-123_000n & 0xffffffn).toString(16), 'hex'),
      page: Buffer.from('00000000000000012c', 'hex'),
      more: { Page: Buffer.from('fffffffffffffffffe', 'hex') },
    })
    expect(room.subarray(0, end).toString('hex')).toBe(theirs.toString('hex'))
    expect(codec.decode(theirs, 0, theirs.length)).toEqual({ ...value, amount: '-12.3000' })
    const least = { page: '0', more: { kind: 'bytes', value: '1' } }
    expect(trip(codec, least)).toMatchObject({ amount: '-0.0001', more: { value: '1.0000' } })
  })
})

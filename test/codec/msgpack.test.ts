import { isDeepStrictEqual } from 'node:util'
import { Packr, Unpackr } from 'msgpackr'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import type { BodyCodec } from '../../src/codec/codec.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { compareMany } from './many.ts'
import { forMsgpackr, hasBigInt } from './oracle.ts'
import { thrownBy } from './thrown.ts'
import { expected } from './values.ts'

const room = Buffer.alloc(1 << 20)
const packr = new Packr({ useRecords: false, variableMapSize: true })
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' })
const bigUnpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint' })

function withoutMinusZero(value: unknown): unknown {
  if (value === 0) return 0
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(withoutMinusZero)
  const entries = Object.entries(value).map(([key, item]) => [key, withoutMinusZero(item)])
  return Object.fromEntries(entries)
}

function read(codec: BodyCodec, text: string): unknown {
  const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex')
  return codec.decode(bytes, 0, bytes.length)
}

function compile(type: Parameters<typeof shapeOf>[0]): BodyCodec {
  return msgpack.compile(shapeOf(type, 'Body'), defaultLimits)
}

test(`msgpackr and we read what the other writes (EARSHOT_SEED=${seed})`, () => {
  const plainShapes = shapes.filter((shape) => shape.kind !== 'bytes' && !hasBigInt(shape))
  compareMany(plainShapes, false, (shape) => {
    const codec = msgpack.compile(shape, defaultLimits)
    return (value) => {
      const { room, end } = encoded(codec, value)
      const ours = Buffer.from(room.subarray(0, end))
      const wanted = withoutMinusZero(expected(shape, value, 'msgpack'))
      const theirs = packr.pack(forMsgpackr(shape, value))
      expect(isDeepStrictEqual(codec.decode(theirs, 0, theirs.length), wanted)).toBe(true)
      // Through their reader and writer and ours: nothing is lost but the sign of -0.
      const again = packr.pack(unpackr.unpack(ours))
      expect(isDeepStrictEqual(codec.decode(again, 0, again.length), wanted)).toBe(true)
      return true
    }
  })
})

test('a whole number is written as an integer, never as a float', () => {
  const codec = compile(Type.Integer())
  const end = codec.encodeInto(1_750_000_000_123, room, 0)
  expect(room.subarray(0, end).toString('hex')).toBe('d3000001977420dc7b')
  expect(bigUnpackr.unpack(room.subarray(0, end))).toBe(1_750_000_000_123n)
})

test('integers are read in every form, floats without fraction too', () => {
  const codec = compile(Type.Integer())
  const forms = ['05', 'cc05', 'cd0005', 'ce00000005', 'cf0000000000000005', 'd005', 'd10005']
  forms.push('d200000005', 'd30000000000000005', 'ca40a00000', 'cb4014000000000000')
  for (const form of forms) expect(read(codec, form)).toBe(5)
  for (const form of ['ff', 'd0ff', 'd1ffff', 'd2ffffffff', 'd3ffffffffffffffff']) {
    expect(read(codec, form)).toBe(-1)
  }
  const refused = ['cf0020000000000000', 'cb3ff8000000000000', 'c0', 'a135', 'c1']
  for (const form of refused) {
    expect(thrownBy(() => read(codec, form))?.code).toBe('EARSHOT_BYTES_INVALID')
  }
})

test('keys are read in any order, unknown ones are skipped, nil is absent', () => {
  const codec = compile(
    Type.Object({
      a: Type.Integer(),
      b: Type.Optional(Type.String()),
      c: Type.Boolean(),
    }),
  )
  expect(read(codec, '83 a161 01 a162 a178 a163 c3')).toStrictEqual({ a: 1, b: 'x', c: true })
  expect(read(codec, '82 a163 c3 a161 01')).toStrictEqual({ a: 1, c: true })
  expect(read(codec, '84 a17a 92c0 8101a0 a161 01 a162 c0 a163 c3')).toStrictEqual({
    a: 1,
    c: true,
  })
})

test('a union is read wherever its discriminator stands', () => {
  const codec = compile(
    Type.Union([
      Type.Object({ kind: Type.Literal('a'), n: Type.Integer() }),
      Type.Object({ kind: Type.Literal('b'), s: Type.String() }),
    ]),
  )
  expect(read(codec, '82 a46b696e64 a161 a16e 07')).toStrictEqual({ kind: 'a', n: 7 })
  expect(read(codec, '82 a16e 07 a46b696e64 a161')).toStrictEqual({ kind: 'a', n: 7 })
  expect(thrownBy(() => read(codec, '81 a16e 07'))?.code).toBe('EARSHOT_BYTES_INVALID')
})

test('extension types are refused, also where they would be skipped', () => {
  const codec = compile(Type.Object({ a: Type.Integer() }))
  for (const body of ['82 a161 01 a162 d4ff00', '82 a161 01 a162 c70100ff', '81 a161 d47240']) {
    expect(thrownBy(() => read(codec, body))?.code).toBe('EARSHOT_BYTES_INVALID')
  }
})

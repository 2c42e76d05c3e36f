import { isDeepStrictEqual } from 'node:util'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import type { BodyCodec } from '../../src/codec/codec.ts'
import { json } from '../../src/codec/json.ts'
import { Bytes } from '../../src/contract/bytes.ts'
import { jsonForm } from '../../src/contract/fallback.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { compareMany } from './many.ts'
import { thrownBy } from './thrown.ts'
import { expected } from './values.ts'

function write(codec: BodyCodec, value: unknown): string {
  const { room, end } = encoded(codec, value)
  return room.toString('utf8', 0, end)
}

function read(codec: BodyCodec, text: string): unknown {
  const bytes = Buffer.from(text)
  return codec.decode(bytes, 0, bytes.length)
}

function compile(type: Parameters<typeof shapeOf>[0]): BodyCodec {
  return json.compile(shapeOf(type, 'Body'), defaultLimits)
}

test(`writes what JSON.stringify writes of the same value (EARSHOT_SEED=${seed})`, () => {
  const sameText = shapes.filter((shape) => {
    return shape.kind !== 'bytes' && !JSON.stringify(shape).includes('"fallback"')
  })
  compareMany(sameText, true, (shape) => {
    const codec = json.compile(shape, defaultLimits)
    return (value) => {
      const plain = JSON.stringify(jsonForm(shape, value))
      expect(write(codec, value)).toBe(plain)
      const decoded = read(codec, plain)
      expect(isDeepStrictEqual(decoded, expected(shape, value, 'json'))).toBe(true)
      return true
    }
  })
})

test('a bigint is decimal text, bytes are base64', () => {
  const codec = compile(Type.Object({ n: Type.BigInt(), b: Bytes() }))
  const value = { n: -(2n ** 63n), b: new Uint8Array([1, 2, 3, 4]) }
  expect(write(codec, value)).toBe('{"n":"-9223372036854775808","b":"AQIDBA=="}')
  expect(read(codec, write(codec, value))).toStrictEqual(value)
  for (const wrong of [
    '{"n":1,"b":""}',
    '{"n":"1","b":"A"}',
    '{"n":"9223372036854775808","b":""}',
  ]) {
    expect(thrownBy(() => read(codec, wrong))?.code).toBe('EARSHOT_BYTES_INVALID')
  }
})

test('NaN and the infinities are refused with path', () => {
  const codec = compile(Type.Object({ list: Type.Array(Type.Number()) }))
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const error = thrownBy(() => write(codec, { list: [1, wrong] }))
    expect(error?.code).toBe('EARSHOT_BODY_INVALID')
    expect(error?.path).toBe('/list/1')
  }
})

test('a half-filled object is never handed out', () => {
  const codec = compile(
    Type.Object({ a: Type.Object({ list: Type.Array(Type.Object({ sku: Type.String() })) }) }),
  )
  const error = thrownBy(() => read(codec, '{"a":{"list":[{"sku":"x"},{}]}}'))
  expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
  expect(error?.path).toBe('/a/list/1/sku')
})

test('a key called __proto__ is refused however it is written; as text it is welcome', () => {
  const codec = compile(Type.Object({ m: Type.Record(Type.String(), Type.String()) }))
  for (const body of [
    '{"m":{"__proto__":"x"}}',
    '{"m":{"\\u005f_proto__":"x"}}',
    '{"m":{},"other":{"__proto__":{}}}',
  ]) {
    expect(thrownBy(() => read(codec, body))?.code).toBe('EARSHOT_BYTES_INVALID')
  }
  const value = { m: { note: 'about __proto__ and \\u005f' } }
  expect(read(codec, write(codec, value))).toEqual(value)
})

test('lone surrogates are refused both ways', () => {
  const codec = compile(Type.Object({ s: Type.String() }))
  expect(thrownBy(() => write(codec, { s: 'a\ud800' }))?.path).toBe('/s')
  expect(thrownBy(() => read(codec, '{"s":"\\ud800"}'))?.code).toBe('EARSHOT_BYTES_INVALID')
})

test('a required field that is null is written as null and read from null or absence', () => {
  const codec = compile(Type.Object({ n: Type.Union([Type.Integer(), Type.Null()]) }))
  expect(write(codec, { n: null })).toBe('{"n":null}')
  expect(read(codec, '{"n":null}')).toStrictEqual({ n: null })
  expect(read(codec, '{}')).toStrictEqual({ n: null })
})

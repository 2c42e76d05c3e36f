import { isDeepStrictEqual } from 'node:util'
import protobufjs from 'protobufjs'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import type { BodyCodec } from '../../src/codec/codec.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { protoOf, protoRootOf } from '../../src/contract/to-proto.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { compareMany } from './many.ts'
import { forProtobufjs } from './oracle.ts'
import { thrownBy } from './thrown.ts'
import { expected } from './values.ts'

function theirType(shape: Shape): protobufjs.Type {
  return protobufjs.parse(protoOf(shape), { keepCase: true }).root.lookupType(protoRootOf(shape))
}

function hex(codec: BodyCodec, value: unknown): string {
  const { room, end } = encoded(codec, value)
  return room.toString('hex', 0, end)
}

function read(codec: BodyCodec, text: string): unknown {
  const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex')
  return codec.decode(bytes, 0, bytes.length)
}

function compile(type: Parameters<typeof shapeOf>[0]): BodyCodec {
  return protobuf.compile(shapeOf(type, 'Body'), defaultLimits)
}

test(`writes the bytes that protobufjs writes, and reads them (EARSHOT_SEED=${seed})`, () => {
  const messages = shapes.filter((shape) => shape.kind !== 'bytes')
  compareMany(messages, false, (shape) => {
    const codec = protobuf.compile(shape, defaultLimits)
    const type = theirType(shape)
    return (value) => {
      const theirs = Buffer.from(type.encode(forProtobufjs(shape, value)).finish())
      expect(hex(codec, value)).toBe(theirs.toString('hex'))
      const decoded = codec.decode(theirs, 0, theirs.length)
      expect(isDeepStrictEqual(decoded, expected(shape, value, 'protobuf'))).toBe(true)
      return true
    }
  })
})

test('a required scalar that is zero is not written, and read as zero', () => {
  const type = {
    n: Type.Integer(),
    s: Type.String(),
    b: Type.Boolean(),
    l: Type.Array(Type.Null()),
  }
  const codec = compile(Type.Object({ n: type.n, s: type.s, b: type.b }))
  expect(hex(codec, { n: 0, s: '', b: false })).toBe('')
  expect(read(codec, '')).toEqual({ n: 0, s: '', b: false })
})

test('an optional scalar that is zero is written, and told from an absent one', () => {
  const codec = compile(Type.Object({ n: Type.Optional(Type.Integer()) }))
  expect(hex(codec, { n: 0 })).toBe('0800')
  expect(read(codec, '0800')).toStrictEqual({ n: 0 })
  expect(read(codec, '')).toStrictEqual({})
})

test('zero with a default that is not zero is written', () => {
  const codec = compile(Type.Object({ n: Type.Integer({ default: 7 }) }))
  expect(read(codec, hex(codec, { n: 0 }))).toEqual({ n: 0 })
  expect(read(codec, '')).toEqual({ n: 7 })
})

test('what is absent and has no zero that fits is missing, with path', () => {
  const codec = compile(
    Type.Object({
      list: Type.Array(Type.Object({ n: Type.Integer({ minimum: 1 }) })),
    }),
  )
  const error = thrownBy(() => read(codec, '0a02 0801 0a00'))
  expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
  expect(error?.path).toBe('/list/1/n')
})

test('an absent list is told from an empty one by a message of its own', () => {
  const codec = compile(Type.Object({ l: Type.Optional(Type.Array(Type.Integer())) }))
  expect(hex(codec, { l: [] })).toBe('0a00')
  expect(read(codec, '0a00')).toStrictEqual({ l: [] })
  expect(read(codec, '')).toStrictEqual({})
})

test('reads fields in any order, lists packed or not, and skips what it does not know', () => {
  const codec = compile(
    Type.Object({
      n: Type.Integer({ minimum: 0 }),
      l: Type.Array(Type.Integer({ minimum: 0 })),
      s: Type.String(),
    }),
  )
  const wanted = { n: 5, l: [1, 2, 3], s: 'x' }
  expect(read(codec, '0805 1203010203 1a0178')).toEqual(wanted)
  expect(read(codec, '1a0178 1001 1002 1003 0805')).toEqual(wanted)
  expect(read(codec, '1a0178 1001 12020203 0805 f80101 fa0102ffff fd0100000000')).toEqual(wanted)
  expect(read(codec, '7b 08017b7c 7c 0805 1203010203 1a0178')).toEqual(wanted)
})

test('int32 that is never negative is int32, otherwise sint32', () => {
  const plain = Type.Integer({ minimum: 0, maximum: 100 })
  const proto = protoOf(
    shapeOf(Type.Object({ a: plain, b: Type.Integer({ format: 'int32' }), c: Type.BigInt() }), 'R'),
  )
  expect(proto).toContain('int32 a = 1;')
  expect(proto).toContain('sint32 b = 2;')
  expect(proto).toContain('sint64 c = 3;')
})

import { isDeepStrictEqual } from 'node:util'
import avsc from 'avsc'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { compareMany } from './many.ts'
import { forAvsc, hasBigInt } from './oracle.ts'
import { thrownBy } from './thrown.ts'
import { expected } from './values.ts'

const room = Buffer.alloc(1 << 20)

function avscType(shape: Shape): avsc.Type {
  // The declared type of a schema is narrower than what forSchema takes.
  const schema = avroSchemaOf(shape) as avsc.Schema
  return avsc.Type.forSchema(schema, { wrapUnions: true })
}

/** Beyond ±2^52 avsc loses the last bit of a negative long, and refuses the largest ones. */
function holdsHuge(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) > 2 ** 52
  if (typeof value !== 'object' || value === null) return false
  return !Buffer.isBuffer(value) && Object.values(value).some(holdsHuge)
}

test(`writes the bytes that avsc writes, and reads them (EARSHOT_SEED=${seed})`, () => {
  const plainShapes = shapes.filter((shape) => !hasBigInt(shape) && shape.kind !== 'bytes')
  compareMany(plainShapes, false, (shape) => {
    const codec = avro.compile(shape, defaultLimits)
    const type = avscType(shape)
    return (value) => {
      const plain = forAvsc(shape, value)
      if (holdsHuge(plain)) return false
      const theirs = type.toBuffer(plain)
      const { room, end } = encoded(codec, value)
      expect(room.toString('hex', 0, end)).toBe(theirs.toString('hex'))
      const decoded = codec.decode(theirs, 0, theirs.length)
      expect(isDeepStrictEqual(decoded, expected(shape, value, 'avro'))).toBe(true)
      return true
    }
  })
})

test('writes a bigint as the long that it is', () => {
  const shape = shapeOf(Type.BigInt(), 'Body')
  const codec = avro.compile(shape, defaultLimits)
  for (const [value, hex] of [
    [2n ** 63n - 1n, 'feffffffffffffffff01'],
    [-(2n ** 63n), 'ffffffffffffffffff01'],
    [-1n, '01'],
  ] as const) {
    expect(room.subarray(0, codec.encodeInto(value, room, 0)).toString('hex')).toBe(hex)
    const bytes = Buffer.from(hex, 'hex')
    expect(codec.decode(bytes, 0, bytes.length)).toBe(value)
  }
})

test('writes the longs exactly that avsc cannot', () => {
  const codec = avro.compile(shapeOf(Type.Integer(), 'Body'), defaultLimits)
  for (const [value, hex] of [
    [-(2 ** 52) - 1, '8180808080808010'],
    [2 ** 53 - 1, 'feffffffffffff1f'],
    [-(2 ** 53) + 1, 'fdffffffffffff1f'],
  ] as const) {
    const end = codec.encodeInto(value, room, 0)
    expect(room.subarray(0, end).toString('hex')).toBe(hex)
    expect(codec.decode(room, 0, end)).toBe(value)
  }
})

test('reads lists and maps in several blocks, with and without sizes', () => {
  const list = avro.compile(shapeOf(Type.Array(Type.Integer()), 'L'), defaultLimits)
  const blocks = Buffer.from([4, 2, 4, 1, 2, 6, 2, 8, 0])
  expect(list.decode(blocks, 0, blocks.length)).toEqual([1, 2, 3, 4])
  const map = avro.compile(shapeOf(Type.Record(Type.String(), Type.Integer()), 'M'), defaultLimits)
  const pairs = Buffer.from([2, 2, 97, 2, 1, 6, 2, 98, 4, 0])
  expect(map.decode(pairs, 0, pairs.length)).toEqual({ a: 1, b: 2 })
})

test('writes the default of a required field that is left out', () => {
  const shape = shapeOf(Type.Object({ n: Type.Integer({ default: 3 }) }), 'R')
  const codec = avro.compile(shape, defaultLimits)
  expect(room.subarray(0, codec.encodeInto({}, room, 0)).toString('hex')).toBe('06')
})

test('the schema carries names, defaults and logical types that avsc accepts', () => {
  const type = Type.Object({
    'a-b': Type.Integer({ default: 5 }),
    at: Type.Integer({ format: 'timestamp-millis' }),
    note: Type.Optional(Type.String({ description: 'why' })),
    tags: Type.Array(Type.String(), { default: ['x'] }),
    state: Type.Union([Type.Literal('in-work'), Type.Literal('done')], { default: 'done' }),
  })
  const schema = avroSchemaOf(shapeOf(type, 'Job'))
  expect(schema).toEqual({
    type: 'record',
    name: 'Job',
    fields: [
      { name: 'a_b', type: 'long', default: 5, key: 'a-b' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'note', type: ['null', 'string'], default: null, doc: 'why' },
      { name: 'tags', type: { type: 'array', items: 'string' }, default: ['x'] },
      {
        name: 'state',
        type: {
          type: 'enum',
          name: 'Job_state',
          symbols: ['in_work', 'done'],
          keys: ['in-work', 'done'],
        },
        default: 'done',
      },
    ],
  })
  expect(() => avsc.Type.forSchema(schema as avsc.Schema)).not.toThrow()
})

test('refuses two types of one name, which Avro cannot have', () => {
  const record = { kind: 'record', name: 'R', fields: [] } as const
  const shape: Shape = {
    kind: 'record',
    name: 'R',
    fields: [{ name: 'a', wireName: 'a', tag: 1, shape: record, optional: false, nullable: false }],
  }
  expect(thrownBy(() => avro.compile(shape, defaultLimits))?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
})

// Logical types of Avro are names for what stands beneath: kept everywhere, and no other bytes.

import avsc from 'avsc'
import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import { Bytes } from '../../src/contract/bytes.ts'
import { canonicalShape, shapeId } from '../../src/contract/canonical.ts'
import { compat } from '../../src/contract/compat.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { parseShape } from '../../src/contract/parse-shape.ts'
import type { RecordShape, Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { toJsonSchema } from '../../src/contract/to-json-schema.ts'
import { toTypeScript } from '../../src/contract/to-typescript.ts'
import { encoded } from '../codec/encoded.ts'
import { thrownBy } from '../codec/thrown.ts'

const id = new Uint8Array(16).fill(7)
const span = new Uint8Array(12).fill(3)

/** Beneath, name, a value, and what TypeScript is written for it. */
const kept: readonly [type: string | object, name: string, value: unknown, text: string][] = [
  ['string', 'uuid', '5b7c1b4e-6d8f-4f0e-9d0c-0a1b2c3d4e5f', "Type.String({ format: 'uuid' })"],
  [fixed(16), 'uuid', id, "Bytes({ name: 'F', length: 16, logical: 'uuid' })"],
  [fixed(12), 'duration', span, "Bytes({ name: 'F', length: 12, logical: 'duration' })"],
  ['bytes', 'big-decimal', span, "Bytes({ logical: 'big-decimal' })"],
  ['int', 'date', 20_787, "Type.Integer({ format: 'date' })"],
  ['int', 'time-millis', 86_399_999, "Type.Integer({ format: 'time-millis' })"],
  ['long', 'time-micros', 86_399_999_999, "Type.Integer({ format: 'time-micros' })"],
  ['long', 'timestamp-millis', 1_764_489_600_000, "Type.Integer({ format: 'timestamp-millis' })"],
  ['long', 'timestamp-micros', -1, "Type.Integer({ format: 'timestamp-micros' })"],
  ['long', 'local-timestamp-millis', 5, "Type.Integer({ format: 'local-timestamp-millis' })"],
  ['long', 'local-timestamp-micros', 5, "Type.Integer({ format: 'local-timestamp-micros' })"],
  ['long', 'timestamp-nanos', 5n, "Type.BigInt({ format: 'timestamp-nanos' })"],
  ['long', 'local-timestamp-nanos', 5n, "Type.BigInt({ format: 'local-timestamp-nanos' })"],
]

function fixed(size: number): object {
  return { type: 'fixed', name: 'F', size }
}

function typeOf(type: string | object, logicalType?: string): object {
  return typeof type === 'string' ? { type, logicalType } : { ...type, logicalType }
}

function recordOf(type: unknown): object {
  return { type: 'record', name: 'R', fields: [{ name: 'x', type }] }
}

function shapeOfField(type: unknown): Shape {
  const { fields } = fromAvro(JSON.parse(JSON.stringify(recordOf(type)))) as RecordShape
  return fields[0]?.shape as Shape
}

describe.each(kept)('the logical type: %j that is a %s', (type, name, value, text) => {
  const schema = recordOf(typeOf(type, name))
  const shape = fromAvro(JSON.parse(JSON.stringify(schema)))

  test('has the bytes of the type beneath', () => {
    const { room, end } = encoded(avro.compile(shape, defaultLimits), { x: value })
    const beneath = recordOf(type)
    const theirs = avsc.Type.forSchema(beneath as avsc.Schema)
    const raw = value instanceof Uint8Array ? Buffer.from(value) : value
    const given = { x: typeof raw === 'bigint' ? Number(raw) : raw }
    expect(room.toString('hex', 0, end)).toBe(theirs.toBuffer(given).toString('hex'))
    const back = avro.compile(shape, defaultLimits).decode(room, 0, end) as { x: unknown }
    expect(typeof value === 'object' ? [...(back.x as Uint8Array)] : back.x).toEqual(
      typeof value === 'object' ? [...(value as Uint8Array)] : value,
    )
  })

  test('comes back out of Avro, JSON Schema, TypeBox and our own JSON', () => {
    const { fields } = avroSchemaOf(shape) as { fields: { type: object }[] }
    expect(fields[0]?.type).toMatchObject({ logicalType: name })
    const same = (back: Shape) => expect(canonicalShape(back)).toBe(canonicalShape(shape))
    same(fromAvro(JSON.stringify(avroSchemaOf(shape))))
    same(shapeOf(JSON.parse(JSON.stringify(toJsonSchema(shape))) as TSchema, 'R'))
    same(parseShape(JSON.parse(JSON.stringify(shape))))
    expect(toTypeScript({ R: shape })).toContain(`x: ${text},`)
    const make = new Function('Type', 'Bytes', `return Type.Object({ x: ${text} })`)
    same(shapeOf(make(Type, Bytes) as TSchema, 'R'))
  })

  test('is part of the id, and a change that is told with its path', () => {
    const isBig = typeof value === 'bigint'
    const plain = fromAvro(recordOf(type), isBig ? { int64: 'bigint' } : {})
    expect(shapeId(plain)).not.toBe(shapeId(shape))
    const { verdict, changes } = compat(plain, shape)
    expect(verdict).toBe('minor')
    expect(changes).toEqual([
      expect.objectContaining({ path: '/x', codec: 'all', direction: 'old to new' }),
      expect.objectContaining({ path: '/x', codec: 'all', direction: 'new to old' }),
    ])
    expect(changes.every(({ reason }) => reason.includes(name))).toBe(true)
  })
})

test('another logical type is another meaning of each value: major, both ways', () => {
  const millis = fromAvro(recordOf(typeOf('long', 'timestamp-millis')))
  const micros = fromAvro(recordOf(typeOf('long', 'timestamp-micros')))
  expect(compat(millis, micros)).toMatchObject({
    verdict: 'major',
    changes: [
      {
        path: '/x',
        codec: 'all',
        direction: 'both',
        level: 'major',
        reason: expect.stringContaining('timestamp-micros and timestamp-millis are two types'),
      },
    ],
  })
})

test('what no reader of Avro would take for a logical type is the type beneath', () => {
  const others: [string | object, string][] = [
    ['long', 'date'],
    ['int', 'timestamp-millis'],
    ['string', 'date'],
    ['bytes', 'uuid'],
    [fixed(12), 'uuid'],
    [fixed(16), 'duration'],
    ['int', 'constructor'],
    ['long', 'color'],
  ]
  for (const [type, name] of others) {
    expect(shapeOfField(typeOf(type, name))).toEqual(shapeOfField(typeOf(type)))
  }
})

test('a long that is a bigint where asked keeps its logical type', () => {
  const type = typeOf('long', 'timestamp-micros')
  expect(fromAvro(type, { int64: 'bigint' })).toMatchObject({
    bigint: true,
    logical: 'timestamp-micros',
  })
})

test('a union of logical types tells its branches by the types beneath', () => {
  const types = [
    typeOf('int', 'date'),
    typeOf('long', 'timestamp-millis'),
    typeOf('string', 'uuid'),
  ]
  const shape = fromAvro(JSON.parse(JSON.stringify(recordOf(types))))
  const value = { x: { kind: 'long', value: 9 } }
  const { room, end } = encoded(avro.compile(shape, defaultLimits), value)
  const options = { wrapUnions: true } as const
  const plain = avsc.Type.forSchema(recordOf(['int', 'long', 'string']) as avsc.Schema, options)
  const theirs = plain.toBuffer({ x: { long: 9 } })
  expect(room.toString('hex', 0, end)).toBe(theirs.toString('hex'))
  const back = fromAvro(JSON.stringify(avroSchemaOf(shape)))
  expect(canonicalShape(back)).toBe(canonicalShape(shape))
})

describe('a logical type that cannot be is refused with path and hint:', () => {
  test.each<[string, TSchema, string]>([
    ['nanoseconds as a number', Type.Integer({ format: 'timestamp-nanos' }), 'Type.BigInt()'],
    ['days as a bigint', Type.BigInt({ format: 'date' }), 'timestamp-millis'],
    ['an unknown one', Type.Integer({ format: 'fortnight' }), 'date'],
    ['a uuid of 12 bytes', Bytes({ length: 12, logical: 'uuid' }), '16 bytes'],
    ['a duration of any length', Bytes({ logical: 'duration' }), '12'],
  ])('%s', (_, type, hint) => {
    const error = thrownBy(() => shapeOf(Type.Object({ x: type }), 'R'))
    expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    expect(error?.path).toBe('/properties/x')
    expect(error?.data.hint).toContain(hint)
  })

  test.each([
    { kind: 'int', bits: 32, bigint: false, logical: 'timestamp-millis' },
    { kind: 'int', bits: 64, bigint: false, logical: 'timestamp-nanos' },
    { kind: 'string', logical: 'date' },
    { kind: 'bytes', length: 16, name: 'F', logical: 'duration' },
  ])('from a stranger: %j', (json) => {
    const error = thrownBy(() => parseShape(json))
    expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
    expect(error?.path).toBe('/logical')
  })
})

// Null in Avro: a field that is nothing else has no bytes in any codec, and one that may be null
// has a default for who has no such field.

import avsc from 'avsc'
import { type TSchema, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import { formats } from '../../src/codec/formats.ts'
import { resolve } from '../../src/codec/resolve.ts'
import { canonicalShape, shapeId } from '../../src/contract/canonical.ts'
import { request } from '../../src/contract/channel.ts'
import { compat } from '../../src/contract/compat.ts'
import { contract } from '../../src/contract/contract.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { extendLock } from '../../src/contract/lock-check.ts'
import { parseShape } from '../../src/contract/parse-shape.ts'
import type { RecordShape, Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { toJsonSchema } from '../../src/contract/to-json-schema.ts'
import { toTypeScript } from '../../src/contract/to-typescript.ts'
import { encoded } from '../codec/encoded.ts'
import { thrownBy } from '../codec/thrown.ts'

const schema = {
  type: 'record',
  name: 'Probe',
  fields: [
    { name: 'count', type: 'int' },
    { name: 'nothing', type: 'null', doc: 'never anything' },
    { name: 'zilch', type: { type: 'null' }, default: null },
    { name: 'text', type: 'string' },
    {
      name: 'inner',
      type: {
        type: 'record',
        name: 'Inner',
        fields: [
          { name: 'nil', type: 'null' },
          { name: 'n', type: 'int' },
        ],
      },
      default: { nil: null, n: 4 },
    },
  ],
}
const shape = fromAvro(schema) as RecordShape
const value = { count: 3, text: 'abc', inner: { n: 5 } }

describe('a field of null alone', () => {
  test('is read with its name, number and documentation', () => {
    expect(shape.nulls).toEqual([
      { name: 'nothing', wireName: 'nothing', tag: 2, doc: 'never anything' },
      { name: 'zilch', wireName: 'zilch', tag: 3 },
    ])
    expect(shape.fields.map(({ tag }) => tag)).toEqual([1, 4, 5])
  })

  test('has the bytes of avsc, which are none', () => {
    const codec = formats.find((one) => one.codec === 'avro')?.compile(shape, defaultLimits)
    const { room, end } = encoded(codec as never, { ...value, nothing: null })
    const full = { ...value, nothing: null, zilch: null, inner: { nil: null, n: 5 } }
    const theirs = avsc.Type.forSchema(schema as avsc.Schema).toBuffer(full)
    expect(room.toString('hex', 0, end)).toBe(theirs.toString('hex'))
    expect(codec?.decode(theirs, 0, theirs.length)).toEqual(value)
    const own = avsc.Type.forSchema(avroSchemaOf(shape) as avsc.Schema)
    expect(own.toBuffer(full).toString('hex')).toBe(theirs.toString('hex'))
  })

  test('comes back out of Avro, JSON Schema, TypeScript and our own JSON', () => {
    const same = (back: Shape) => expect(canonicalShape(back)).toBe(canonicalShape(shape))
    const schemaOfOurs = avroSchemaOf(shape) as { fields: { name: string; default?: unknown }[] }
    expect(schemaOfOurs.fields.map(({ name }) => name)).toEqual(
      schema.fields.map(({ name }) => name),
    )
    expect(schemaOfOurs.fields[4]?.default).toEqual({ nil: null, n: 4 })
    same(fromAvro(JSON.stringify(schemaOfOurs)))
    same(shapeOf(JSON.parse(JSON.stringify(toJsonSchema(shape))) as TSchema, 'Other'))
    same(parseShape(JSON.parse(JSON.stringify(shape))))
    expect(toTypeScript({ Probe: shape })).toContain('zilch: Type.Optional(Type.Null()),')
  })

  test.each(formats)('is refused in $codec where it is something else', (format) => {
    const codec = format.compile(shape, defaultLimits)
    for (const [path, wrong] of [
      ['/nothing', { ...value, nothing: 0 }],
      ['/inner/nil', { ...value, inner: { nil: 'x', n: 5 } }],
    ] as const) {
      const error = thrownBy(() => codec.encodeInto(wrong, Buffer.alloc(200), 0))
      expect(error?.code).toBe('EARSHOT_BODY_INVALID')
      expect(error?.path).toBe(path)
    }
  })

  test('is part of the id; added or taken away it is a minor change with its path', () => {
    const { nulls, ...without } = shape
    expect(nulls).toHaveLength(2)
    expect(shapeId(without)).not.toBe(shapeId(shape))
    const { verdict, changes } = compat(without, shape)
    expect(verdict).toBe('minor')
    expect(changes.map(({ path, codec }) => [path, codec])).toEqual([
      ['/nothing', 'avro'],
      ['/zilch', 'avro'],
    ])
  })

  test('in TypeBox is an optional null; its number is locked and not used again', () => {
    const body = Type.Object({ a: Type.Integer(), b: Type.Optional(Type.Null()) })
    expect(shapeOf(body, 'Body')).toMatchObject({ nulls: [{ name: 'b', tag: 2 }] })
    const made = contract('a.b', '1.0.0', { ask: request(body, body) })
    const { contracts } = extendLock({}, made)
    expect(JSON.stringify(contracts)).toContain('{"a":1,"b":2}')
    const error = thrownBy(() => shapeOf(Type.Object({ b: Type.Null() }), 'Body'))
    expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    expect(error?.path).toBe('/properties/b')
    expect(error?.data.hint).toContain('Type.Optional(Type.Null())')
  })

  test('with another default, or a name that is taken, is refused with the path', () => {
    const fields = (...list: object[]) => ({ type: 'record', name: 'R', fields: list })
    const nothing = { name: 'a', type: 'null' }
    const wrong = thrownBy(() => fromAvro(fields({ ...nothing, default: 0 })))
    expect(wrong).toMatchObject({ code: 'EARSHOT_SCHEMA_INVALID', path: '/fields/0/default' })
    const twice = thrownBy(() => fromAvro(fields(nothing, { name: 'a', type: 'int' })))
    expect(twice).toMatchObject({ code: 'EARSHOT_SCHEMA_INVALID', path: '/fields/1' })
  })

  test('from a stranger is looked at like any field', () => {
    const base = { kind: 'record', name: 'R', fields: [] }
    const a = { name: 'a', wireName: 'a', tag: 1 }
    for (const [nulls, path] of [
      [[], '/nulls'],
      [[a, a], '/nulls/1'],
      [[{ ...a, tag: 0 }], '/nulls/0/tag'],
      [[{ ...a, name: '__proto__' }], '/nulls/0/name'],
    ] as const) {
      const error = thrownBy(() => parseShape({ ...base, nulls }))
      expect(error).toMatchObject({ code: 'EARSHOT_BYTES_INVALID', path })
    }
  })
})

const record = (...fields: object[]): object => ({ type: 'record', name: 'R', fields })

test.each([
  ['first', ['string', 'null'], 'none', { default: 'none' }],
  ['last, as Avro has it since 1.12', ['null', 'string'], 'none', { default: null }],
  ['first, a default of null since 1.12', ['string', 'null'], null, {}],
])('a default beside null, of what stands %s: null stays null', (_, type, own, out) => {
  const fields = [{ name: 'a', type, default: own }]
  const shape = fromAvro({ type: 'record', name: 'R', fields }) as RecordShape
  const codec = avro.compile(shape, defaultLimits)
  const theirs = avsc.Type.forSchema(record({ name: 'a', type }) as avsc.Schema)
  const bytes = theirs.toBuffer({ a: null })
  expect(codec.decode(bytes, 0, bytes.length)).toEqual(own === null ? {} : { a: null })
  const room = Buffer.alloc(20)
  const end = codec.encodeInto({ a: own === null ? undefined : null }, room, 0)
  expect(room.toString('hex', 0, end)).toBe(bytes.toString('hex'))
  const schema = avroSchemaOf(shape) as { fields: { default?: unknown }[] }
  expect(schema.fields[0]).toMatchObject(out)
  avsc.Type.forSchema(schema as avsc.Schema)
  expect(canonicalShape(fromAvro(JSON.stringify(schema)))).toBe(canonicalShape(shape))
  if (own === null) return
  for (const { codec: name } of formats) {
    const old = fromAvro(record()) as RecordShape
    const { decode } = resolve(name, old, shape)
    const written = formats.find((one) => one.codec === name)?.compile(old, defaultLimits)
    const size = written?.encodeInto({}, room, 0) ?? 0
    expect(decode(room, 0, size)).toEqual({ a: 'none' })
  }
})

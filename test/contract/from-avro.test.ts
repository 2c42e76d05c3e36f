import { isDeepStrictEqual } from 'node:util'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import { formats } from '../../src/codec/formats.ts'
import { canonicalShape } from '../../src/contract/canonical.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import type { RecordShape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { thrownBy } from '../codec/thrown.ts'

/** As they are written elsewhere: namespaces, references, documentation, logical types. */
const purchase = {
  type: 'record',
  name: 'Purchase',
  namespace: 'com.example.shop',
  doc: 'One purchase.',
  fields: [
    { name: 'id', type: 'long', doc: 'unique' },
    { name: 'uuid', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'status', type: { type: 'enum', name: 'Status', symbols: ['OPEN', 'PAID'] } },
    { name: 'before', type: ['null', 'com.example.shop.Status'], default: null },
    { name: 'address', type: { type: 'record', name: 'Address', fields: [city()] } },
    { name: 'billing', type: ['null', 'Address'] },
    { name: 'scores', type: { type: 'map', values: { type: 'array', items: 'double' } } },
    { name: 'raw', type: 'bytes', default: '\u00ff\u0001' },
    { name: 'count', type: 'int', default: 3 },
    { name: 'mail', type: ['string', 'null'], default: 'none' },
    { name: 'fax', type: ['string', 'null'] },
    {
      name: 'way',
      type: [
        'null',
        { type: 'record', name: 'Card', fields: [{ name: 'number', type: 'string' }] },
        { type: 'record', name: 'Cash', fields: [] },
      ],
      default: null,
    },
  ],
}

function city(): object {
  return { name: 'city', type: { type: 'string' } }
}

const value = {
  id: 12,
  uuid: 'x',
  at: 1_700_000_000_000,
  status: 'PAID',
  before: 'OPEN',
  address: { city: 'Ulm' },
  billing: null,
  scores: { a: [1.5] },
  raw: new Uint8Array([1]),
  count: 4,
  mail: 'm',
  fax: null,
  way: { kind: 'Card', number: '1' },
}

describe('an Avro schema', () => {
  test('of somebody else becomes a shape whose bytes are theirs', () => {
    const shape = fromAvro(purchase)
    const codec = avro.compile(shape, defaultLimits)
    const room = Buffer.alloc(500)
    const end = codec.encodeInto(value, room, 0)
    const type = avsc.Type.forSchema(purchase as avsc.Schema, { wrapUnions: true })
    const theirs = type.toBuffer({
      ...value,
      before: { 'com.example.shop.Status': 'OPEN' },
      raw: Buffer.from([1]),
      mail: { string: 'm' },
      way: { 'com.example.shop.Card': { number: '1' } },
    })
    expect(room.subarray(0, end).toString('hex')).toBe(theirs.toString('hex'))
    expect(isDeepStrictEqual(codec.decode(theirs, 0, theirs.length), value)).toBe(true)
  })

  test('gives optional, nullable, defaults and documentation', () => {
    const { fields } = fromAvro(purchase) as RecordShape
    const field = (name: string) => fields.find((one) => one.name === name)
    expect(field('id')).toMatchObject({ tag: 1, doc: 'unique', optional: false })
    expect(field('before')).toMatchObject({ optional: true, nullable: false })
    expect(field('billing')).toMatchObject({ optional: false, nullable: true })
    expect(field('raw')).toMatchObject({ fallback: '/wE=' })
    expect(field('mail')).toMatchObject({ optional: false, nullable: true, missing: 'none' })
    expect(field('fax')).toMatchObject({ nullable: true, optional: false })
    expect(field('count')).toMatchObject({ fallback: 3 })
    expect(field('way')?.shape).toMatchObject({ discriminator: 'kind', name: 'Card_or' })
  })

  test('of a scalar, by name or as an object; a long is a bigint where asked', () => {
    expect(fromAvro('string')).toEqual({ kind: 'string' })
    expect(fromAvro('"int"')).toEqual({ kind: 'int', bits: 32, bigint: false })
    expect(fromAvro({ type: { type: 'float' } })).toEqual({ kind: 'float', bits: 32 })
    expect(fromAvro('long', { int64: 'bigint' })).toMatchObject({ bigint: true })
  })

  test('with names that Avro does not allow keeps them as keys', () => {
    const fields = [{ name: 'runs-on', type: 'string' }]
    const { fields: read } = fromAvro({ type: 'record', name: 'R', fields }) as RecordShape
    expect(read[0]).toMatchObject({ name: 'runs-on', wireName: 'runs_on' })
  })

  test('two types of one short name get their full names', () => {
    const inner = (namespace: string) => ({ type: 'record', name: 'X', namespace, fields: [] })
    const fields = [
      { name: 'a', type: inner('n.a') },
      { name: 'b', type: inner('n.b') },
    ]
    const { fields: read } = fromAvro({ type: 'record', name: 'R', fields }) as RecordShape
    expect(read.map(({ shape }) => (shape as RecordShape).name)).toEqual(['X', 'n_b_X'])
  })
})

/** Both ways between us and avsc, and through a schema of our own. */
function sameBytes(schema: object, value: unknown, theirs: unknown): void {
  const shape = fromAvro(schema)
  const codec = avro.compile(shape, defaultLimits)
  const room = Buffer.alloc(500)
  const bytes = Buffer.from(room.subarray(0, codec.encodeInto(value, room, 0)))
  const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true })
  expect(bytes.toString('hex')).toBe(type.toBuffer(theirs).toString('hex'))
  expect(isDeepStrictEqual(codec.decode(bytes, 0, bytes.length), value)).toBe(true)
  const own = avroSchemaOf(shape)
  expect(canonicalShape(fromAvro(JSON.parse(JSON.stringify(own))))).toBe(canonicalShape(shape))
  const again = avsc.Type.forSchema(own as avsc.Schema, { wrapUnions: true })
  expect(again.toBuffer(theirs).toString('hex')).toBe(bytes.toString('hex'))
  for (const format of formats) {
    const other = format.compile(shape, defaultLimits)
    const end = other.encodeInto(value, room, 0)
    expect(isDeepStrictEqual(other.decode(room, 0, end), value), format.codec).toBe(true)
  }
}

describe('an Avro schema with', () => {
  test('a type that contains itself keeps its bytes in a reference', () => {
    const node = {
      type: 'record',
      name: 'Node',
      namespace: 'a.b',
      fields: [
        { name: 'n', type: 'int' },
        { name: 'next', type: ['null', 'Node'], default: null },
        { name: 'kids', type: { type: 'array', items: 'a.b.Node' }, default: [] },
      ],
    }
    const leaf = (n: number): object => ({ n, kids: [] })
    const full = (n: number): object => ({ n, next: null, kids: [] })
    const theirs = { n: 1, next: { 'a.b.Node': full(2) }, kids: [full(3)] }
    const shape = fromAvro(node) as RecordShape
    expect(shape.fields[1]?.shape).toEqual({ kind: 'ref', name: 'Node' })
    const codec = avro.compile(shape, defaultLimits)
    const room = Buffer.alloc(50)
    const end = codec.encodeInto({ n: 1, next: leaf(2), kids: [leaf(3)] }, room, 0)
    const type = avsc.Type.forSchema(node as avsc.Schema, { wrapUnions: true })
    expect(room.subarray(0, end).toString('hex')).toBe(type.toBuffer(theirs).toString('hex'))
  })

  test('two types that contain each other is read from either side', () => {
    const other = {
      type: 'record',
      name: 'B',
      fields: [{ name: 'a', type: ['null', 'A'], default: null }],
    }
    const a = { type: 'record', name: 'A', fields: [{ name: 'b', type: ['null', other] }] }
    const schema = { type: 'record', name: 'R', fields: [named('x', a), named('y', 'B')] }
    const value = { x: { b: { a: { b: null } } }, y: { a: { b: {} } } }
    const inner = (one: unknown): unknown => ({ B: one })
    const theirs = {
      x: { b: inner({ a: { A: { b: null } } }) },
      y: { a: { A: { b: inner({ a: null }) } } },
    }
    sameBytes(schema, value, theirs)
    const shape = fromAvro(schema) as RecordShape
    expect(shape.fields[1]?.shape).toMatchObject({
      name: 'B',
      fields: [{ shape: { name: 'A', fields: [{ shape: { kind: 'ref', name: 'B' } }] } }],
    })
  })

  test('fixed, by name, with whatever logical type', () => {
    const size = { type: 'fixed', name: 'Id', size: 4, logicalType: 'color' }
    const fields = [named('a', size), named('b', ['null', 'Id'])]
    const schema = { type: 'record', name: 'R', fields }
    const bytes = new Uint8Array([1, 2, 3, 4])
    const raw = Buffer.from(bytes)
    sameBytes(schema, { a: bytes, b: bytes }, { a: raw, b: { Id: raw } })
    const codec = avro.compile(fromAvro(schema), defaultLimits)
    const error = thrownBy(() => codec.encodeInto({ a: new Uint8Array(3) }, Buffer.alloc(9), 0))
    expect(error?.path).toBe('/a')
    expect(error?.message).toContain('4 bytes')
  })

  test('unions of anything: an object of kind and value, in every codec', () => {
    const state = { type: 'enum', name: 'State', symbols: ['ON'] }
    const point = { type: 'record', name: 'Point', fields: [named('x', 'double')] }
    const fields = [
      named('plain', ['int', 'string', 'null', 'double']),
      named('loose', ['null', 'int', state, point]),
      named('list', { type: 'array', items: ['null', 'State', { type: 'map', values: 'int' }] }),
      named('one', ['bytes']),
    ]
    const value = {
      plain: { kind: 'double', value: 1.5 },
      loose: { kind: 'Point', x: 2 },
      list: [{ kind: 'null' }, { kind: 'State', value: 'ON' }, { kind: 'map', value: { a: 1 } }],
      one: { kind: 'bytes', value: new Uint8Array([7]) },
    }
    const theirs = {
      plain: { double: 1.5 },
      loose: { Point: { x: 2 } },
      list: [null, { State: 'ON' }, { map: { a: 1 } }],
      one: { bytes: Buffer.from([7]) },
    }
    sameBytes({ type: 'record', name: 'R', fields }, value, theirs)
  })

  test('unions of numbers, which no value tells apart, keep the branch that is named', () => {
    const types = ['int', 'long', 'float', 'double']
    const fields = [named('n', types), named('more', { type: 'array', items: types })]
    for (const [kind, index] of types.map((type, at) => [type, at] as const)) {
      const value = {
        n: { kind, value: 7 },
        more: [
          { kind, value: 1 },
          { kind: 'int', value: 7 },
        ],
      }
      const theirs = { n: { [kind]: 7 }, more: [{ [kind]: 1 }, { int: 7 }] }
      sameBytes({ type: 'record', name: 'R', fields }, value, theirs)
      const codec = avro.compile(fromAvro({ type: 'record', name: 'R', fields }), defaultLimits)
      const room = Buffer.alloc(50)
      codec.encodeInto(value, room, 0)
      expect(room[0]).toBe(index * 2)
    }
    const codec = avro.compile(fromAvro({ type: 'record', name: 'R', fields }), defaultLimits)
    const wide = { n: { kind: 'int', value: 2 ** 40 }, more: [] }
    const error = thrownBy(() => codec.encodeInto(wide, Buffer.alloc(50), 0))
    expect(error).toMatchObject({ code: 'EARSHOT_BODY_INVALID', path: '/n/value' })
    const plain = thrownBy(() => codec.encodeInto({ n: 7, more: [] }, Buffer.alloc(50), 0))
    expect(plain).toMatchObject({ code: 'EARSHOT_BODY_INVALID', path: '/n' })
  })

  test('a union of a record and itself, which stands for both branches', () => {
    const leaf = { type: 'record', name: 'Leaf', fields: [named('n', 'int')] }
    const fields = [named('left', [leaf, 'Tree']), named('right', ['Leaf', 'Tree'])]
    const tip = (n: number): object => ({ kind: 'Leaf', n })
    const value = { left: { kind: 'Tree', left: tip(1), right: tip(2) }, right: tip(3) }
    const theirTip = (n: number): object => ({ Leaf: { n } })
    const theirs = { left: { Tree: { left: theirTip(1), right: theirTip(2) } }, right: theirTip(3) }
    sameBytes({ type: 'record', name: 'Tree', fields }, value, theirs)
  })

  test('defaults in a union: of its first branch', () => {
    const fields = [
      { name: 'a', type: ['int', 'string'], default: 5 },
      { name: 'b', type: [{ type: 'fixed', name: 'F', size: 2 }, 'null'], default: '\u00ff\u0001' },
    ]
    const read = (fromAvro({ type: 'record', name: 'R', fields }) as RecordShape).fields
    expect(read[0]?.fallback).toEqual({ kind: 'int', value: 5 })
    expect(read[1]).toMatchObject({ nullable: true, missing: '/wE=' })
  })
})

function named(name: string, type: unknown): object {
  return { name, type }
}

const record = (...fields: unknown[]): object => ({ type: 'record', name: 'R', fields })
const ofType = (type: unknown, more: object = {}): object => record({ name: 'x', type, ...more })
let deep: unknown = 'int'
for (let depth = 0; depth < 5_000; depth++) deep = { type: 'array', items: deep }

const invalid = 'EARSHOT_SCHEMA_INVALID'
const refused = 'EARSHOT_SHAPE_UNSUPPORTED'

describe('an Avro schema is refused with code and path:', () => {
  test.each<[string, unknown, string, string]>([
    ['no JSON', '{', invalid, ''],
    ['nothing', null, invalid, ''],
    ['a number', 5, invalid, ''],
    ['an unknown name', 'Order', invalid, ''],
    ['an unknown type', ofType('Order'), invalid, '/fields/0/type'],
    ['no fields', { type: 'record', name: 'R' }, invalid, ''],
    ['no name', { type: 'record', fields: [] }, invalid, ''],
    ['a bad name', { type: 'record', name: 'a b', fields: [] }, invalid, ''],
    ['a field twice', record(city(), city()), invalid, '/fields/1'],
    [
      'a field called __proto__',
      record({ name: '__proto__', type: 'int' }),
      invalid,
      '/fields/0/name',
    ],
    [
      'a wrong default beside null',
      ofType(['null', 'int'], { default: 'null' }),
      invalid,
      '/fields/0/default',
    ],
    ['a wrong default', ofType('int', { default: 'a' }), invalid, '/fields/0/default'],
    ['an empty enum', { type: 'enum', name: 'E', symbols: [] }, invalid, ''],
    [
      'an enum default',
      { type: 'enum', name: 'E', symbols: ['a'], default: 'b' },
      invalid,
      '/default',
    ],
    ['a fixed of 0', ofType({ type: 'fixed', name: 'F', size: 0 }), invalid, '/fields/0/type/size'],
    ['a fixed without size', { type: 'fixed', name: 'F' }, invalid, '/size'],
    ['null', { type: 'null' }, refused, ''],
    ['a union in a union', ofType(['int', ['string', 'bytes']]), invalid, '/fields/0/type/1'],
    ['a branch twice', { type: 'array', items: ['int', 'int'] }, invalid, '/items'],
    ['a union of nothing', { type: 'array', items: [] }, invalid, '/items'],
    ['itself inside, always', ofType('R'), refused, ''],
    ['a type twice', record({ name: 'a', type: record() }), invalid, '/fields/0/type'],
    ['a great depth', deep, refused, '/items'.repeat(65)],
  ])('%s', (_, schema, code, path) => {
    const error = thrownBy(() => fromAvro(schema))
    expect(error?.code).toBe(code)
    expect(error?.path).toBe(path)
  })
})

test('a schema whose types grow without end is refused at once', () => {
  const levels = Array.from({ length: 40 }, (_, level) => ({
    name: `f${level}`,
    type: {
      type: 'record',
      name: `L${level}`,
      fields: ['a', 'b'].map((name) => ({ name, type: level === 0 ? 'int' : `L${level - 1}` })),
    },
  }))
  const error = thrownBy(() => fromAvro(record(...levels)))
  expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
})

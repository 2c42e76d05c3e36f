import { isDeepStrictEqual } from 'node:util'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { avro } from '../../src/codec/avro.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import type { RecordShape } from '../../src/contract/shape.ts'
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
    expect(field('mail')).toMatchObject({ optional: true, fallback: 'none' })
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
    ['a wrong default', ofType('int', { default: 'a' }), invalid, '/fields/0/default'],
    ['an empty enum', { type: 'enum', name: 'E', symbols: [] }, invalid, ''],
    [
      'an enum default',
      { type: 'enum', name: 'E', symbols: ['a'], default: 'b' },
      invalid,
      '/default',
    ],
    ['fixed', ofType({ type: 'fixed', name: 'F', size: 4 }), refused, '/fields/0/type'],
    ['null', { type: 'null' }, refused, ''],
    ['null in the middle', ofType(['R', 'null', 'int']), refused, '/fields/0/type'],
    ['a union of scalars', ofType(['null', 'int', 'string']), refused, '/fields/0/type'],
    ['a union outside a field', { type: 'array', items: ['null', 'int'] }, refused, '/items'],
    ['itself inside', ofType(['null', 'R']), refused, '/fields/0/type/1'],
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

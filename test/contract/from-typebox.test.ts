import { type Static, type TSchema, Type } from 'typebox'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { Bytes } from '../../src/contract/bytes.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { RecordShape, Shape } from '../../src/contract/shape.ts'
import { thrownBy } from '../codec/thrown.ts'

function fieldsOf(type: TSchema): RecordShape['fields'] {
  return (shapeOf(type, 'Root') as RecordShape).fields
}

function scalar(type: TSchema): Shape | undefined {
  return fieldsOf(Type.Object({ x: type }))[0]?.shape
}

test('integers take 32 bits when bounds or format say so, 64 otherwise', () => {
  expect(scalar(Type.Integer())).toEqual({ kind: 'int', bits: 64, bigint: false })
  expect(scalar(Type.Integer({ format: 'int32' }))).toEqual({
    kind: 'int',
    bits: 32,
    bigint: false,
  })
  expect(scalar(Type.Integer({ minimum: 0 }))).toMatchObject({ bits: 64, minimum: 0 })
  expect(scalar(Type.Integer({ minimum: 0, exclusiveMaximum: 256 }))).toEqual({
    kind: 'int',
    bits: 32,
    bigint: false,
    minimum: 0,
    maximum: 255,
  })
  expect(scalar(Type.Integer({ format: 'timestamp-millis' }))).toMatchObject({
    bits: 64,
    logical: 'timestamp-millis',
  })
  expect(scalar(Type.BigInt())).toEqual({ kind: 'int', bits: 64, bigint: true })
})

test('numbers, booleans, strings and bytes keep their constraints', () => {
  expect(scalar(Type.Number({ format: 'float', minimum: 0 }))).toEqual({
    kind: 'float',
    bits: 32,
    minimum: 0,
  })
  expect(scalar(Type.Boolean())).toEqual({ kind: 'bool' })
  expect(scalar(Type.String({ minLength: 1, pattern: '^a', format: 'email' }))).toEqual({
    kind: 'string',
    minLength: 1,
    pattern: '^a',
  })
  expect(scalar(Bytes({ maxLength: 9 }))).toEqual({ kind: 'bytes', maxLength: 9 })
  const bytes = Bytes()
  expectTypeOf<Static<typeof bytes>>().toEqualTypeOf<Uint8Array>()
})

test('string literals, their unions and enums become enums numbered from 1', () => {
  const wanted = { kind: 'enum', name: 'Root_x', symbols: ['a', 'b'], numbers: [1, 2] }
  expect(scalar(Type.Union([Type.Literal('a'), Type.Literal('b')]))).toEqual(wanted)
  expect(scalar(Type.Enum(['a', 'b']))).toEqual(wanted)
  expect(scalar(Type.Enum({ A: 'a', B: 'b' }))).toEqual(wanted)
  expect(scalar(Type.Literal('a'))).toEqual({ ...wanted, symbols: ['a'], numbers: [1] })
})

test('optional, nullable and default are properties of the field', () => {
  const [a, b, c, d] = fieldsOf(
    Type.Object({
      a: Type.Optional(Type.String()),
      b: Type.Union([Type.Integer(), Type.Null()]),
      c: Type.Optional(Type.Union([Type.Null(), Type.Boolean()], { default: null })),
      d: Type.BigInt({ default: 5n, description: 'why' }),
    }),
  )
  expect(a).toMatchObject({ optional: true, nullable: false })
  expect(b).toMatchObject({ optional: false, nullable: true })
  expect(c).toMatchObject({ optional: true, nullable: true, fallback: null })
  expect(d).toMatchObject({ optional: false, fallback: '5', doc: 'why' })
})

test('lists, maps and merged objects', () => {
  expect(scalar(Type.Array(Type.Boolean(), { maxItems: 3 }))).toEqual({
    kind: 'list',
    items: { kind: 'bool' },
    maxItems: 3,
  })
  expect(scalar(Type.Record(Type.String(), Type.Boolean()))).toEqual({
    kind: 'map',
    values: { kind: 'bool' },
  })
  const merged = Type.Intersect([
    Type.Object({ a: Type.Boolean() }),
    Type.Object({ b: Type.Optional(Type.Boolean()) }),
  ])
  expect(fieldsOf(merged).map((field) => [field.name, field.optional])).toEqual([
    ['a', false],
    ['b', true],
  ])
})

test('objects told apart by a string literal become a union without that field', () => {
  const shape = shapeOf(
    Type.Union([
      Type.Object({ v: Type.Literal('x'), kind: Type.Literal('a'), n: Type.Integer() }),
      Type.Object({ v: Type.Literal('x'), kind: Type.Literal('b'), s: Type.String() }),
    ]),
    'Root',
  )
  expect(shape).toMatchObject({
    kind: 'union',
    discriminator: 'kind',
    branches: [
      { literal: 'a', tag: 1, record: { name: 'Root_a', fields: [{ name: 'v' }, { name: 'n' }] } },
      { literal: 'b', tag: 2, record: { name: 'Root_b' } },
    ],
  })
})

test('a written tag wins, others take the next free number, fields are in tag order', () => {
  const fields = fieldsOf(
    Type.Object({ a: Type.String({ tag: 2 }), b: Type.String(), c: Type.String() }),
  )
  expect(fields.map((field) => [field.name, field.tag])).toEqual([
    ['b', 1],
    ['a', 2],
    ['c', 3],
  ])
})

test('names that Avro and Protobuf cannot have get a wire name', () => {
  const fields = fieldsOf(Type.Object({ 'a-b': Type.String(), '1st': Type.String() }))
  expect(fields.map((field) => field.wireName)).toEqual(['a_b', '_1st'])
})

test('plain JSON Schema from another hand is read by its keywords', () => {
  const plain = {
    type: 'object',
    required: ['a'],
    properties: {
      a: { type: ['string', 'null'] },
      b: { oneOf: [{ type: 'null' }, { type: 'integer' }] },
      c: { type: 'object', additionalProperties: { type: 'boolean' } },
    },
    additionalProperties: false,
  } as unknown as TSchema
  expect(fieldsOf(plain)).toMatchObject([
    { name: 'a', optional: false, nullable: true, shape: { kind: 'string' } },
    { name: 'b', optional: true, nullable: true, shape: { kind: 'int' } },
    { name: 'c', optional: true, shape: { kind: 'map' } },
  ])
})

describe('a type that contains itself', () => {
  const ref = (name: string): Shape => ({ kind: 'ref', name })

  test('has a reference to the record around it, by its name', () => {
    const node = Type.Object({ next: Type.Optional(Type.Ref('Node')), n: Type.Integer() })
    const shape = shapeOf(Type.Cyclic({ Node: node }, 'Node'), 'Body') as RecordShape
    expect(shape.name).toBe('Node')
    expect(shape.fields[0]).toMatchObject({ shape: ref('Node'), optional: true })
    const inside = fieldsOf(Type.Object({ a: Type.Cyclic({ Node: node }, 'Node') }))
    expect(inside[0]?.shape).toEqual(shape)
  })

  test('through another is written out once, from whichever side', () => {
    const types = {
      A: Type.Object({ b: Type.Array(Type.Ref('B')) }),
      B: Type.Object({ a: Type.Optional(Type.Ref('A')) }),
    }
    const [b] = fieldsOf(Type.Cyclic(types, 'A'))
    expect(b?.shape).toMatchObject({ items: { name: 'B', fields: [{ shape: ref('A') }] } })
    const [a] = fieldsOf(Type.Cyclic(types, 'B'))
    expect(a?.shape).toMatchObject({ name: 'A', fields: [{ shape: { items: ref('B') } }] })
  })

  test('as a union of objects has references to the union', () => {
    const shape = shapeOf(
      Type.Cyclic(
        {
          Expr: Type.Union([Type.Ref('Lit'), Type.Ref('Neg')]),
          Lit: Type.Object({ kind: Type.Literal('lit'), n: Type.Number() }),
          Neg: Type.Object({ kind: Type.Literal('neg'), inner: Type.Ref('Expr') }),
        },
        'Expr',
      ),
      'Body',
    )
    expect(shape).toMatchObject({
      ...{ kind: 'union', name: 'Expr', discriminator: 'kind' },
      branches: [{ record: { name: 'Lit' } }, { record: { fields: [{ shape: ref('Expr') }] } }],
    })
  })

  test('with Type.This is the object around it, as its type in TypeScript says', () => {
    const node = Type.Object({ next: Type.Optional(Type.This()) })
    const [field] = fieldsOf(Type.Object({ node }))
    expect(field?.shape).toMatchObject({ name: 'Root_node', fields: [{ shape: ref('Root_node') }] })
    const plain = { type: 'object', properties: { a: { type: 'array', items: { $ref: '#' } } } }
    const [list] = fieldsOf(plain as unknown as TSchema)
    expect(list?.shape).toMatchObject({ items: ref('Root') })
  })

  test('in plain JSON Schema is found under $defs and definitions', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/definitions/Node' } } }
    const plain = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/Leaf' }, b: { $ref: '#/definitions/Node' } },
      $defs: { Leaf: { type: 'string' } },
      definitions: { Node: node },
    }
    expect(fieldsOf(plain as unknown as TSchema)).toMatchObject([
      { shape: { kind: 'string' } },
      { shape: { name: 'Node', fields: [{ shape: ref('Node') }] } },
    ])
  })
})

test('bytes of one length have a name, a branch may be bare', () => {
  expect(scalar(Bytes({ length: 16 }))).toEqual({ kind: 'bytes', length: 16, name: 'Root_x' })
  const union = Type.Union([
    Type.Object({ kind: Type.Literal('n'), value: Type.Integer() }, { bare: true }),
    Type.Object({ kind: Type.Literal('none') }, { bare: true }),
  ])
  expect(scalar(union)).toMatchObject({ branches: [{ bare: true }, { bare: true }] })
})

describe('what cannot be carried is refused with path and hint:', () => {
  const cases: [name: string, type: TSchema, path: string][] = [
    ['any', Type.Object({ a: Type.Any() }), '/properties/a'],
    ['a test of anything', Type.Refine(Type.Unknown(), () => true), ''],
    ['unknown', Type.Object({ a: Type.Unknown() }), '/properties/a'],
    ['a tuple', Type.Object({ a: Type.Tuple([Type.String()]) }), '/properties/a'],
    ['a union of numbers', Type.Union([Type.Literal(1), Type.Literal(2)]), ''],
    ['a union of types', Type.Union([Type.String(), Type.Number()]), ''],
    [
      'a union of objects that nothing tells apart',
      Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })]),
      '',
    ],
    ['an intersection of scalars', Type.Intersect([Type.String(), Type.Number()]), ''],
    ['a list of null', Type.Array(Type.Union([Type.String(), Type.Null()])), '/items'],
    ['a body that can be null', Type.Union([Type.String(), Type.Null()]), ''],
    ['multipleOf', Type.Object({ a: Type.Integer({ multipleOf: 2 }) }), '/properties/a'],
    [
      'an exclusive bound',
      Type.Object({ a: Type.Number({ exclusiveMinimum: 0 }) }),
      '/properties/a',
    ],
    ['an open object', Type.Object({}, { additionalProperties: true }), ''],
    ['undefined', Type.Object({ a: Type.Undefined() }), '/properties/a'],
    ['itself, always', Type.Cyclic({ A: Type.Object({ n: Type.Ref('A') }) }, 'A'), ''],
    [
      'itself, always, deeper',
      Type.Object({ a: Type.Optional(Type.Cyclic({ A: Type.Object({ n: Type.Ref('A') }) }, 'A')) }),
      '',
    ],
    ['a name that is nothing', Type.Object({ a: Type.Ref('Nothing') }), '/properties/a'],
    ['bytes of no length', Type.Object({ a: Bytes({ length: 0 }) }), '/properties/a'],
    [
      'a bare branch of two fields',
      Type.Union([
        Type.Object(
          { kind: Type.Literal('n'), value: Type.Integer(), more: Type.Integer() },
          { bare: true },
        ),
        Type.Object({ kind: Type.Literal('m') }),
      ]),
      '/anyOf/0',
    ],
    [
      'a refinement',
      Type.Object({ a: Type.Refine(Type.String(), (text) => text !== '') }),
      '/properties/a',
    ],
    [
      'a wrong default',
      Type.Object({ a: Type.Integer({ default: 'x' }) }),
      '/properties/a/default',
    ],
    ['two tags', Type.Object({ a: Type.String({ tag: 1 }), b: Type.String({ tag: 1 }) }), ''],
    ["Protobuf's own tags", Type.Object({ a: Type.String({ tag: 19_500 }) }), ''],
    [
      'names that fall together',
      Type.Object({ 'a-b': Type.String(), a_b: Type.String() }),
      '/properties/a_b',
    ],
    ['the name __proto__', Type.Object({ ['__proto__']: Type.String() }), '/properties/__proto__'],
    [
      'a default beside null',
      Type.Object({ a: Type.Union([Type.Null(), Type.String()], { default: 'x' }) }),
      '/properties/a',
    ],
  ]
  for (const [name, type, path] of cases) {
    test(name, () => {
      const error = thrownBy(() => shapeOf(type, 'Root'))
      expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
      expect(error?.path).toBe(path)
      expect(error?.data.hint).toBeTypeOf('string')
    })
  }
})

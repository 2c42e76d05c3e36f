// Names that mean something else in a .proto file, in Avro or in TypeScript.

import avsc from 'avsc'
import protobufjs from 'protobufjs'
import { type TSchema, Type } from 'typebox'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { event, request } from '../../src/contract/channel.ts'
import { contract } from '../../src/contract/contract.ts'
import { toProto } from '../../src/contract/contract-to-proto.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { protoOf } from '../../src/contract/to-proto.ts'
import { contractsToTypeScript, toTypeScript } from '../../src/contract/to-typescript.ts'
import { thrownBy } from '../codec/thrown.ts'

const text = Type.String()

function named(name: string): TSchema {
  return Type.Object({ x: text }, { name })
}

/** The lines of a .proto file that declare something. */
function lines(proto: string): string[] {
  protobufjs.parse(proto)
  return proto.split('\n').map((line) => line.trim())
}

describe('in a .proto file', () => {
  const words =
    'message enum group map oneof option optional repeated required reserved extensions extend bool'

  test.each(words.split(' '))('a type called %s is named by the whole of its name', (word) => {
    const part = named(word)
    const type = Type.Object({ one: part, many: Type.Array(part), each: Type.Record(text, part) })
    const proto = protoOf(shapeOf(type, 'Root'))
    expect(lines(proto)).toContain(`.${word} one = 1;`)
    expect(lines(proto)).toContain(`repeated .${word} many = 2;`)
    const value = { one: { x: 'a' }, many: [{ x: 'b' }], each: { k: { x: 'c' } } }
    const back = fromProto(proto).messages.get('Root') as Shape
    const [ours, theirs] = [shapeOf(type, 'Root'), back].map((shape) => {
      const room = Buffer.alloc(100)
      return room.subarray(0, protobuf.compile(shape, defaultLimits).encodeInto(value, room, 0))
    })
    expect(theirs).toEqual(ours)
    const codecs = ['protobuf'] as const
    const orders = contract('shop.orders', '1.0.0', { placed: event(type, { codecs }) })
    expect(lines(toProto(orders))).toContain(`.shop.orders.${word} one = 1;`)
  })

  test('fields that protoc takes for one get names of their own, the later ones', () => {
    const type = Type.Object({ foo_bar: text, fooBar: text, fooBar_2: text, FOOBAR: text })
    const proto = lines(protoOf(shapeOf(type, 'Root')))
    expect(proto).toContain('string foo_bar = 1;')
    expect(proto).toContain('string fooBar_3 = 2;')
    expect(proto).toContain('string fooBar_2 = 3;')
    expect(proto).toContain('string FOOBAR_4 = 4;')
    const kinds = Type.Union([
      Type.Object({ kind: Type.Literal('a') }),
      Type.Object({ kind: Type.Literal('A') }),
    ])
    expect(lines(protoOf(shapeOf(kinds, 'Root')))).toContain('Root_A A_2 = 2;')
  })

  test('so do symbols, which are in one scope with the types of the file', () => {
    const type = Type.Object({
      unit: Type.Enum(['m', 'M', 'unspecified'], { name: 'Unit' }),
      a: Type.Enum(['B_C', 'B'], { name: 'A' }),
      b: Type.Enum(['C'], { name: 'A_B' }),
    })
    const proto = lines(protoOf(shapeOf(type, 'Root')))
    const wanted = [
      ...['Unit__UNSPECIFIED_2 = 0;', 'Unit_m = 1;', 'Unit_M_2 = 2;', 'Unit_unspecified = 3;'],
      ...['A_B_C = 1;', 'A_B_2 = 2;', 'enum A_B {', 'A_B_C_2 = 1;'],
    ]
    for (const line of wanted) expect(proto).toContain(line)
  })

  test('a message around a list, a service and an rpc give way to the types of a contract', () => {
    const type = Type.Object({ l: Type.Optional(Type.Array(text)) }, { name: 'X' })
    const orders = contract('shop.order', '1.0.0', {
      place: request(type, Type.Array(text)),
      Place: request(named('X_l_box'), named('Order')),
      more: event(named('PlaceReply')),
    })
    const proto = lines(toProto(orders))
    expect(proto).toContain('message X_l_box_2 {')
    expect(proto).toContain('message PlaceReply_2 {')
    expect(proto).toContain('service Order_2 {')
    expect(proto).toContain('rpc Place_2(.shop.order.X_l_box) returns (.shop.order.Order);')
  })
})

test('a type that has the name of a type of Avro is refused, with path and hint', () => {
  for (const word of ['string', 'int', 'null', 'bytes']) {
    const type = Type.Object({ a: Type.Object({ b: named(word) }) })
    const error = thrownBy(() => contract('shop', '1.0.0', { placed: event(type) }))
    expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
    expect(error?.path).toBe('/a/b')
    expect(error?.message).toContain('word of Avro')
    expect(thrownBy(() => avroSchemaOf(shapeOf(type, 'Root')))?.path).toBe('/a/b')
    contract('shop', '1.0.0', { placed: event(type, { codecs: ['json', 'msgpack'] }) })
  }
})

test('a type may be called as a kind of type in Avro, where nothing refers to it', () => {
  for (const word of ['record', 'map', 'union', 'fixed']) {
    const once = Type.Object({ b: named(word) })
    contract('shop', '1.0.0', { placed: event(once) })
    const avro = avsc.Type.forSchema(avroSchemaOf(shapeOf(once, 'Root')) as avsc.Schema)
    expect(avro.isValid({ b: { x: 'a' } })).toBe(true)
    const twice = Type.Object({ b: named(word), c: named(word) })
    const error = thrownBy(() => contract('shop', '1.0.0', { placed: event(twice) }))
    expect(error).toMatchObject({ code: 'EARSHOT_SHAPE_UNSUPPORTED', path: '/c' })
  }
})

test('a generated module is TypeScript whatever the types are called', () => {
  const words = 'delete class default null enum any unknown string type await static eval Type'
  const parts = Object.fromEntries(words.split(' ').map((word) => [word, named(word)]))
  const shape = shapeOf(Type.Object(parts), 'Root')
  const codecs = ['json', 'msgpack'] as const
  const orders = contract('shop.delete', '1.0.0', { go: event(Type.Object(parts), { codecs }) })
  for (const module of [toTypeScript({ Root: shape }), contractsToTypeScript([orders])]) {
    expect(module).toContain('export const delete_2 = ')
    expect(module).toContain("name: 'delete'")
    const { diagnostics } = ts.transpileModule(module, {
      reportDiagnostics: true,
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    })
    expect(diagnostics).toEqual([])
    expect(module).not.toMatch(/export type (?:any|unknown|string|null) /)
  }
})

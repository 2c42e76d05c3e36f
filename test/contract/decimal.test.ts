import { type TSchema, Type } from 'typebox'
import { expect, test } from 'vitest'
import { notification } from '../../src/contract/channel.ts'
import { contract } from '../../src/contract/contract.ts'
import { Decimal, type DecimalOptions } from '../../src/contract/decimal.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { parseShape } from '../../src/contract/parse-shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { toJsonSchema } from '../../src/contract/to-json-schema.ts'
import { protoOf } from '../../src/contract/to-proto.ts'
import { toTypeScript } from '../../src/contract/to-typescript.ts'
import { thrownBy } from '../codec/thrown.ts'

const price = shapeOf(Type.Object({ x: Decimal({ precision: 10, scale: 2 }) }), 'Price')

test.each<[string, object]>([
  ['no precision', {}],
  ['a precision of nothing', { precision: 0 }],
  ['a precision beyond 1000', { precision: 1001 }],
  ['half a digit', { precision: 2.5 }],
  ['a scale beyond the precision', { precision: 2, scale: 3 }],
  ['a scale below zero', { precision: 2, scale: -1 }],
  ['fewer bytes than the digits need', { precision: 10, scale: 2, length: 4 }],
  ['a pattern of its own', { precision: 10, scale: 2, pattern: '^1' }],
])('a contract with a decimal of %s is refused with path and hint', (_, options) => {
  const body = Type.Object({ x: Decimal(options as DecimalOptions) })
  const error = thrownBy(() => contract('shop.bills', '1.0.0', { add: notification(body) }))
  expect(error?.code).toBe('EARSHOT_SHAPE_UNSUPPORTED')
  expect(error?.path).toContain('/properties/x')
  expect(error?.data).toHaveProperty('hint')
})

test('plain JSON Schema says a decimal with its format and both numbers', () => {
  const x = { type: 'string', format: 'decimal', precision: 10, scale: 2 }
  const schema = { type: 'object', properties: { x }, required: ['x'] } as unknown as TSchema
  expect(shapeOf(schema, 'Price')).toEqual(price)
  const written = toJsonSchema(price).properties
  expect(written).toEqual({ x: { ...x, pattern: expect.any(String), tag: 1 } })
  const pattern = new RegExp((written as { x: { pattern: string } }).x.pattern, 'u')
  const texts = ['0', '-1.5', '99999999.99', '100000000', '1.234', '00', '1.', '1e2']
  expect(texts.filter((text) => pattern.test(text))).toEqual(['0', '-1.5', '99999999.99'])
})

test('other languages see the logical type of Avro and a string of Protobuf', () => {
  const decimal = { logicalType: 'decimal', precision: 10, scale: 2 }
  expect(avroSchemaOf(price)).toMatchObject({ fields: [{ type: { type: 'bytes', ...decimal } }] })
  const page = shapeOf(Decimal({ precision: 10, scale: 2, length: 8, name: 'Page' }), 'Body')
  expect(avroSchemaOf(page)).toEqual({ type: 'fixed', name: 'Page', size: 8, ...decimal })
  expect(protoOf(price)).toContain('  string x = 1;')
  expect(toTypeScript({ Price: price })).toContain('x: Decimal({ precision: 10, scale: 2 })')
})

test.each<[string, object]>([
  ['a precision that is missing', {}],
  ['a scale beyond the precision', { precision: 2, scale: 3 }],
  ['more digits than a fixed holds', { type: 'fixed', name: 'F', size: 2, precision: 5 }],
])('an Avro decimal with %s is the type beneath, as Avro asks', (_, given) => {
  const shape = fromAvro({ type: 'bytes', logicalType: 'decimal', ...given })
  expect(shape.kind).toBe('bytes')
})

test('a default that is no decimal is refused where the schema is read', () => {
  const type = { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 1 }
  const field = { name: 'x', type, default: '\u0001\u0000' }
  const error = thrownBy(() => fromAvro({ type: 'record', name: 'R', fields: [field] }))
  expect(error?.code).toBe('EARSHOT_SCHEMA_INVALID')
  expect(error?.path).toBe('/fields/0/default')
})

test.each<[string, object]>([
  ['', {}],
  ['', { precision: 10 }],
  ['', { precision: 10, scale: 11 }],
  ['', { precision: 1e9, scale: 0 }],
  ['', { precision: 10, scale: 2, length: 4, name: 'F' }],
  ['/name', { precision: 10, scale: 2, length: 8 }],
])('a stranger’s decimal with a fault at "%s" is refused: %j', (path, given) => {
  const error = thrownBy(() => parseShape({ kind: 'decimal', ...given }))
  expect(error?.code).toBe('EARSHOT_BYTES_INVALID')
  expect(error?.path).toBe(path)
})

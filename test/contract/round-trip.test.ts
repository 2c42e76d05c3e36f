// Shapes written in another language and read back are what they were.

import fc from 'fast-check'
import { type TSchema, Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { protobuf } from '../../src/codec/protobuf.ts'
import { Bytes } from '../../src/contract/bytes.ts'
import { canonicalShape } from '../../src/contract/canonical.ts'
import { Decimal } from '../../src/contract/decimal.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { fromProto } from '../../src/contract/from-proto.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { toJsonSchema } from '../../src/contract/to-json-schema.ts'
import { protoOf, protoRootOf } from '../../src/contract/to-proto.ts'
import { toTypeScript } from '../../src/contract/to-typescript.ts'
import { seed, shapes } from '../codec/arbitrary.ts'
import { encoded } from '../codec/encoded.ts'
import { valueFor } from '../codec/values.ts'

function through(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json))
}

function same(back: Shape, shape: Shape): void {
  if (canonicalShape(back) !== canonicalShape(shape)) expect(back).toEqual(shape)
  expect(canonicalShape(back)).toBe(canonicalShape(shape))
}

test(`JSON Schema keeps all of a shape (EARSHOT_SEED=${seed})`, () => {
  const property = fc.property(shapes, (shape) => {
    same(shapeOf(through(toJsonSchema(shape)) as TSchema, 'Other'), shape)
  })
  fc.assert(property, { seed, numRuns: 300 })
})

test(`an Avro schema keeps all of a shape (EARSHOT_SEED=${seed})`, () => {
  const property = fc.property(shapes, (shape) => {
    same(fromAvro(through(avroSchemaOf(shape))), shape)
    same(fromAvro(JSON.stringify(avroSchemaOf(shape))), shape)
  })
  fc.assert(property, { seed, numRuns: 300 })
})

test(`a .proto file keeps the bytes of a shape (EARSHOT_SEED=${seed})`, () => {
  const samples = shapes
    .filter((shape) => shape.kind === 'record' || shape.kind === 'union')
    .chain((shape) => valueFor(shape, true).map((value) => ({ shape, value })))
  const property = fc.property(samples, ({ shape, value }) => {
    const file = fromProto(protoOf(shape), { int64: 'bigint' })
    const back = protobuf.compile(file.messages.get(protoRootOf(shape)) as Shape, defaultLimits)
    const written = encoded(protobuf.compile(shape, defaultLimits), value)
    const bytes = Buffer.from(written.room.subarray(0, written.end))
    const { room, end } = encoded(back, back.decode(bytes, 0, bytes.length))
    expect(room.toString('hex', 0, end)).toBe(bytes.toString('hex'))
  })
  fc.assert(property, { seed, numRuns: 200 })
})

test(`a TypeScript module keeps all of a shape (EARSHOT_SEED=${seed})`, () => {
  const property = fc.property(shapes, (shape) => {
    const module = evaluated(toTypeScript({ Other: shape }))
    const name = 'name' in shape ? shape.name : 'Other'
    const type = Object.entries(module).find(([key]) => key === name || key === `${name}_2`)?.[1]
    same(shapeOf(type as TSchema, 'Other'), shape)
  })
  fc.assert(property, { seed, numRuns: 200 })
})

/** What a module of types exports; the types of TypeScript are taken off. */
function evaluated(text: string): Record<string, unknown> {
  const body = text
    .replace(/^import .*$/gm, '')
    .replace(/^export type .*$/gm, '')
    .replace(/^export const (\w+) = /gm, 'made.$1 = ')
    .replace(/^(made\.\w+ = )/gm, '$1')
  const names = [...text.matchAll(/^export const (\w+) = /gm)].map(([, name]) => name as string)
  const known = names.map((name) => `get ${name}() { return made.${name} }`).join(', ')
  const source = `const made = {}; with ({ ${known} }) { ${body} } return made`
  const function_ = new Function('Type', 'Bytes', 'Decimal', source)
  return function_(Type, Bytes, Decimal) as Record<string, unknown>
}

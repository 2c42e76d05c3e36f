// Shapes written in another language and read back are what they were.

import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { canonicalShape } from '../../src/contract/canonical.ts'
import { fromAvro } from '../../src/contract/from-avro.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { avroSchemaOf } from '../../src/contract/to-avro.ts'
import { toJsonSchema } from '../../src/contract/to-json-schema.ts'
import { seed, shapes } from '../codec/arbitrary.ts'

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

// Owns comparing with a library over many values: shapes by fast-check, many values for each.
// Never slow by compiling: the codec of a shape is made once.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { Shape } from '../../src/contract/shape.ts'
import { seed } from './arbitrary.ts'
import { valueFor } from './values.ts'

/** What CI compares for each format. */
const least = 10_000
const perShape = 50

/**
 * Compares at least 10 000 values: `prepare` makes what a shape needs and returns the comparison of
 * one value, which says false when the library cannot carry that value.
 */
export function compareMany(
  shapes: fc.Arbitrary<Shape>,
  finite: boolean,
  prepare: (shape: Shape) => (value: unknown) => boolean,
): void {
  let count = 0
  for (let round = 0; count < least; round++) {
    const property = fc.property(shapes, fc.nat(), (shape, start) => {
      const compare = prepare(shape)
      const values = fc.sample(valueFor(shape, finite), { seed: start, numRuns: perShape })
      for (const value of values) if (compare(value)) count++
    })
    fc.assert(property, { seed: seed + round, numRuns: 210, endOnFailure: true })
  }
  expect(count).toBeGreaterThanOrEqual(least)
}

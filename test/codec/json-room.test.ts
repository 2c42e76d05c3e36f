// The room for brackets and commas: enough for each value, and no more than its type can need.

import fc from 'fast-check'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { json } from '../../src/codec/json.ts'
import { jsonRoom } from '../../src/codec/json-room.ts'
import { shapeOf } from '../../src/contract/from-typebox.ts'
import { hasRef, targetOf } from '../../src/contract/link.ts'
import type { Shape } from '../../src/contract/shape.ts'
import { seed, shapes } from './arbitrary.ts'
import { encoded } from './encoded.ts'
import { valueFor } from './values.ts'

/** Items in all lists and maps of a value. */
function itemsIn(shape: Shape, value: unknown): number {
  if (value === undefined || value === null) return 0
  switch (shape.kind) {
    case 'list':
    case 'map': {
      const inner = shape.kind === 'list' ? shape.items : shape.values
      const parts = Object.values(value as object)
      return parts.reduce((sum: number, part) => sum + 1 + itemsIn(inner, part), 0)
    }
    case 'record': {
      const parts = value as Record<string, unknown>
      return shape.fields.reduce((sum, { name, shape: inner }) => {
        return sum + (Object.hasOwn(parts, name) ? itemsIn(inner, parts[name]) : 0)
      }, 0)
    }
    case 'union': {
      const literal = (value as Record<string, unknown>)[shape.discriminator]
      const branch = shape.branches.find((one) => one.literal === literal)
      return branch ? itemsIn(branch.record, value) : 0
    }
    case 'ref':
      return itemsIn(targetOf(shape), value)
    default:
      return 0
  }
}

test(`holds half of all that a value has: the rest is for others (EARSHOT_SEED=${seed})`, () => {
  const samples = shapes
    .filter((shape) => !hasRef(shape) && shape.kind !== 'bytes')
    .chain((shape) => valueFor(shape, true).map((value) => ({ shape, value })))
  const property = fc.property(samples, ({ shape, value }) => {
    const { room, end } = encoded(json.compile(shape, defaultLimits), value)
    const bare = room.toString('utf8', 0, end).replace(/"(?:[^"\\]|\\.)*"/g, '')
    const maxItems = itemsIn(shape, value)
    const { brackets, commas } = jsonRoom(shape, { ...defaultLimits, maxItems })
    expect((bare.match(/[[{]/g) ?? []).length).toBeLessThanOrEqual(brackets / 2)
    expect((bare.match(/,/g) ?? []).length).toBeLessThanOrEqual(commas / 2)
  })
  fc.assert(property, { seed, numRuns: 300 })
})

test('is no larger than the fields in an item ask for', () => {
  const { maxItems } = defaultLimits
  const list = shapeOf(Type.Array(Type.Object({ a: Type.Integer(), b: Type.Integer() })), 'Body')
  const room = { brackets: 2 * (maxItems + 1), commas: 2 * (3 * maxItems) }
  expect(jsonRoom(list, defaultLimits)).toEqual(room)
})

test(`what stands in texts is not counted, however it is escaped (EARSHOT_SEED=${seed})`, () => {
  const codec = json.compile(shapeOf(Type.Array(Type.String()), 'Body'), defaultLimits)
  const part = fc.constantFrom('"', '\\', '[', '{', ',', ']', 'a', 'é', 'x'.repeat(30))
  const text = fc.array(part, { maxLength: 60 }).map((parts) => parts.join(''))
  const property = fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
    // Long enough to be looked through.
    const list = [...texts, '['.repeat(40_000), ...texts]
    const bytes = Buffer.from(JSON.stringify(list))
    expect(codec.decode(bytes, 0, bytes.length)).toEqual(list)
    for (const end of [bytes.length - 1, bytes.length >> 1]) {
      expect(() => codec.decode(bytes, 0, end)).toThrow('not JSON')
    }
  })
  fc.assert(property, { seed, numRuns: 300 })
})

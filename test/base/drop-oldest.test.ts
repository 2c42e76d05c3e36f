// What a Map has beyond its bound goes, the oldest first.

import { expect, it } from 'vitest'
import { dropOldest } from '../../src/base/drop-oldest.ts'

it('leaves those that were set last, and all where they are not too many', () => {
  const map = new Map([1, 2, 3, 4].map((key) => [key, key]))
  dropOldest(map, 4)
  expect([...map.keys()]).toEqual([1, 2, 3, 4])
  dropOldest(map, 2)
  expect([...map.keys()]).toEqual([3, 4])
  dropOldest(map, 0)
  expect(map.size).toBe(0)
})

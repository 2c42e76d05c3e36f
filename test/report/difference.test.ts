// Where what came back is not what was sent.

import { firstDifference } from 'earshot/report'
import { describe, expect, it } from 'vitest'

describe('firstDifference', () => {
  it('takes absent, undefined and null for one, but never zero or an empty text', () => {
    expect(firstDifference({ a: undefined }, { a: null })).toBeUndefined()
    expect(firstDifference({ a: null }, {})).toBeUndefined()
    expect(firstDifference({ a: 0 }, {})?.text).toContain('/a')
    expect(firstDifference({ a: -0 }, { a: 0 })?.text).toContain('/a')
    expect(firstDifference({}, { a: '' })?.text).toContain('/a')
    expect(firstDifference([1], { 0: 1 })?.text).toContain('list')
  })

  it('compares bytes whatever array they are in, and names the path as a JSON pointer', () => {
    const bytes = Uint8Array.of(1, 2)
    expect(firstDifference({ a: bytes }, { a: Buffer.from([1, 2]) })).toBeUndefined()
    const sent = { 'a/b': [{ c: bytes }] }
    const found = firstDifference(sent, { 'a/b': [{ c: Uint8Array.of(1, 3) }] })
    expect(found).toEqual({ path: '/a~1b/0/c', text: '/a~1b/0/c has other bytes' })
    expect(firstDifference({ a: {} }, { a: 'x'.repeat(99) })?.text.length).toBeLessThan(100)
  })
})

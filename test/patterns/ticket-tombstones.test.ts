// The names of ended tickets are known again, by their callers, and no more of them than agreed.

import { describe, expect, it } from 'vitest'
import { TicketTombstones } from '../../src/patterns/ticket-tombstones.ts'

describe('the name of a ticket that has ended', () => {
  it('is known to its caller alone', () => {
    const tombstones = new TicketTombstones(2)
    tombstones.add('one', 'ada')
    expect(tombstones.has('one', 'ada')).toBe(true)
    expect(tombstones.has('one', 'bob')).toBe(false)
    expect(tombstones.has('two', 'ada')).toBe(false)
  })

  it('gives way when there are too many, the oldest first', () => {
    const tombstones = new TicketTombstones(2)
    for (const id of ['one', 'two', 'two', 'three']) tombstones.add(id, 'ada')
    const known = ['one', 'two', 'three'].map((id) => tombstones.has(id, 'ada'))
    expect(known).toEqual([false, true, true])
  })
})

import { describe, expect, it } from 'vitest'
import type { Line } from '../../examples/chat/contract.ts'
import { History } from '../../examples/chat/history.ts'

const line = (id: string, at: number): Line => ({ id, at, text: id, peerId: 'p', name: 'ada' })
const ids = (history: History) => history.last(10).map(({ id }) => id)

describe('the history of a room', () => {
  it('is ordered by time, lines of one time as they came', () => {
    const history = new History(10)
    for (const [id, at] of [
      ['c', 3],
      ['a', 1],
      ['b', 2],
      ['b2', 2],
    ] as const) {
      expect(history.add(line(id, at))).toBe(true)
    }
    expect(ids(history)).toEqual(['a', 'b', 'b2', 'c'])
  })

  it('takes each line once', () => {
    const history = new History(10)
    history.add(line('a', 1))
    expect(history.add(line('a', 1))).toBe(false)
    expect(ids(history)).toEqual(['a'])
  })

  it('keeps the last lines, and refuses one that is older than all of them', () => {
    const history = new History(3)
    for (const at of [1, 2, 3, 4]) history.add(line(`${at}`, at))
    expect(ids(history)).toEqual(['2', '3', '4'])
    expect(history.add(line('late', 0))).toBe(false)
    expect(ids(history)).toEqual(['2', '3', '4'])
    expect(history.last(2).map(({ id }) => id)).toEqual(['3', '4'])
  })
})

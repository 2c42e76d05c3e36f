// Who is wanted is dialled, endpoint after endpoint, again and again, never too many at once.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { Dialer } from '../../src/mesh/dialer.ts'

function dialer(attempt: (endpoint: string) => Promise<boolean>, limits = {}) {
  const clock = createVirtualClock()
  const dialled: [number, string][] = []
  const one = new Dialer(clock, resolveLimits(limits), (endpoint) => {
    dialled.push([clock.nowMs(), endpoint])
    return attempt(endpoint)
  })
  return { clock, dialled, dialer: one }
}

describe('the dialer', () => {
  it('tries one endpoint after the other and stops at the first that answers', async () => {
    const { clock, dialled, dialer: one } = dialer(async (endpoint) => endpoint === 'b')
    one.want({ id: 'x', endpoints: ['a', 'b', 'c'] }, 5)
    await clock.advance(10_000)
    expect(dialled).toEqual([
      [5, 'a'],
      [5, 'b'],
    ])
    expect(clock.pending).toBe(0)
  })

  it('tries again later and later, up to every 5 s, until it is told to stop', async () => {
    const { clock, dialled, dialer: one } = dialer(async () => false)
    one.want({ id: 'x', endpoints: ['a'] }, 0)
    await clock.advance(20_000)
    const times = dialled.map(([atMs]) => atMs)
    expect(times.slice(0, 7)).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 12_750])
    one.settle('x')
    await clock.advance(20_000)
    expect(dialled).toHaveLength(times.length)
  })

  it('has no more than the limit under way, and gets to all', async () => {
    let busy = 0
    let most = 0
    const ends: (() => void)[] = []
    const attempt = async () => {
      most = Math.max(most, ++busy)
      await new Promise<void>((resolve) => ends.push(resolve))
      busy--
      return true
    }
    const { clock, dialled, dialer: one } = dialer(attempt, { maxDialsAtOnce: 3 })
    for (let id = 0; id < 20; id++) one.want({ id: `${id}`, endpoints: [`e${id}`] }, 0)
    const tried = one.tried()
    for (let turn = 0; turn < 30; turn++) {
      await clock.advance(1)
      ends.shift()?.()
    }
    await tried
    expect(dialled).toHaveLength(20)
    expect(most).toBe(3)
  })

  it('does nothing more when it is closed', async () => {
    const { clock, dialled, dialer: one } = dialer(async () => false)
    one.want({ id: 'x', endpoints: ['a'] }, 10)
    one.close()
    one.want({ id: 'y', endpoints: ['b'] }, 0)
    await clock.advance(1_000)
    expect(dialled).toEqual([])
  })
})

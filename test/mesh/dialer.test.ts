// Who is wanted is dialled, all endpoints side by side, again and again, never too many at once.

import { createVirtualClock, type VirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { Dialer } from '../../src/mesh/dialer.ts'

function dialer(
  attempt: (endpoint: string, signal: AbortSignal) => Promise<boolean>,
  limits = {},
  comes = (_id: string) => false,
) {
  const clock = createVirtualClock()
  const dialled: [number, string][] = []
  const dial = (endpoint: string, _id: string, signal: AbortSignal) => {
    dialled.push([clock.nowMs(), endpoint])
    return attempt(endpoint, signal)
  }
  const one = new Dialer(clock, resolveLimits(limits), dial, comes)
  return { clock, dialled, dialer: one }
}

/** Answers after so many ms, or never; counts what is given up. */
function answering(clock: () => VirtualClock, afterMs: Readonly<Record<string, number>>) {
  const lost: string[] = []
  const attempt = (endpoint: string, signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const ms = afterMs[endpoint]
      if (ms !== undefined) clock().after(ms, () => resolve(true))
      signal.addEventListener('abort', () => {
        lost.push(endpoint)
        resolve(false)
      })
    })
  return { attempt, lost }
}

describe('the dialer', () => {
  it('goes on at once where it is refused, and stops at the first that answers', async () => {
    const { clock, dialled, dialer: one } = dialer(async (endpoint) => endpoint === 'b')
    one.want({ id: 'x', endpoints: ['a', 'b', 'c'] }, 5)
    await clock.advance(10_000)
    expect(dialled).toEqual([
      [5, 'a'],
      [5, 'b'],
    ])
    expect(clock.pending).toBe(0)
  })

  it('gives the best endpoint 50 ms, then tries the next beside it; losers close', async () => {
    const { attempt, lost } = answering(() => clock, { c: 20 })
    const { clock, dialled, dialer: one } = dialer(attempt)
    one.want({ id: 'x', endpoints: ['a', 'b', 'c', 'd'] }, 0)
    const tried = one.tried()
    await clock.advance(10_000)
    await tried
    expect(dialled).toEqual([
      [0, 'a'],
      [50, 'b'],
      [100, 'c'],
    ])
    expect(lost).toEqual(['a', 'b'])
    expect(clock.pending).toBe(0)
  })

  it('lets the best win that answers late, though the next is under way', async () => {
    const { attempt, lost } = answering(() => clock, { a: 60, b: 30 })
    const { clock, dialled, dialer: one } = dialer(attempt)
    one.want({ id: 'x', endpoints: ['a', 'b'] }, 0)
    await clock.advance(1_000)
    expect(dialled.map(([, endpoint]) => endpoint)).toEqual(['a', 'b'])
    expect(lost).toEqual(['b'])
  })

  it('counts every endpoint that is under way, and finishes who has begun first', async () => {
    const { attempt } = answering(() => clock, { x2: 10, y1: 10 })
    const { clock, dialled, dialer: one } = dialer(attempt, { maxDialsAtOnce: 2 })
    one.want({ id: 'x', endpoints: ['x1', 'x2'] }, 0)
    one.want({ id: 'w', endpoints: ['w1', 'w2'] }, 0)
    one.want({ id: 'y', endpoints: ['y1'] }, 1)
    await clock.advance(200)
    // Both places are taken by what never answers.
    expect(dialled.map(([, endpoint]) => endpoint)).toEqual(['x1', 'w1'])
    one.settle('y')
    expect(dialled).toHaveLength(2)
  })

  it('begins nothing more for one who has come to us, and cuts nothing off', async () => {
    const { attempt, lost } = answering(() => clock, { a: 500 })
    const { clock, dialled, dialer: one } = dialer(attempt)
    one.want({ id: 'x', endpoints: ['a', 'b', 'c'] }, 0)
    await clock.advance(10)
    one.settle('x')
    await clock.advance(1_000)
    expect(dialled.map(([, endpoint]) => endpoint)).toEqual(['a'])
    expect(lost).toEqual([])
  })

  it('lets who has said hello go on for a second, and is not through with it', async () => {
    const comes = (id: string) => id !== 'silent'
    const { clock, dialled, dialer: one } = dialer(async () => true, {}, comes)
    one.want({ id: 'comes', endpoints: ['a'] }, 0)
    one.want({ id: 'gives up', endpoints: ['b'] }, 0)
    one.want({ id: 'silent', endpoints: ['c'] }, 0)
    let isThrough = false
    void one.tried().then(() => {
      isThrough = true
    })
    await clock.advance(500)
    expect([dialled, isThrough]).toEqual([[[0, 'c']], false])
    one.settle('comes')
    await clock.advance(1_000)
    expect([dialled.slice(1), isThrough]).toEqual([[[1_000, 'b']], true])
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

  it('gives each who tells of peers his turn: a thousand of one hold up nobody', async () => {
    const {
      clock,
      dialled,
      dialer: one,
    } = dialer(
      (endpoint) =>
        new Promise((resolve) => {
          if (endpoint.startsWith('real')) resolve(true)
          else clock.after(1_000, () => resolve(false))
        }),
      { maxDialsAtOnce: 4 },
    )
    const want = (endpoint: string, ...tellers: string[]) =>
      one.want({ id: endpoint, endpoints: [endpoint], tellers }, 0)
    for (let at = 0; at < 1_000; at++) want(`fake-${at}`, 'liar')
    await clock.advance(10)
    want('real-1', 'honest')
    want('real-2', '')
    // Whoever else tells of it, too, is no reason to let it wait.
    want('real-3', 'liar', 'other')
    await clock.advance(1_000)
    const reals = dialled.map(([, endpoint]) => endpoint).filter((one) => one.startsWith('real'))
    expect(reals.sort()).toEqual(['real-1', 'real-2', 'real-3'])
    one.close()
  })
})

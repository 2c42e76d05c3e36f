// What falls due in virtual time, and chance from a seed: the ground on which worlds stand.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { createChance } from '../../src/testing/chance.ts'
import { SimulatedProcess } from '../../src/testing/process.ts'
import { Schedule } from '../../src/testing/schedule.ts'

describe('a schedule', () => {
  it('runs in order of time, then of calls, and ends of turns last', () => {
    const schedule = new Schedule(0)
    const ran: string[] = []
    const chance = createChance(7)
    const times = Array.from({ length: 500 }, () => chance.int(0, 50))
    times.forEach((atMs, index) => {
      schedule.at(atMs, () => ran.push(`${String(atMs).padStart(2, '0')}a${index}`))
      schedule.at(atMs, () => ran.push(`${String(atMs).padStart(2, '0')}b${index}`), true)
    })
    while (schedule.step(50));
    const place = (text: string) => [text.slice(0, 3), Number(text.slice(3))] as const
    const sorted = [...ran].sort((one, other) => {
      const [[a, x], [b, y]] = [place(one), place(other)]
      return a === b ? x - y : a < b ? -1 : 1
    })
    expect(ran).toHaveLength(1_000)
    expect(ran).toEqual(sorted)
  })

  it('moves to the end of what it was asked for, and counts what is left', () => {
    const schedule = new Schedule(10)
    const timer = schedule.at(15, () => undefined)
    schedule.at(40, () => undefined)
    timer.cancel()
    timer.cancel()
    expect(schedule.pending).toBe(1)
    expect(schedule.step(30)).toBe(false)
    expect(schedule.nowMs).toBe(30)
    expect(schedule.step(40)).toBe(true)
    expect(schedule.pending).toBe(0)
  })
})

describe('a virtual clock', () => {
  it('fires each period once, and ends a turn when it is moved by nothing', async () => {
    const clock = createVirtualClock()
    const ran: number[] = []
    const timer = clock.every(10, () => ran.push(clock.nowMs()))
    await clock.advance(35)
    timer.cancel()
    await clock.advance(35)
    expect(ran).toEqual([10, 20, 30])
    let ended = false
    clock.afterTurn(() => {
      ended = true
    })
    expect(ended).toBe(false)
    await clock.advance(0)
    expect(ended).toBe(true)
  })
})

describe('chance from a seed', () => {
  it('is the same for the same seed, another for another, and even', () => {
    const row = (seed: number) => {
      const chance = createChance(seed)
      return Array.from({ length: 50 }, () => chance.int(0, 9))
    }
    expect(row(3)).toEqual(row(3))
    expect(row(3)).not.toEqual(row(4))
    expect(row(2 ** 40)).not.toEqual(row(0))
    const chance = createChance(5)
    const found = Array.from({ length: 10_000 }, () => chance.int(0, 9))
    for (let digit = 0; digit < 10; digit++) {
      const share = found.filter((value) => value === digit).length
      expect(share).toBeGreaterThan(850)
      expect(share).toBeLessThan(1_150)
    }
  })
})

describe('a simulated process', () => {
  const started = () => {
    const schedule = new Schedule(0)
    const process = new SimulatedProcess('p', '10.0.0.1', schedule)
    const ran: string[] = []
    process.clock.after(10, () => ran.push('after'))
    process.clock.every(4, () => ran.push('every'))
    return { schedule, process, ran }
  }

  it('catches up once with all that fell due while it was stopped', () => {
    const { schedule, process, ran } = started()
    process.stop()
    while (schedule.step(30));
    expect(ran).toEqual([])
    process.resume()
    while (schedule.step(30));
    expect(ran).toEqual(['every', 'after'])
    while (schedule.step(34));
    expect(ran).toEqual(['every', 'after', 'every'])
  })

  it('does nothing more once it is killed', () => {
    const { schedule, process, ran } = started()
    while (schedule.step(5));
    process.kill()
    process.resume()
    while (schedule.step(100));
    expect(ran).toEqual(['every'])
  })
})

// The bounded queue between one who pushes and one who iterates.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IterableQueue } from '../../src/base/queue.ts'
import { failure } from '../support/peers.ts'

describe('an iterable queue', () => {
  it('never holds more than its capacity, and counts what gave way', () => {
    const actions = fc.array(fc.boolean(), { maxLength: 300 })
    const overflow = fc.constantFrom('drop-oldest' as const, 'drop-newest' as const)
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        overflow,
        actions,
        async (most, how, plan) => {
          const queue = new IterableQueue<number>(most, how)
          let model: number[] = []
          let dropped = 0
          for (const [index, pushes] of plan.entries()) {
            if (pushes) {
              queue.push(index)
              model.push(index)
              if (model.length > most) {
                dropped++
                model = how === 'drop-oldest' ? model.slice(1) : model.slice(0, -1)
              }
            } else if (model.length > 0) {
              expect(await queue.next()).toEqual({ value: model.shift(), done: false })
            }
            expect(queue.size).toBe(model.length)
          }
          expect(queue.dropped).toBe(dropped)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('gives the next item to one who waits, and ends when it is told', async () => {
    const queue = new IterableQueue<string>(3, 'drop-oldest')
    const waiting = queue.next()
    queue.push('x')
    expect(await waiting).toEqual({ value: 'x', done: false })
    queue.push('y')
    queue.end()
    expect(queue.push('z')).toBe(false)
    expect(await queue.next()).toEqual({ value: 'y', done: false })
    expect(await queue.next()).toEqual({ value: undefined, done: true })
  })

  it('hands its error out once, after what it still holds', async () => {
    const queue = new IterableQueue<string>(3, 'drop-oldest')
    queue.push('x')
    queue.fail(new Error('broken'))
    expect(await queue.next()).toEqual({ value: 'x', done: false })
    expect(await failure(queue.next())).toMatchObject({ message: 'broken' })
    expect(await queue.next()).toEqual({ value: undefined, done: true })
  })

  it('refuses a second consumer, and tells when its loop is left', async () => {
    let left = 0
    const queue = new IterableQueue<string>(3, 'drop-oldest', () => left++)
    const first = queue.next()
    expect(await failure(queue.next())).toMatchObject({ code: 'EARSHOT_OPTION_INVALID' })
    await queue.return()
    expect(await first).toEqual({ value: undefined, done: true })
    expect(left).toBe(1)
  })
})

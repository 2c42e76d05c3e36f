import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  addAbortListener,
  EitherSignal,
  removeAbortListener,
} from '../../src/base/abort-listeners.ts'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('waiting for a signal', () => {
  it('takes one listener however many wait, and none when nobody does', () => {
    const { signal } = new AbortController()
    const acts = Array.from({ length: 20 }, () => () => undefined)
    for (const act of acts) addAbortListener(signal, act)
    expect(listeners(signal)).toBe(1)
    for (const act of acts.slice(1)) removeAbortListener(signal, act)
    expect(listeners(signal)).toBe(1)
    removeAbortListener(signal, acts[0] as () => void)
    removeAbortListener(signal, () => undefined)
    expect(listeners(signal)).toBe(0)
  })

  it('calls each once, in their order, but those that were taken out meanwhile', () => {
    const controller = new AbortController()
    const { signal } = controller
    const called: string[] = []
    const third = () => called.push('third')
    addAbortListener(signal, () => {
      called.push('first')
      removeAbortListener(signal, third)
    })
    addAbortListener(signal, () => called.push('second'))
    addAbortListener(signal, third)
    controller.abort()
    controller.abort()
    expect(called).toEqual(['first', 'second'])
    expect(listeners(signal)).toBe(0)
  })

  it('goes on after all have left and others have come', () => {
    const controller = new AbortController()
    const called: string[] = []
    const early = () => called.push('early')
    addAbortListener(controller.signal, early)
    addAbortListener(controller.signal, () => called.push('late'))
    removeAbortListener(controller.signal, early)
    addAbortListener(controller.signal, () => called.push('latest'))
    controller.abort()
    expect(called.sort()).toEqual(['late', 'latest'])
  })
})

describe('two signals as one', () => {
  it.each([0, 1])('calls once, with the reason of the first that aborts: %i', (first) => {
    const both = [new AbortController(), new AbortController()] as const
    const either = new EitherSignal(both[0].signal, new EitherSignal(both[1].signal))
    let called = 0
    addAbortListener(either, () => called++)
    expect([either.aborted, either.reason]).toEqual([false, undefined])
    both[first as 0 | 1].abort('first')
    both[first === 0 ? 1 : 0].abort('second')
    expect([called, either.aborted]).toEqual([1, true])
    expect(both.map(({ signal }) => listeners(signal))).toEqual([0, 0])
  })

  it('leaves nothing on either when nobody waits', () => {
    const signals = [new AbortController().signal, new AbortController().signal]
    const either = new EitherSignal(...signals)
    const act = () => undefined
    addAbortListener(either, act)
    expect(signals.map(listeners)).toEqual([1, 1])
    removeAbortListener(either, act)
    removeAbortListener(either, act)
    expect(signals.map(listeners)).toEqual([0, 0])
  })
})

import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { addAbortListener, removeAbortListener } from '../../src/base/abort-listeners.ts'

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

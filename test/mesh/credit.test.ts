// The window of a link and the credit of who sends into it: never more than was granted, never a
// sender that waits for ever, wider for who is fast and narrow again for who is still.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { resolveLimits } from '../../src/base/limits.ts'
import { Credit, mostOnItsWayBytes } from '../../src/mesh/credit.ts'
import { CreditWindow, WidenBudget } from '../../src/mesh/credit-window.ts'

const limits = resolveLimits({ creditBytes: 1_000, maxCreditBytes: 4_000, maxMessageBytes: 100 })

/** Time that stands still until it is moved; nothing here sets a timer. */
class Stepping implements Clock {
  #nowMs = 0
  readonly after = systemClock.after
  readonly every = systemClock.every
  readonly afterTurn = systemClock.afterTurn
  readonly wallMs = systemClock.wallMs
  nowMs = () => this.#nowMs

  advance(byMs: number) {
    this.#nowMs += byMs
  }
}

function windowOf(budgetBytes: number) {
  const clock = new Stepping()
  return { clock, window: new CreditWindow(limits, clock, new WidenBudget(budgetBytes)) }
}

/** Has `times` grants handled, each `afterMs` after the one before. */
function handle(window: CreditWindow, clock: Stepping, times: number, afterMs: number) {
  for (let time = 0; time < times; time++) {
    clock.advance(afterMs)
    window.take(250)
    expect(window.release(250)).toBe(250)
  }
}

describe('the window of a link', () => {
  it('grants when a quarter of it is handled', () => {
    const { window } = windowOf(0)
    window.take(400)
    expect(window.release(249)).toBe(0)
    expect(window.release(1)).toBe(250)
  })

  it('widens up to its limit while what comes is handled at once', () => {
    const { window, clock } = windowOf(1_000_000)
    handle(window, clock, 20, 0.001)
    expect(window.bytes).toBe(4_000)
  })

  it('stays as it began where handling takes long', () => {
    const { window, clock } = windowOf(1_000_000)
    handle(window, clock, 20, 10)
    expect(window.bytes).toBe(1_000)
  })

  it('widens no further than the budget that all links share', () => {
    const { window, clock } = windowOf(600)
    handle(window, clock, 20, 0.001)
    expect(window.bytes).toBe(1_500)
  })

  it('is narrow again after a rest, and gives the budget back', () => {
    const { window, clock } = windowOf(3_000)
    handle(window, clock, 20, 0.001)
    expect(window.rest()).toBe(-1)
    expect(window.rest()).toBe(0)
    expect(window.bytes).toBe(1_000)
    handle(window, clock, 20, 0.001)
    expect(window.bytes).toBe(4_000)
  })

  it('gives the budget back when the link ends', () => {
    const budget = new WidenBudget(3_000)
    const clock = new Stepping()
    const ended = new CreditWindow(limits, clock, budget)
    handle(ended, clock, 20, 0.001)
    ended.end()
    const next = new CreditWindow(limits, clock, budget)
    handle(next, clock, 20, 0.001)
    expect(next.bytes).toBe(4_000)
  })

  it('says when more has come than was ever granted', () => {
    const { window } = windowOf(0)
    // The last frame may be a slab larger than what was left, and one more may be under way.
    expect(window.take(1_000 + 2 * 262_144)).toBe(true)
    expect(window.take(1)).toBe(false)
  })
})

describe('credit', () => {
  it('is never more than our own bound, whatever is promised', () => {
    const credit = new Credit(500)
    credit.resize(10_000)
    credit.add(10_000)
    expect(credit.left).toBe(500)
    credit.resize(100)
    expect(credit.left).toBe(100)
  })

  it('and window agree: nothing is refused, and a sender always gets on again', () => {
    const ops = fc.array(fc.constantFrom('send', 'handle', 'rest', 'wait'), { maxLength: 300 })
    fc.assert(
      fc.property(ops, fc.integer({ min: 50, max: 2_000 }), (steps, maxOutboundBytes) => {
        const { window, clock } = windowOf(2_000)
        const credit = new Credit(mostOnItsWayBytes(resolveLimits({ maxOutboundBytes })))
        window.boundTo(mostOnItsWayBytes(resolveLimits({ maxOutboundBytes })))
        credit.resize(limits.creditBytes)
        const onItsWay: number[] = []
        const grant = (bytes: number) => {
          credit.add(bytes)
          credit.resize(window.bytes)
        }
        const handled = () => {
          const granted = window.release(onItsWay.shift() ?? 0)
          if (granted > 0) grant(granted)
        }
        for (const step of steps) {
          if (step === 'send' && credit.left > 0) {
            credit.left -= 60
            onItsWay.push(60)
            expect(window.take(60)).toBe(true)
          } else if (step === 'handle' && onItsWay.length > 0) handled()
          else if (step === 'wait') clock.advance(5)
          else if (step === 'rest') {
            const granted = window.rest()
            if (granted >= 0) grant(granted)
          }
        }
        while (onItsWay.length > 0) handled()
        expect(credit.left).toBeGreaterThan(0)
      }),
    )
  })
})

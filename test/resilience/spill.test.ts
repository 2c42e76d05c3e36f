// Of a peer that refuses some of its calls: how many of them it still gets, and for how long.

import { describe, expect, it } from 'vitest'
import { Spill } from '../../src/resilience/spill.ts'

/** So many calls a second for a while, of which the peer takes so many; whom they went to. */
function run(spill: Spill, { perSecond = 300, takes = 80, fromMs = 0, seconds = 10 }) {
  let [sent, refused] = [0, 0]
  let room = 0
  for (let call = 0; call < perSecond * seconds; call++) {
    const nowMs = fromMs + (call * 1_000) / perSecond
    room = Math.min(room + takes / perSecond, 8)
    if (spill.passesOver(nowMs)) continue
    sent++
    if (room >= 1) room--
    else {
      refused++
      spill.refused(nowMs)
    }
  }
  return { sent: sent / seconds, refused: refused / seconds }
}

describe('of the calls for a peer that takes some', () => {
  it('pass so many that few are refused, whatever the load', () => {
    for (const perSecond of [100, 300, 3_000]) {
      const spill = new Spill()
      run(spill, { perSecond, seconds: 5 })
      const { sent, refused } = run(spill, { perSecond, fromMs: 5_000 })
      expect(sent - refused).toBeGreaterThan(70)
      expect(refused).toBeLessThan(0.1 * sent + 10)
    }
  })

  it('pass nearly all where it takes none, and none once it takes all again', () => {
    const spill = new Spill()
    const none = run(spill, { takes: 0, seconds: 5 })
    expect(none.sent).toBeLessThan(25)
    run(spill, { takes: 1_000, fromMs: 5_000, seconds: 5 })
    expect(run(spill, { takes: 1_000, fromMs: 10_000 })).toEqual({ sent: 300, refused: 0 })
  })

  it('pass no more for the many that were under way when it began to refuse', () => {
    const spill = new Spill()
    for (let call = 0; call < 20; call++) spill.passesOver(call)
    for (let late = 0; late < 500; late++) {
      spill.refused(100 + late)
      spill.passesOver(100 + late)
    }
    run(spill, { takes: 1_000, fromMs: 1_000, seconds: 5 })
    expect(run(spill, { takes: 1_000, fromMs: 6_000, seconds: 1 }).sent).toBeGreaterThan(20)
  })

  it('pass none before the first is refused', () => {
    expect(run(new Spill(), { takes: 300 })).toEqual({ sent: 300, refused: 0 })
  })
})

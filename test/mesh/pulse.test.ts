// Beats that stay away where a pulse is seen, and come back where it is not.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { Liveness } from '../../src/mesh/liveness.ts'
import { type Link, Remote } from '../../src/mesh/remote.ts'
import { Rhythm } from '../../src/mesh/rhythm.ts'

const BEAT_MS = 1_000
const ID = 'b'.repeat(32)

/** We, and one remote peer by one link of this host, which pulses until it is told to stop. */
function world() {
  const timers = createVirtualClock(Date.now())
  let setMs = 0
  const clock = { ...timers, wallMs: () => timers.wallMs() + setMs }
  const sent: (string | undefined)[] = []
  const told: [number, string][] = []
  const ours = { works: true, theirs: undefined as number | undefined, beats: 0 }
  const link = {
    ...{ rhythm: new Rhythm(), lastHeardMs: timers.nowMs(), givenUpAfterMs: 0 },
    rest: () => undefined,
    ...{ withinHost: true, sees: false, isSeen: false },
    outbound: {
      control: (_kind: number, payload?: Uint8Array) => sent.push(payload && String(payload[0])),
    },
  }
  const remote = {
    prefer: Remote.prototype.prefer,
    ...{ id: ID, hello: { heartbeatMs: BEAT_MS }, suspected: false, down: false },
    ...{ links: [link], pulse: undefined, feltMs: Number.NEGATIVE_INFINITY },
    forgive: () => undefined,
  }
  const liveness = new Liveness({
    ...{ clock, limits: resolveLimits(), beat: () => undefined, greeted: () => [] },
    pulses: {
      beat: () => {
        ours.beats++
        return ours.works
      },
      last: (id) => (id === ID ? ours.theirs : undefined),
      close: () => undefined,
    },
    remotes: () => (remote.down ? [] : [remote as unknown as Remote]),
    silent: () => {
      told.push([clock.nowMs(), 'silent'])
      remote.down = true
    },
    suspects: ({ suspected }) => told.push([clock.nowMs(), suspected ? 'suspected' : 'cleared']),
  })
  liveness.start()
  /** Its pulse beats, a little after ours. */
  const pulses = async (count: number) => {
    for (let beat = 0; beat < count; beat++) {
      await timers.advance(130)
      ours.theirs = clock.wallMs()
      await timers.advance(BEAT_MS - 130)
    }
  }
  const hear = () => {
    ;(link as unknown as Link).lastHeardMs = clock.nowMs()
  }
  const set = (ms: number) => {
    setMs += ms
  }
  return { timers, clock, link, sent, told, ours, pulses, hear, set }
}

describe('among peers of one host', () => {
  it('who sees a pulse says so once, and needs no beat by the link', async () => {
    const { pulses, sent, told, link } = world()
    await pulses(20)
    expect(sent.filter((payload) => payload !== undefined)).toEqual(['1'])
    expect(link.sees).toBe(true)
    expect(told).toEqual([])
  })

  it('our beats stay away when our pulse is seen, but for one of thirty', async () => {
    const { pulses, sent, link, ours } = world()
    await pulses(5)
    link.isSeen = true
    sent.length = 0
    await pulses(60)
    expect(sent).toEqual([undefined, undefined])
    // Its file cannot be touched any more.
    ours.works = false
    await pulses(5)
    expect(sent).toHaveLength(7)
  })

  it('a file that was there before is no sign of life', async () => {
    const { timers, ours, sent, told } = world()
    ours.theirs = Date.now() - 5_000
    await timers.advance(4_000)
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'silent'])
    expect(sent.filter((payload) => payload !== undefined)).toEqual([])
  })

  it('whose pulse ends is asked for a word, suspected, and given up as soon as ever', async () => {
    const { timers, clock, pulses, sent, told } = world()
    await pulses(20)
    const lastMs = clock.nowMs() - (BEAT_MS - 130)
    sent.length = 0
    await timers.advance(5_000)
    expect(sent.filter((payload) => payload !== undefined)).toEqual(['0'])
    const [[suspectedMs = 0] = [], [silentMs = 0] = []] = told
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'silent'])
    expect(suspectedMs - lastMs).toBeLessThanOrEqual(1_500)
    expect(silentMs - lastMs).toBeGreaterThan(2_000)
    expect(silentMs - lastMs).toBeLessThanOrEqual(2_500)
  })

  it('whose pulse comes late is seen before it is given up', async () => {
    const { timers, clock, pulses, told, ours } = world()
    await pulses(20)
    for (let times = 0; times < 10; times++) {
      // 1.8 s after the one before.
      await timers.advance(930)
      ours.theirs = clock.wallMs()
      await timers.advance(870)
      expect(told.filter(([, what]) => what === 'silent')).toEqual([])
    }
  })

  it('whose pulse comes twice at once, and then no more, is given up like others', async () => {
    const { timers, clock, pulses, told, ours } = world()
    await pulses(20)
    await timers.advance(300)
    ours.theirs = clock.wallMs()
    const lastMs = clock.nowMs()
    await timers.advance(5_000)
    const [silentMs = 0] = told.find(([, what]) => what === 'silent') ?? []
    expect(silentMs - lastMs).toBeGreaterThan(2_000)
    expect(silentMs - lastMs).toBeLessThanOrEqual(3_250)
  })

  it('whose pulse ends and who still speaks stays, and is seen again by its pulse', async () => {
    const { timers, pulses, sent, told, hear, ours } = world()
    await pulses(20)
    sent.length = 0
    ours.theirs = undefined
    for (let beat = 0; beat < 10; beat++) {
      await timers.advance(BEAT_MS)
      hear()
    }
    expect(told.filter(([, what]) => what === 'silent')).toEqual([])
    await pulses(5)
    expect(sent.filter((payload) => payload !== undefined)).toEqual(['0', '1'])
  })

  it('a wall clock that is set changes nothing', async () => {
    const { pulses, told, set } = world()
    await pulses(20)
    for (const hours of [1, -2, 5]) {
      set(hours * 3_600_000)
      await pulses(5)
    }
    expect(told).toEqual([])
  })
})

// Heartbeats on a clock of our own: who falls silent is suspected, then given up; who is late is
// heard again; a peer that stood still itself accuses nobody.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { Liveness } from '../../src/mesh/liveness.ts'
import { type Link, Remote } from '../../src/mesh/remote.ts'
import { Rhythm } from '../../src/mesh/rhythm.ts'

const BEAT_MS = 1_000

/** One remote peer with so many links, which beats until it is told to stop. */
function world(links = 1, heartbeatMs = BEAT_MS) {
  const timers = createVirtualClock()
  let stoodMs = 0
  const clock = {
    ...timers,
    nowMs: () => timers.nowMs() + stoodMs,
    /** Our loop stands still: time goes on, and no timer runs. */
    stand: (forMs: number) => {
      stoodMs += forMs
    },
  }
  const told: [number, string][] = []
  const remote = {
    prefer: Remote.prototype.prefer,
    ...{ hello: { heartbeatMs }, suspected: false, down: false, forgive: () => undefined },
    links: Array.from({ length: links }, (_, at) => ({
      ...{ at, rhythm: new Rhythm(), lastHeardMs: 0, givenUpAfterMs: 0 },
      ...{ outbound: { control: () => undefined }, rest: () => undefined },
    })),
  }
  const liveness = new Liveness({
    ...{ clock, limits: resolveLimits(), beat: () => undefined },
    remotes: () => (remote.down ? [] : [remote as unknown as Remote]),
    greeted: () => [],
    silent: (link) => {
      const { at } = link as unknown as { at: number }
      told.push([clock.nowMs(), `link ${at} is silent`])
      remote.links = remote.links.filter((one) => (one as unknown as Link) !== link)
      remote.down = remote.links.length === 0
    },
    suspects: ({ suspected }) => {
      told.push([clock.nowMs(), suspected ? 'suspected' : 'cleared'])
    },
  })
  liveness.start()
  const hear = (link = remote.links[0]) => {
    if (!link) return
    link.lastHeardMs = clock.nowMs()
    link.rhythm.beat(clock.nowMs())
  }
  const beats = async (count: number, everyMs = heartbeatMs) => {
    for (let beat = 0; beat < count; beat++) {
      await clock.advance(everyMs)
      for (const link of remote.links) hear(link)
    }
  }
  return { clock, told, remote, beats, hear }
}

describe('a peer that falls silent', () => {
  it('is suspected after one beat, given up after two, where beats came like a clock', async () => {
    const { clock, told, remote, beats } = world()
    await beats(30)
    await clock.advance(5_000)
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'link 0 is silent'])
    const [suspectedMs, silentMs] = told.map(([atMs]) => atMs - 30 * BEAT_MS)
    expect(suspectedMs).toBeLessThanOrEqual(1_500)
    expect(silentMs).toBeGreaterThan(2_000)
    expect(silentMs).toBeLessThanOrEqual(2_500)
    expect(remote.down).toBe(true)
  })

  it('is given up after three while nothing is known of its beats', async () => {
    const { clock, told, beats } = world()
    await beats(2)
    await clock.advance(5_000)
    const [, [silentMs = 0] = []] = told
    expect(silentMs - 2 * BEAT_MS).toBeGreaterThan(3_000)
    expect(silentMs - 2 * BEAT_MS).toBeLessThanOrEqual(3_250)
  })

  it('is cleared when it is heard again', async () => {
    const { clock, told, remote, beats, hear } = world()
    await beats(30)
    await clock.advance(1_700)
    expect(remote.suspected).toBe(true)
    hear()
    await clock.advance(500)
    expect(remote.suspected).toBe(false)
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'cleared'])
  })

  it('on one of two links loses that one, and is not suspected', async () => {
    const { clock, told, remote, beats, hear } = world(2)
    await beats(30)
    const [, second] = remote.links
    for (let beat = 0; beat < 5; beat++) {
      await clock.advance(BEAT_MS)
      hear(second)
    }
    expect(told.map(([, what]) => what)).toEqual(['link 0 is silent'])
    expect(remote.links).toEqual([second])
  })

  it('on one of two links is spoken to by the other long before that one is lost', async () => {
    const { clock, told, remote, beats, hear } = world(2)
    await beats(30)
    const [first, second] = remote.links
    await clock.advance(BEAT_MS)
    hear(second)
    await clock.advance(BEAT_MS / 2)
    expect(remote.links).toEqual([second, first])
    expect(told).toEqual([])
  })

  it('is waited for as long as it says, however slowly it beats', async () => {
    const { clock, told, beats } = world(1, 10_000)
    await beats(12)
    await clock.advance(12_000)
    expect(told).toEqual([])
    await clock.advance(20_000)
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'link 0 is silent'])
  })
})

describe('our own loop that stood still', () => {
  it('accuses nobody, and takes nothing off what the others may be silent', async () => {
    const { clock, told, remote, beats, hear } = world()
    await beats(30)
    clock.stand(8_000)
    await clock.advance(BEAT_MS / 4)
    expect(told).toEqual([])
    hear()
    await clock.advance(1_000)
    expect([told, remote.suspected]).toEqual([[], false])
  })

  it('still finds who was silent before, when it has been awake for long enough', async () => {
    const { clock, told, beats } = world()
    await beats(30)
    await clock.advance(1_000)
    clock.stand(8_000)
    await clock.advance(2_000)
    expect(told.map(([, what]) => what)).toEqual(['suspected', 'link 0 is silent'])
  })
})

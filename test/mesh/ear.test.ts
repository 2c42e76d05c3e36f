// An ear whose connection is dead while the link to its publisher lives: only silence tells.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import type { BodyReader } from '../../src/codec/resolve.ts'
import { createCounters } from '../../src/mesh/counters.ts'
import { Ear, type HeardChannel, type HearingParts } from '../../src/mesh/ear.ts'
import type { Remote } from '../../src/mesh/remote.ts'
import type { Hearing } from '../../src/transport/transport.ts'
import { answerToMarker, isMarker, topicOf } from '../../src/wire/topic.ts'
import { faults } from '../support/peers.ts'

const ID = 'ab'.repeat(16)
const THEIRS = 'ef'.repeat(16)
/** There another peer publishes. */
const MISTAKEN = 'tcp://172.17.0.1:1'
const topic = topicOf('test.news/1/tick', 0, '00000000')
const channel = {
  ...{ local: { channel: { key: 'test.news/1/tick' } }, key: undefined, range: undefined },
  listeners: new Set(),
} as unknown as HeardChannel

/** An ear at an outlet that answers markers, or not any more. */
async function listening(endpoint = 'tcp://10.0.0.1:1', others: readonly string[] = []) {
  const clock = createVirtualClock()
  const opened: Hearing[] = []
  const seen = { markers: 0, isDead: false }
  const hear = (endpoint: string): Hearing => {
    const hearing: Hearing = {
      ...{ endpoint, onFrame: () => undefined, onClose: () => undefined },
      subscribe: (asked) => {
        if (!isMarker(asked)) return
        seen.markers++
        const answer = answerToMarker(asked, {
          next: 7,
          since: 0,
          by: endpoint === MISTAKEN ? ID : THEIRS,
        })
        if (!seen.isDead) hearing.onFrame(answer)
      },
      ...{ unsubscribe: () => undefined, pause: () => undefined, close: () => undefined },
      giveUp: () => hearing.onClose('given up'),
    }
    opened.push(hearing)
    return hearing
  }
  const parts = {
    ...{ clock, limits: resolveLimits(), counters: createCounters(), id: ID, host: 'here' },
    ...{ transport: { hear }, leftAt: () => undefined },
  } as unknown as HearingParts
  const outlet = { outlet: [endpoint, ...others].filter((one) => one !== '') }
  const remote = { id: THEIRS, name: 'news', down: false, link: undefined, seenFrom: () => outlet }
  const heardOf = (frame: Buffer, at: Ear) => at.answered(frame)
  const ear = new Ear(remote as unknown as Remote, parts, false, heardOf)
  const asked = ear.ask(channel, topic, {} as BodyReader)
  if (endpoint !== MISTAKEN) await asked
  const beats = async (count: number) => {
    for (let left = count; left > 0; left--) {
      await clock.advance(1_000)
      ear.beat()
    }
  }
  return {
    ear,
    opened,
    seen,
    beats,
    asked,
    outlet,
    clock,
    frame: () => opened.at(-1)?.onFrame(topic),
  }
}

describe('an ear at which nothing arrives', () => {
  it('asks its publisher for a word now and then, and stays', async () => {
    const { opened, seen, beats } = await listening()
    await beats(40)
    expect(opened).toHaveLength(1)
    expect(seen.markers).toBe(9)
  })

  it('asks for nothing while something comes', async () => {
    const { seen, beats, frame } = await listening()
    for (let times = 0; times < 10; times++) {
      await beats(4)
      frame()
    }
    expect(seen.markers).toBe(1)
  })

  it('listens anew when its publisher does not answer, until it does', async () => {
    const { opened, seen, beats } = await listening()
    seen.isDead = true
    await beats(8)
    expect(opened).toHaveLength(1)
    await beats(1)
    expect(opened).toHaveLength(2)
    await beats(8)
    expect(opened).toHaveLength(3)
    seen.isDead = false
    await beats(20)
    const { length } = opened
    await beats(40)
    expect(opened).toHaveLength(length)
  })

  it('is left alone within a host, whose kernel tells both ends', async () => {
    for (const endpoint of ['ipc:///run/outlet', 'tcp://127.0.0.1:1']) {
      const { opened, seen, beats } = await listening(endpoint)
      await beats(40)
      expect([opened.length, seen.markers]).toEqual([1, 1])
    }
  })

  it('is left alone while it is paused: what it does not read it cannot miss', async () => {
    const { ear, opened, seen, beats } = await listening()
    seen.isDead = true
    ear.pause(true)
    await beats(40)
    expect([opened.length, seen.markers]).toEqual([1, 1])
  })
})

describe('an ear at an address', () => {
  it('behind which is another peer leaves it for the next, and says so', async () => {
    const heard = faults()
    const { ear, opened, asked, clock } = await listening(MISTAKEN, ['tcp://10.0.0.1:1'])
    await clock.advance(100)
    await asked
    expect(opened.map(({ endpoint }) => endpoint)).toEqual([MISTAKEN, 'tcp://10.0.0.1:1'])
    expect([...ear.heard.values()].map(({ expected }) => expected)).toEqual([7])
    expect(heard.map(({ text }) => text)).toEqual([
      `behind ${MISTAKEN}, the outlet of news, is another peer (${ID})`,
    ])
  })

  it('that is told later than its peer listens when it is asked again', async () => {
    const { ear, opened, outlet, seen } = await listening('')
    expect(opened).toHaveLength(0)
    outlet.outlet.push('tcp://10.0.0.1:1')
    await ear.ask(channel, topic, {} as BodyReader)
    expect(opened).toHaveLength(1)
    expect(seen.markers).toBe(1)
    expect([...ear.heard.values()].map(({ expected }) => expected)).toEqual([7])
  })
})

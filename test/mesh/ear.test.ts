// An ear whose connection is dead while the link to its publisher lives: only silence tells.

import { createVirtualClock } from 'earshot/testing'
import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import type { BodyReader } from '../../src/codec/resolve.ts'
import { createCounters } from '../../src/mesh/counters.ts'
import { Ear, type HearingParts } from '../../src/mesh/ear.ts'
import type { Heard, HeardChannel } from '../../src/mesh/heard.ts'
import type { Remote } from '../../src/mesh/remote.ts'
import type { Hearing } from '../../src/transport/transport.ts'
import { answerToMarker, isMarker, topicOf } from '../../src/wire/topic.ts'
import { faults } from '../support/peers.ts'

const ID = 'ab'.repeat(16)
const THEIRS = 'ef'.repeat(16)
/** There another peer publishes. */
const MISTAKEN = 'tcp://172.17.0.1:1'
/** There nobody answers. */
const SILENT = 'tcp://10.0.0.9:1'
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
  const taken: string[] = []
  const round = byLink()
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
        if (!seen.isDead && endpoint !== SILENT) hearing.onFrame(answer)
      },
      ...{ unsubscribe: () => undefined, pause: () => undefined, close: () => undefined },
      giveUp: () => hearing.onClose('given up'),
    }
    opened.push(hearing)
    return hearing
  }
  const parts = {
    ...{ clock, limits: resolveLimits(), counters: createCounters(), id: ID, host: 'here' },
    ...{ transport: { hear }, leftAt: () => undefined, hearByLink: () => round },
  } as unknown as HearingParts
  const outlet = { outlet: [endpoint, ...others].filter((one) => one !== '') }
  const remote = {
    ...{ id: THEIRS, name: 'news', down: false, link: undefined, seenFrom: () => outlet },
    hello: { outlet: ['tcp://10.0.0.1:1'] },
  }
  const heardOf = (frame: Buffer, at: Ear) => {
    const [heard] = at.heard.values() as Iterable<Heard> as [Heard]
    const number = frame.at(-1) as number
    if (isMarker(frame)) at.answered(frame)
    else if (!at.passesOver(heard, number)) {
      taken.push(`${number}`)
      heard.expected = number + 1
    }
  }
  const ear = new Ear(remote as unknown as Remote, parts, false, heardOf)
  const asked = ear.ask(channel, topic, {} as BodyReader)
  if (endpoint !== MISTAKEN && endpoint !== SILENT) await asked
  const beats = async (count: number) => {
    for (let left = count; left > 0; left--) {
      await clock.advance(1_000)
      ear.beat()
    }
  }
  return {
    ear,
    opened,
    counters: parts.counters,
    seen,
    beats,
    asked,
    outlet,
    clock,
    taken,
    round,
    frame: (number = 0) => opened.at(-1)?.onFrame(numbered(number)),
  }
}

const numbered = (number: number) => Buffer.concat([topic, Buffer.from([number])])

/** What is heard by the link, whose other end answers. */
function byLink() {
  const asked: string[] = []
  const hearing = {
    ...{ asked, endpoint: 'link', pause: () => undefined, close: () => undefined },
    ...{ onFrame: (_frame: Buffer): void => undefined, onClose: (): void => undefined },
    subscribe: (topic: Buffer): void => {
      asked.push(isMarker(topic) ? 'marker' : 'topic')
      if (isMarker(topic)) hearing.onFrame(answerToMarker(topic, { next: 7, since: 0, by: THEIRS }))
    },
    unsubscribe: (topic: Buffer): void => {
      if (!isMarker(topic)) asked.push('nothing')
    },
  }
  return hearing
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

describe('an outlet that does not answer', () => {
  it('is gone round by the link, until it goes on where the link is', async () => {
    const heard = faults()
    const { asked, clock, round, taken, frame } = await listening(SILENT)
    await clock.advance(499)
    expect(round.asked).toEqual([])
    await clock.advance(1)
    await asked
    expect(round.asked).toEqual(['topic', 'marker'])
    for (const number of [7, 8]) round.onFrame(numbered(number))
    // It answers late, and is ahead: what it left out comes by the link.
    frame(10)
    expect(taken).toEqual(['7', '8'])
    round.onFrame(numbered(9))
    expect(round.asked).toHaveLength(2)
    frame(10)
    expect(round.asked).toEqual(['topic', 'marker', 'nothing'])
    // What the link still brings is passed over, and a gap in it is nothing.
    round.onFrame(numbered(12))
    frame(11)
    expect(taken).toEqual(['7', '8', '9', '10', '11'])
    expect(heard).toEqual([])
  })

  it('is not gone round while nothing is read, and is when it is read again', async () => {
    const heard = faults()
    const { ear, asked, clock, round } = await listening(SILENT)
    ear.pause(true)
    await clock.advance(2_000)
    await asked
    expect(round.asked).toEqual([])
    ear.pause(false)
    await clock.advance(400)
    ear.pause(true)
    await clock.advance(200)
    ear.pause(false)
    await clock.advance(400)
    expect(round.asked).toEqual(['topic', 'marker'])
    expect(heard).toEqual([])
  })

  it('is told of once, with how it is heard meanwhile', async () => {
    const heard = faults()
    const { beats, round, counters } = await listening(SILENT)
    await beats(60)
    const text = `news has not confirmed test.news/1/tick within 2000 ms at ${SILENT}`
    const next = 'it is heard by the link, which holds less: is that port open?'
    expect(heard.map(({ text }) => text)).toEqual([`${text}; ${next}`])
    expect(round.asked.filter((what) => what === 'topic')).toHaveLength(1)
    expect(counters.outletsBypassed).toBe(1)
  })

  it('is gone round again when the link was lost, by the one that comes', async () => {
    const { ear, clock, round } = await listening(SILENT)
    await clock.advance(500)
    round.onClose()
    await ear.ask(channel, topic, {} as BodyReader)
    expect(round.asked).toEqual(['topic', 'marker', 'topic'])
  })

  it('is gone round at once where no address of it leads', async () => {
    const { asked, round } = await listening('')
    await asked
    expect(round.asked).toEqual(['topic', 'marker'])
  })

  it('is not gone round, nor told of, when nobody listens by then', async () => {
    const heard = faults()
    const { ear, asked, clock, round, counters } = await listening(SILENT)
    ear.forget(channel)
    await asked
    await clock.advance(5_000)
    expect([round.asked, counters.outletsBypassed, heard]).toEqual([[], 0, []])
  })

  it('is no matter any more when nobody listens', async () => {
    const { ear, clock, round } = await listening(SILENT)
    await clock.advance(500)
    ear.forget(channel)
    expect(round.asked).toEqual(['topic', 'marker', 'nothing'])
  })
})

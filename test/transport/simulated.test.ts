// The simulated network as a transport, in turns of the real loop: it does what every one does.

import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { createChance } from '../../src/testing/chance.ts'
import { SimulatedNetwork } from '../../src/testing/network.ts'
import { SimulatedProcess } from '../../src/testing/process.ts'
import { Schedule, settle } from '../../src/testing/schedule.ts'
import { SimulatedTransport } from '../../src/testing/simulated-transport.ts'
import type { TransportEvents } from '../../src/transport/transport.ts'
import { transportConformance } from './conformance.ts'
import { deaf } from './ends.ts'

const options = () => ({
  ...{ ipcFolder: undefined, ipcStem: '', host: '', port: 0, advertise: [] },
})

/** In no time: each piece in a turn of its own. */
const atOnce: Pick<Clock, 'nowMs' | 'after'> = {
  nowMs: () => 0,
  after: (_delayMs, run) => {
    let isSet = true
    systemClock.afterTurn(() => isSet && run())
    const cancel = () => {
      isSet = false
    }
    return { cancel }
  },
}

const shared = new SimulatedNetwork({
  clock: atOnce,
  chance: createChance(1),
  note: undefined,
  conditions: { latencyMs: 0, jitterMs: 0 },
})

transportConformance('simulated', {
  create: async () => {
    const process = new SimulatedProcess('one', '10.0.0.1', new Schedule(0))
    return new SimulatedTransport(shared, process, defaultLimits)
  },
  options,
})

describe('the simulated network', () => {
  function pair(seed = 1) {
    const schedule = new Schedule(0)
    const clock = {
      nowMs: () => schedule.nowMs,
      after: (delayMs: number, run: () => void) => schedule.at(schedule.nowMs + delayMs, run),
      advance: async (byMs: number) => {
        const untilMs = schedule.nowMs + byMs
        while (schedule.step(untilMs)) await settle()
      },
    }
    const chance = createChance(seed)
    const network = new SimulatedNetwork({ clock, chance, note: undefined, conditions: {} })
    const at = (host: string) => new SimulatedProcess(host, host, schedule)
    const [here, there] = [at('10.0.0.1'), at('10.0.0.2')]
    const side = (process: SimulatedProcess, limits = {}) =>
      new SimulatedTransport(network, process, { ...defaultLimits, ...limits })
    return { clock, network, here, there, side }
  }

  /** Notes what arrives by the links that others open, and their end. */
  const hearing = (seen: string[]): TransportEvents => ({
    ...deaf,
    accepted: (link, frame) => {
      seen.push(String(frame))
      link.onFrame = (next) => seen.push(String(next))
      link.onClose = () => seen.push('the end')
    },
  })

  it('keeps the order within a link, whatever the delays', async () => {
    const { clock, network, here, there, side } = pair()
    network.setConditions(here.host, there.host, { latencyMs: 0, jitterMs: 50 })
    const seen: number[] = []
    const { inbox } = await side(there).bind(options(), {
      ...deaf,
      accepted: (link, frame) => {
        seen.push(frame.readUInt8())
        link.onFrame = (next) => seen.push(next.readUInt8())
      },
    })
    const link = side(here).dial(inbox[0] as string)
    const sent = Array.from({ length: 200 }, (_, index) => index)
    for (const index of sent) link.send(Buffer.of(index))
    await clock.advance(1_000)
    expect(seen).toEqual(sent)
  })

  it('brings all that waited behind a partition, and the end of a link behind it', async () => {
    const { clock, network, here, there, side } = pair()
    const seen: string[] = []
    const { inbox } = await side(there).bind(options(), hearing(seen))
    const link = side(here).dial(inbox[0] as string)
    link.send(Buffer.from('a'))
    await clock.advance(100)
    network.vanish(here.host, there.host, true)
    for (const text of ['b', 'c']) link.send(Buffer.from(text))
    link.close()
    await clock.advance(10_000)
    expect(seen).toEqual(['a'])
    network.vanish(here.host, there.host, false)
    await clock.advance(100)
    expect(seen).toEqual(['a', 'b', 'c', 'the end'])
  })

  it('lets a dial that was given up behind a partition lead nowhere', async () => {
    const { clock, network, here, there, side } = pair()
    let accepted = 0
    const { inbox } = await side(there).bind(options(), { ...deaf, accepted: () => accepted++ })
    network.vanish(here.host, there.host, true)
    const link = side(here).dial(inbox[0] as string)
    link.send(Buffer.from('hello'))
    await clock.advance(100)
    link.close()
    network.vanish(here.host, there.host, false)
    await clock.advance(100)
    expect(accepted).toBe(0)
  })

  it('reads large frames on arrival, so that memory used again too early shows', async () => {
    const { clock, here, there, side } = pair()
    const seen: Buffer[] = []
    const { inbox } = await side(there).bind(options(), {
      ...deaf,
      accepted: (_link, frame) => seen.push(frame),
    })
    const frame = Buffer.alloc(1_000, 1)
    side(here)
      .dial(inbox[0] as string)
      .send(frame)
    frame.fill(2)
    await clock.advance(100)
    frame.fill(3)
    expect(seen).toEqual([Buffer.alloc(1_000, 2)])
  })

  it('drops for a subscriber that stands still, never more than fits', async () => {
    const { clock, here, there, side } = pair()
    const publisher = side(there, { maxOutletFrames: 10 })
    const { outlet } = await publisher.bind(options(), deaf)
    const heard: string[] = []
    const ear = side(here).hear(outlet[0] as string)
    ear.onFrame = (frame) => heard.push(String(frame))
    ear.subscribe(Buffer.from('x'))
    await clock.advance(100)
    ear.pause(true)
    for (let index = 0; index < 25; index++) publisher.publish(Buffer.from(`x${index}`))
    await clock.advance(100)
    expect(heard).toEqual([])
    ear.pause(false)
    await clock.advance(100)
    expect(heard).toEqual(Array.from({ length: 10 }, (_, index) => `x${index}`))
  })

  it('lets a slow link take its time: bytes by rate', async () => {
    const { clock, network, here, there, side } = pair()
    const arrivals: number[] = []
    network.setConditions(here.host, there.host, { latencyMs: 1, jitterMs: 0, bytesPerMs: 10 })
    const { inbox } = await side(there).bind(options(), {
      ...deaf,
      accepted: (link) => {
        arrivals.push(clock.nowMs())
        link.onFrame = () => arrivals.push(clock.nowMs())
      },
    })
    const link = side(here).dial(inbox[0] as string)
    for (let index = 0; index < 3; index++) link.send(Buffer.alloc(1_000))
    await clock.advance(1_000)
    expect(arrivals).toEqual([101, 201, 301])
  })

  it('kills: some of what was handed over arrives, in order, and then the end', async () => {
    const lengths = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, network, here, there, side } = pair(seed)
      const seen: string[] = []
      const { inbox } = await side(there).bind(options(), hearing(seen))
      const link = side(here).dial(inbox[0] as string)
      link.send(Buffer.from('0'))
      await clock.advance(100)
      for (let index = 1; index < 10; index++) link.send(Buffer.from(String(index)))
      here.kill()
      network.died(here)
      link.send(Buffer.from('from the dead'))
      await clock.advance(100)
      expect(seen.at(-1)).toBe('the end')
      seen.pop()
      expect(seen).toEqual(seen.map((_, index) => String(index)))
      lengths.add(seen.length)
    }
    expect(lengths.size).toBeGreaterThan(3)
  })
})

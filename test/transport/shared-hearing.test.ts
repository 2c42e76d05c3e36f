// Peers of one process that hear one outlet of another: one socket, and each its own ear. Server
// and ears are in one process here; what the server says of itself goes by sockets alone.

import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { MemoryTransport } from '../../src/transport/memory-transport.ts'
import type { Hearing, Transport } from '../../src/transport/transport.ts'
import { createZeromqTransport } from '../../src/transport/zeromq-transport.ts'
import { until } from '../support/peers.ts'
import { deaf, options } from './ends.ts'

function sockets(limits = defaultLimits) {
  return createZeromqTransport(limits, systemClock, undefined)
}

/** As it were in another process: it is not among those that are found by memory. */
async function elsewhere() {
  const server = await sockets()
  onTestFinished(() => server.close())
  const subscriptions: string[] = []
  const { outlet } = await server.bind(options(), {
    ...deaf,
    subscribed: (prefix, on) => subscriptions.push(`${on ? '+' : '-'}${prefix}`),
  })
  return { server, subscriptions, outlet: outlet[0] as string }
}

async function peer(limits = defaultLimits): Promise<Transport> {
  const parts = { limits, trust: undefined, mayHear: () => true }
  const transport = new MemoryTransport({ sockets: await sockets(limits), ...parts })
  onTestFinished(() => transport.close())
  return transport
}

interface Ear {
  readonly hearing: Hearing
  readonly frames: Buffer[]
  readonly texts: () => string[]
  readonly ends: string[]
}

function hear(who: Transport, outlet: string, ...topics: string[]): Ear {
  const hearing = who.hear(outlet)
  const frames: Buffer[] = []
  const ends: string[] = []
  hearing.onFrame = (frame) => frames.push(frame)
  hearing.onClose = (reason) => ends.push(reason)
  for (const topic of topics) hearing.subscribe(Buffer.from(topic))
  return { hearing, frames, texts: () => frames.map(String), ends }
}

describe('ears of one process at one outlet', () => {
  it('count each at the publisher, and each hears what it asked for', async () => {
    const { server, subscriptions, outlet } = await elsewhere()
    const one = hear(await peer(), outlet, 'a', 'own-1')
    const other = hear(await peer(), outlet, 'a', 'b', 'own-2')
    await until('all is known', () => subscriptions.length === 5)
    expect(subscriptions.toSorted()).toEqual(['+a', '+a', '+b', '+own-1', '+own-2'])
    for (const text of ['a1', 'b1', 'c1', 'own-1', 'own-2', 'a2']) server.publish(Buffer.from(text))
    await until('all is heard', () => one.frames.length + other.frames.length === 7)
    expect(one.texts()).toEqual(['a1', 'own-1', 'a2'])
    expect(other.texts()).toEqual(['a1', 'b1', 'own-2', 'a2'])
    one.frames[0]?.fill(0)
    expect(other.texts()[0]).toBe('a1')
  })

  it('go on when the peer that was first there closes', async () => {
    const { server, subscriptions, outlet } = await elsewhere()
    const first = await peer()
    const gone = hear(first, outlet, 'a', 'b')
    const stays = hear(await peer(), outlet, 'a')
    await until('both are known', () => subscriptions.length === 3)
    await first.close()
    await until('what it wanted is taken back', () => subscriptions.length === 5)
    expect(subscriptions.slice(3).toSorted()).toEqual(['-a', '-b'])
    server.publish(Buffer.from('a1'))
    await until('it is heard', () => stays.frames.length === 1)
    expect(gone.frames).toEqual([])
    expect([gone.ends.length, stays.ends.length]).toEqual([1, 0])
    stays.hearing.close()
    await until('nobody hears any more', () => subscriptions.length === 6)
    expect(subscriptions[5]).toBe('-a')
  })

  it('that pause hold up nobody, and lose what is beyond their bound', async () => {
    const { server, subscriptions, outlet } = await elsewhere()
    const limits = { ...defaultLimits, maxOutletFrames: 4 }
    const paused = hear(await peer(limits), outlet, 'a')
    const quick = hear(await peer(limits), outlet, 'a')
    await until('both are known', () => subscriptions.length === 2)
    paused.hearing.pause(true)
    for (let number = 0; number < 10; number++) {
      server.publish(Buffer.from(`a${number}`))
      await until('it is heard', () => quick.frames.length === number + 1)
    }
    expect(paused.frames).toEqual([])
    paused.hearing.pause(false)
    await until('what was held is heard', () => paused.frames.length === 4)
    server.publish(Buffer.from('a10'))
    await until('it goes on behind it', () => paused.frames.length === 5)
    expect(paused.texts()).toEqual(['a0', 'a1', 'a2', 'a3', 'a10'])
  })

  it('that all pause let the socket hold what comes, as one alone does', async () => {
    const { server, subscriptions, outlet } = await elsewhere()
    const limits = { ...defaultLimits, maxOutletFrames: 4 }
    const ears = [hear(await peer(limits), outlet, 'a'), hear(await peer(limits), outlet, 'a')]
    await until('both are known', () => subscriptions.length === 2)
    for (const { hearing } of ears) hearing.pause(true)
    for (let number = 0; number < 5; number++) server.publish(Buffer.from(`a${number}`))
    for (const { hearing } of ears) hearing.pause(false)
    await until('all is heard', () => ears.every(({ frames }) => frames.length === 5))
  })

  it('are lost together with the publisher, and a new one may be heard', async () => {
    const { server, subscriptions, outlet } = await elsewhere()
    const [first, second] = [await peer(), await peer()]
    const ears = [hear(first, outlet, 'a'), hear(second, outlet, 'a')]
    await until('they are known', () => subscriptions.length === 2)
    await server.reopen()
    await until('both are lost', () => ears.every(({ ends }) => ends.length === 1))
    const again = hear(second, outlet, 'a')
    await until('it is known', () => subscriptions.length === 3)
    server.publish(Buffer.from('a1'))
    await until('it is heard', () => again.frames.length === 1)
    expect(ears.map(({ frames }) => frames.length)).toEqual([0, 0])
  })

  it('do not share what may hold more in one than in the other', async () => {
    const { subscriptions, outlet } = await elsewhere()
    hear(await peer(), outlet, 'a')
    hear(await peer({ ...defaultLimits, maxOutletFrames: 4 }), outlet, 'a')
    await until('both are known', () => subscriptions.length === 2)
    expect(subscriptions).toEqual(['+a', '+a'])
  })
})

// The short way between peers of one process: it does what every transport does, and lets in whom
// the sockets would.

import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { deriveKeys } from '../../src/security/keys.ts'
import { sharedTrust, type Trust } from '../../src/security/trust.ts'
import { MemoryTransport } from '../../src/transport/memory-transport.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { createZeromqTransport } from '../../src/transport/zeromq-transport.ts'
import { until } from '../support/peers.ts'
import { transportConformance } from './conformance.ts'
import { deaf, options } from './ends.ts'

async function create(trust?: Trust, limits = {}, mayHear = () => true) {
  const all = { ...defaultLimits, ...limits }
  const sockets = await createZeromqTransport(all, systemClock, trust, mayHear)
  const transport = new MemoryTransport({ sockets, limits: all, trust, mayHear })
  onTestFinished(() => transport.close())
  return transport
}

transportConformance('memory', { create: () => create(), options })

describe('a link by memory', () => {
  it('copies: neither side sees what the other writes into its buffer', async () => {
    const [server, client] = [await create(), await create()]
    const got: Buffer[] = []
    const { inbox } = await server.bind(options(), {
      ...deaf,
      accepted: (_, frame) => got.push(frame),
    })
    const frame = Buffer.from('as it was')
    client.dial(inbox[0] as string).send(frame)
    frame.fill(0)
    await until('it is there', () => got.length === 1)
    expect(String(got[0])).toBe('as it was')
  })

  it('brings what was sent before its end, then the end, and nothing after it', async () => {
    const [server, client] = [await create(), await create()]
    const seen: string[] = []
    const { inbox } = await server.bind(options(), {
      ...deaf,
      accepted: (link, frame) => {
        seen.push(String(frame))
        link.onFrame = (next) => seen.push(String(next))
        link.onClose = (reason) => seen.push(reason)
      },
    })
    const link = client.dial(inbox[0] as string)
    for (const text of ['a', 'b', 'c']) link.send(Buffer.from(text))
    link.close()
    link.send(Buffer.from('d'))
    await until('it has ended', () => seen.length === 4)
    expect(seen).toEqual(['a', 'b', 'c', 'the connection was lost'])
  })

  it('is not deaf after a handler that throws', async () => {
    const [server, client] = [await create(), await create()]
    const seen: string[] = []
    const { inbox } = await server.bind(options(), {
      ...deaf,
      accepted: (link) => {
        link.onFrame = (frame) => {
          seen.push(String(frame))
          if (seen.length === 1) throw new Error('as is')
        }
      },
    })
    const link = client.dial(inbox[0] as string)
    for (const text of ['a', 'b', 'c']) link.send(Buffer.from(text))
    await until('all are there', () => seen.length === 2)
    expect(seen).toEqual(['b', 'c'])
  })

  it('is taken only where both have the same trust; others meet the sockets', async () => {
    const trustOf = async (secret: string) => {
      return sharedTrust(await deriveKeys(secret, 'memory'), () => true)
    }
    const [ours, theirs] = [await trustOf('a secret of ours'), await trustOf('a secret of theirs')]
    const server = await create(ours)
    const got: string[] = []
    const { inbox, outlet } = await server.bind(options(), {
      ...deaf,
      accepted: (_, frame) => got.push(String(frame)),
    })
    const [address, heard] = [inbox[0] as string, outlet[0] as string]
    const friend = await create(ours)
    const ends: string[] = []
    const hear = (who: Transport, name: string) => {
      const ear = who.hear(heard)
      ear.onFrame = (frame) => got.push(`${frame} ${name}`)
      ear.onClose = (reason) => ends.push(reason)
      ear.subscribe(Buffer.from('heard'))
    }
    for (const stranger of [await create(theirs), await create()]) {
      const link = stranger.dial(address)
      expect(link.inMemory).toBeUndefined()
      link.onClose = (reason) => ends.push(reason)
      link.send(Buffer.from('of a stranger'))
      hear(stranger, 'by a stranger')
    }
    const link = friend.dial(address)
    expect(link.inMemory).toBe(true)
    hear(friend, 'by a friend')
    link.send(Buffer.from('of a friend'))
    await until('both are refused, with their ears', () => ends.length === 4)
    server.publish(Buffer.from('heard'))
    await until('it is heard', () => got.length === 2)
    expect(got).toEqual(['of a friend', 'heard by a friend'])
  })
})

describe('an ear by memory', () => {
  it('that is slow loses what is too much, and nothing else', async () => {
    const [server, client] = [await create(undefined, { maxOutletFrames: 4 }), await create()]
    const subscriptions: string[] = []
    const { outlet } = await server.bind(options(), {
      ...deaf,
      subscribed: (prefix, on) => subscriptions.push(`${on} ${prefix}`),
    })
    const heard: string[] = []
    const ear = client.hear(outlet[0] as string)
    ear.onFrame = (frame) => heard.push(String(frame))
    ear.subscribe(Buffer.from('a'))
    ear.subscribe(Buffer.from('a'))
    await until('it is known', () => subscriptions.length === 1)
    ear.pause(true)
    for (let n = 0; n < 10; n++) server.publish(Buffer.from(`a${n}`))
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([])
    ear.pause(false)
    await until('what waited is heard', () => heard.length === 4)
    server.publish(Buffer.from('b'))
    server.publish(Buffer.from('a!'))
    await until('it goes on', () => heard.length === 5)
    expect(heard).toEqual(['a0', 'a1', 'a2', 'a3', 'a!'])
    ear.unsubscribe(Buffer.from('a'))
    ear.close()
    await until('the last is taken back', () => subscriptions.length === 2)
    expect(subscriptions).toEqual(['true a', 'false a'])
  })

  it('is lost when all are cut off, and may come back', async () => {
    const [server, client] = [await create(), await create()]
    const { outlet } = await server.bind(options(), deaf)
    const ends: string[] = []
    const ear = client.hear(outlet[0] as string)
    ear.onClose = (reason) => ends.push(reason)
    await server.reopen()
    expect(ends).toEqual(['the connection was lost'])
    const heard: string[] = []
    const next = client.hear(outlet[0] as string)
    next.onFrame = (frame) => heard.push(String(frame))
    next.subscribe(Buffer.from(''))
    await until('it is heard', () => {
      server.publish(Buffer.from('x'))
      return heard.length > 0
    })
  })
})

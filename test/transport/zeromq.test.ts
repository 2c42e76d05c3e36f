// ZeroMQ as a transport, with and without keys, over ipc and tcp.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Diagnostic } from '../../src/base/diagnostics.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { deriveKeys, textOfKey } from '../../src/security/keys.ts'
import { sharedTrust } from '../../src/security/trust.ts'
import {
  localityOf,
  nearestFirst,
  seenFromHere,
  type Transport,
} from '../../src/transport/transport.ts'
import { createZeromqTransport } from '../../src/transport/zeromq-transport.ts'
import { until } from '../support/peers.ts'
import { transportConformance } from './conformance.ts'
import { deaf, options } from './ends.ts'

const keys = deriveKeys('a secret for the tests', 'conformance')
const everywhere = () => true
const trust = async () => sharedTrust(await keys, everywhere)

transportConformance('zeromq', {
  create: () => createZeromqTransport(defaultLimits, systemClock, undefined),
  options,
})

transportConformance('zeromq with keys', {
  create: async () => createZeromqTransport(defaultLimits, systemClock, await trust()),
  options,
})

/** A transport that sends back what comes to its inbox. */
async function listening(transport: Transport): Promise<{ server: string }> {
  const bound = await transport.bind(options(), {
    ...deaf,
    accepted: (link, frame) => link.send(frame),
  })
  return { server: bound.inbox.at(-1) as string }
}

describe('a guarded transport over zeromq', () => {
  it.each([
    ['lets everybody in', async () => ({ ...(await trust()), admits: () => true })],
    [
      'cannot tell who comes',
      async () => {
        const admits = () => {
          throw new Error('the list is broken')
        }
        return { ...(await trust()), admits }
      },
    ],
    [
      'holds another key than it says',
      async () => {
        const { secretKey, publicKey } = await keys
        return sharedTrust({ secretKey, publicKey: publicKey.toLowerCase() }, everywhere)
      },
    ],
  ])('does not start when its authenticator %s', async (_why, faulty) => {
    const transport = await createZeromqTransport(defaultLimits, systemClock, await faulty())
    onTestFinished(() => transport.close())
    const own = options()
    await expect(transport.bind(own, deaf)).rejects.toMatchObject({
      code: 'EARSHOT_SECURITY',
    })
    // What it had bound is gone with it.
    expect(existsSync(join(own.ipcFolder as string, `${own.ipcStem}.i`))).toBe(false)
  })

  it('cuts off who hears it when it is opened anew, at the same addresses', async () => {
    const transport = await createZeromqTransport(defaultLimits, systemClock, {
      ...(await trust()),
      personal: true,
    })
    onTestFinished(() => transport.close())
    const told: [string, boolean][] = []
    const subscribed = (prefix: Buffer, on: boolean) => void told.push([String(prefix), on])
    const bound = await transport.bind(options(), { ...deaf, subscribed })
    const key = textOfKey((await keys).publicKey)
    for (const endpoint of bound.outlet) {
      told.length = 0
      const ear = transport.hear(`${endpoint}#${key}`)
      const ended = new Promise<string>((resolve) => {
        ear.onClose = resolve
      })
      ear.subscribe(Buffer.from('x'))
      await until('it is heard', () => told.length === 1)
      await transport.reopen()
      await ended
      expect(told).toEqual([
        ['x', true],
        ['x', false],
      ])
      const frames: string[] = []
      const again = transport.hear(`${endpoint}#${key}`)
      again.onFrame = (frame) => frames.push(String(frame))
      again.subscribe(Buffer.from('x'))
      await until('it is heard again', () => {
        transport.publish(Buffer.from('xyz'))
        return frames.length > 0
      })
      again.close()
      await until('it is heard no more', () => told.at(-1)?.[1] === false && told.length === 4)
    }
  })
})

describe('sockets beyond the limit', () => {
  it('are links that end with a typed fault, while those before them go on', async () => {
    const faults: Diagnostic[] = []
    const listen = (message: unknown) => faults.push(message as Diagnostic)
    subscribe('earshot:fault', listen)
    onTestFinished(() => void unsubscribe('earshot:fault', listen))
    const few = { ...defaultLimits, maxSockets: 16 }
    const transport = await createZeromqTransport(few, systemClock, undefined)
    onTestFinished(() => transport.close())
    const { server } = await listening(transport)
    const ended: string[] = []
    const links = Array.from({ length: 12 }, () => transport.dial(server))
    for (const link of links) link.onClose = (reason) => ended.push(reason)
    links[0]?.send(Buffer.from('hello'))
    await until('the others have ended', () => ended.length >= 6)
    expect(ended.length).toBeLessThan(12)
    expect(faults.map(({ code }) => code)).toContain('EARSHOT_OVERLOADED')
    expect(faults.at(-1)?.text).toMatch(/maxSockets/)
    let back = ''
    if (links[0]) links[0].onFrame = (frame) => (back = String(frame))
    await until('the first still carries', () => back === 'hello')
  })
})

describe('endpoints', () => {
  it('are dialled nearest first, and only where they lead from here', () => {
    const all = ['tcp://192.0.2.7:1', 'tcp://127.0.0.1:1', 'ipc:///tmp/x']
    expect(all.map(localityOf)).toEqual(['lan', 'loopback', 'ipc'])
    expect(nearestFirst(all, true)).toEqual([...all].reverse())
    expect(nearestFirst(all, false)).toEqual(['tcp://192.0.2.7:1'])
  })

  it('of another host leave out those with a zone, which means something there alone', () => {
    const all = ['tcp://[fe80::1%eth0]:1', 'tcp://[fd00::1]:1', 'tcp://[::1]:1']
    expect(nearestFirst(all, false)).toEqual(['tcp://[fd00::1]:1'])
    expect(nearestFirst(all, true)).toHaveLength(3)
  })

  it('begin with the addresses at which the peer has been reached before', () => {
    const key = '#Q0FGRUJBQkVDQUZFQkFCRUNBRkVCQUJFQ0FGRUJBQkU'
    const told = ['ipc:///tmp/x', `tcp://10.1.0.1:7${key}`, 'tcp://10.2.0.1:7', 'tcp://127.0.0.1:7']
    const reachedAt = ['tcp://10.2.0.1:4000', 'tcp://[fe80::1%eth0]:4000', 'tcp://127.0.0.1:4000']
    expect(seenFromHere(told, false, reachedAt)).toEqual([
      `tcp://10.2.0.1:7${key}`,
      `tcp://[fe80::1%eth0]:7${key}`,
      `tcp://10.1.0.1:7${key}`,
      'tcp://10.2.0.1:7',
    ])
    expect(seenFromHere(told, true, ['ipc:///tmp/y'])[0]).toBe('ipc:///tmp/x')
    // Who has no socket of that kind by TCP has none anywhere else either.
    expect(seenFromHere([], false, reachedAt)).toEqual([])
  })
})

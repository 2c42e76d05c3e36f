// ZeroMQ as a transport, with and without keys, over ipc and tcp.

import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Diagnostic } from '../../src/base/diagnostics.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { deriveKeys } from '../../src/security/keys.ts'
import { localityOf, nearestFirst, type Transport } from '../../src/transport/transport.ts'
import { createZeromqTransport } from '../../src/transport/zeromq-transport.ts'
import { until } from '../support/peers.ts'
import { transportConformance } from './conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'es-'))
const options = () => ({
  ipcFolder: folder,
  ipcStem: randomBytes(8).toString('hex'),
  host: '127.0.0.1',
  port: 0,
  advertise: ['127.0.0.1'],
})
const keys = deriveKeys('a secret for the tests', 'conformance')

transportConformance('zeromq', {
  create: () => createZeromqTransport(defaultLimits, systemClock, undefined),
  options,
})

transportConformance('zeromq with keys', {
  create: async () => createZeromqTransport(defaultLimits, systemClock, await keys),
  options,
})

/** A transport that sends back what comes to its inbox. */
async function listening(transport: Transport): Promise<{ server: string }> {
  const bound = await transport.bind(options(), {
    accepted: (link, frame) => link.send(frame),
    subscribed: () => undefined,
    asked: async (request) => request,
    malformed: () => undefined,
  })
  return { server: bound.inbox.at(-1) as string }
}

describe('the door over zeromq', () => {
  it('does not start when its authenticator does not refuse strangers', async () => {
    const honest = await keys
    // A transport that takes every key for its own is what the self-test is there to find.
    const careless = { secretKey: honest.secretKey, publicKey: honest.publicKey.toLowerCase() }
    const transport = await createZeromqTransport(defaultLimits, systemClock, careless)
    onTestFinished(() => transport.close())
    const events = {
      accepted: () => undefined,
      subscribed: () => undefined,
      asked: async (request: Buffer) => request,
      malformed: () => undefined,
    }
    await expect(transport.bind(options(), events)).rejects.toMatchObject({
      code: 'EARSHOT_SECURITY',
    })
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
})

// ZeroMQ as a transport, with and without keys, over ipc and tcp.

import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { deriveKeys } from '../../src/security/keys.ts'
import { localityOf, nearestFirst } from '../../src/transport/transport.ts'
import { createZeromqTransport } from '../../src/transport/zeromq-transport.ts'
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

describe('endpoints', () => {
  it('are dialled nearest first, and only where they lead from here', () => {
    const all = ['tcp://192.0.2.7:1', 'tcp://127.0.0.1:1', 'ipc:///tmp/x']
    expect(all.map(localityOf)).toEqual(['lan', 'loopback', 'ipc'])
    expect(nearestFirst(all, true)).toEqual([...all].reverse())
    expect(nearestFirst(all, false)).toEqual(['tcp://192.0.2.7:1'])
  })
})

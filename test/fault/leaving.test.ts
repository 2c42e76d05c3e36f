// Who closes while a dial hangs does not wait for it, and nothing of it keeps the process.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { ip, joinNamespaces, mayMakeNamespaces, prefix, raiseLink } from '../support/networks.ts'
import { randomMesh, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const isAble = mayMakeNamespaces()
if (!isAble) console.warn('skipped: an address that leads nowhere needs root and iproute2')

const SLACK_MS = 1_000
/** So long a hello that nobody hears would keep the process. */
const LINGER_MS = 500
const { leaveDialsMs, dialTimeoutMs } = defaultLimits

/** The dial is given up behind `leaveDialsMs`; the process ends by itself. */
async function expectBrief(host: string, endpoint: string, inside?: string): Promise<void> {
  const args = [randomMesh(), host, endpoint]
  const peer = await startProcess('brief.js', args, inside === undefined ? {} : { inside })
  const { tookMs, rejected } = await peer.next('closed')
  expect(await peer.exited()).toEqual({ code: 0, signal: null })
  await until('it has said when', () => peer.errors().includes('ms'))
  const endedAfterMs = Number(/ended after (\d+) ms/.exec(peer.errors())?.[1])
  expect(endedAfterMs).toBeLessThan(LINGER_MS)
  expect(rejected).toEqual([])
  expect(tookMs).toBeGreaterThan(leaveDialsMs - 20)
  expect(tookMs).toBeLessThan(leaveDialsMs + SLACK_MS)
  expect(leaveDialsMs + SLACK_MS / 2).toBeLessThan(dialTimeoutMs)
}

it('closing does not wait for a dial to somebody who takes it and is mute', async () => {
  const taken: Socket[] = []
  const mute = createServer((socket) => void taken.push(socket.on('error', () => undefined)))
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  onTestFinished(() => {
    for (const socket of taken) socket.destroy()
    mute.close()
  })
  const { port } = mute.address() as { port: number }
  await expectBrief('host', `tcp://127.0.0.1:${port}`)
  expect(taken).toHaveLength(1)
})

it.skipIf(!isAble)(
  'closing does not wait for a dial to an address that leads nowhere',
  async () => {
    const [a, b] = [`${prefix}la`, `${prefix}lb`]
    for (const name of [a, b]) ip('netns', 'add', name)
    onTestFinished(() => {
      for (const name of [a, b]) ip('netns', 'del', name)
    })
    joinNamespaces(a, b)
    raiseLink(a, b)
    // A peer that closes asks at its own address whether that is free again.
    ip('-n', a, 'link', 'set', 'lo', 'up')
    await expectBrief('10.77.0.1', 'tcp://10.77.0.9:4711', a)
  },
)

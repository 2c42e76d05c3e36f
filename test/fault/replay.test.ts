// Fault 23: what a client said is recorded on the wire and played back to its server.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { insecure, type Security, staticPeers } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import { handlers, Shop } from '../support/contract.ts'
import { randomMesh, testPeer, until } from '../support/peers.ts'

/** Nothing more is said to what was written: it was no question. */
const ANSWERED_MS = 50

/** Hands on what is said both ways, and keeps what the dialling side says. */
async function recorder(endpoint: string) {
  const { hostname, port } = new URL(endpoint.replace('tcp:', 'http:'))
  const recordings: Buffer[][] = []
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const recorded: Buffer[] = []
    recordings.push(recorded)
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
      from.on('data', (bytes) => to.write(bytes))
    }
    near.on('data', (bytes) => recorded.push(Buffer.from(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const at = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  /** Everything again, on a connection of its own, each part when the one before is answered. */
  const replay = async (recorded: readonly Buffer[]) => {
    const socket = connect(Number(port), hostname)
    open.add(socket)
    const closed = once(
      socket.on('error', () => undefined),
      'close',
    )
    for (const bytes of recorded) {
      socket.write(bytes)
      const answered = once(socket, 'data').catch(() => undefined)
      await Promise.race([answered, closed, new Promise((go) => setTimeout(go, ANSWERED_MS))])
    }
    return closed
  }
  return { at, recordings, replay }
}

/** A client whose notification is recorded on its way to a server. */
async function recorded(security?: Security) {
  const mesh = randomMesh()
  const handled: number[] = []
  const secured = security && { security }
  const server = await testPeer({ name: 'server', mesh, discovery: [], ...secured })
  await server.serve(Shop, { ...handlers('server'), cancel: ({ id }) => void handled.push(id) })
  const { at, recordings, replay } = await recorder(server.endpoints.inbox.at(-1) as string)
  const discovery = [staticPeers([at])]
  const client = await testPeer({ name: 'client', mesh, discovery, announce: false, ...secured })
  await client.client(Shop, { timeoutMs: 10_000 }).cancel({ id: 7 }, { until: 'handled' })
  expect(handled).toEqual([7])
  return { server, client, handled, recordings, replay }
}

describe('a recording of what a client said, played back to its server', () => {
  it('has no effect where there are keys, as by default: the handshake ends it', async () => {
    const { server, client, handled, recordings, replay } = await recorded()
    for (const live of [true, false]) {
      if (!live) {
        await client.close()
        await until('it has left', () => server.stats().links.length === 0)
      }
      const { framesIn, peersUp } = server.stats().counters
      const links = server.stats().links.length
      expect(recordings.length).toBeGreaterThan(0)
      await Promise.all(recordings.map(async (bytes) => replay(bytes)))
      expect(server.stats().links.length).toBe(links)
      // Heartbeats of the client that lives come in as ever, nothing else.
      expect(server.stats().counters.framesIn - framesIn).toBeLessThan(live ? 20 : 1)
      expect(server.stats().counters.peersUp).toBe(peersUp)
    }
    expect(handled).toEqual([7])
  })

  it('is taken for the client itself with insecure(), which promises nothing', async () => {
    const { handled, recordings, replay } = await recorded(insecure())
    const [first = []] = recordings
    void replay(first)
    await until('it is handled again', () => handled.length === 2)
    expect(handled).toEqual([7, 7])
  })
})

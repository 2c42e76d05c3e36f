// The race of endpoints with real sockets: an address that leads nowhere delays nobody.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Discovery, PeerRecord } from 'earshot'
import { expect, it, onTestFinished } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { freePorts } from '../support/ports.ts'

/** Takes connections and never says a word: a firewall that drops, as a socket sees it. */
async function blackHole() {
  const open = new Set<Socket>()
  const seen: string[] = []
  const server = createServer((socket) => {
    open.add(socket)
    seen.push('dialled')
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { endpoint: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, open, seen }
}

/** A provider that knows one peer. */
function telling(peer: PeerRecord): Discovery {
  return {
    name: 'told',
    announce: async () => ({ update: async () => undefined, withdraw: async () => undefined }),
    async *watch(_mesh, { signal }) {
      yield { type: 'up', peer }
      yield { type: 'synced' }
      await once(signal, 'abort')
    },
    close: async () => undefined,
  }
}

it('a peer whose first address is a black hole is up by the next, and that is let go', async () => {
  const hole = await blackHole()
  const mesh = randomMesh()
  const orders = await testPeer({ name: 'orders', mesh, discovery: [] })
  const inbox = [hole.endpoint, ...orders.endpoints.inbox.filter((one) => one.startsWith('tcp'))]
  const { id, epoch, name } = orders
  const told = telling({ id, epoch, seq: 0, mesh, name, inbox, door: [] })
  // One after the other it would take the whole of this.
  const limits = { dialTimeoutMs: 120_000 }
  const till = await testPeer({ name: 'till', mesh, discovery: [told], limits })
  await until('till knows orders', () => till.peers().length === 1)
  expect(till.peers()[0]).toMatchObject({
    ...{ id, endpoint: inbox[1] },
    tried: [
      { endpoint: inbox[0], outcome: 'given up', why: 'another was sooner' },
      { endpoint: inbox[1], outcome: 'linked', why: '' },
    ],
  })
  for (const { tookMs } of till.peers()[0]?.tried ?? []) expect(tookMs).toBeGreaterThan(0)
  await until('the black hole was tried, and is let go', () => {
    return hole.seen.length > 0 && hole.open.size === 0
  })
  // Who is dialled tries nothing.
  expect(orders.peers()).toMatchObject([{ tried: [] }])
})

it('an address that nobody listens at is noted as failed, with its reason', async () => {
  const port = await freePorts()
  const mesh = randomMesh()
  const orders = await testPeer({ name: 'orders', mesh, discovery: [] })
  const dead = `tcp://127.0.0.1:${port}`
  const { id, epoch, name } = orders
  const inbox = [dead, ...orders.endpoints.inbox.filter((one) => one.startsWith('tcp'))]
  const told = telling({ id, epoch, seq: 0, mesh, name, inbox, door: [] })
  const till = await testPeer({ name: 'till', mesh, discovery: [told] })
  await until('till knows orders', () => till.peers().length === 1)
  const [refused, linked] = till.peers()[0]?.tried ?? []
  expect(refused).toMatchObject({ endpoint: dead, outcome: 'failed' })
  expect(refused?.why).toContain('refused')
  expect(linked).toMatchObject({ outcome: 'linked' })
})

// The race of endpoints with real sockets: an address that leads nowhere delays nobody.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Discovery } from 'earshot'
import { expect, it, onTestFinished } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'

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

it('a peer whose first address is a black hole is up by the next, and that is let go', async () => {
  const hole = await blackHole()
  const mesh = randomMesh()
  const orders = await testPeer({ name: 'orders', mesh, discovery: [] })
  const inbox = [hole.endpoint, ...orders.endpoints.inbox.filter((one) => one.startsWith('tcp'))]
  const { id, epoch, name } = orders
  const told: Discovery = {
    name: 'told',
    announce: async () => ({ update: async () => undefined, withdraw: async () => undefined }),
    async *watch(_mesh, { signal }) {
      yield { type: 'up', peer: { id, epoch, seq: 0, mesh, name, inbox, door: [] } }
      yield { type: 'synced' }
      await once(signal, 'abort')
    },
    close: async () => undefined,
  }
  // One after the other it would take the whole of this.
  const limits = { dialTimeoutMs: 120_000 }
  const till = await testPeer({ name: 'till', mesh, discovery: [told], limits })
  await until('till knows orders', () => till.peers().length === 1)
  expect(till.peers()[0]).toMatchObject({ id, endpoint: inbox[1] })
  await until('the black hole was tried, and is let go', () => {
    return hole.seen.length > 0 && hole.open.size === 0
  })
  expect(orders.peers()).toHaveLength(1)
})

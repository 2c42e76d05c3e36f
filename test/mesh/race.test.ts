// The race of endpoints with real sockets: an address that leads nowhere delays nobody.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Discovery, insecure, type PeerRecord } from 'earshot'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { race, Slots } from '../../src/mesh/race.ts'
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

/** Speaks ZMTP, as a peer does whose loop is busy: it says nothing yet. */
async function mute() {
  const { Router } = await import('zeromq')
  const router = new Router({ linger: 0 })
  onTestFinished(() => router.close())
  let dialled = 0
  router.events.on('handshake', () => dialled++)
  await router.bind('tcp://127.0.0.1:*')
  return { endpoint: router.lastEndpoint as string, dialled: () => dialled }
}

it('a peer that is there and slow to answer is not dialled by another address, too', async () => {
  const [slow, other] = [await mute(), await mute()]
  const mesh = randomMesh()
  const inbox = [slow.endpoint, other.endpoint]
  const id = 'f'.repeat(32)
  const told = telling({ id, epoch: 1, seq: 0, mesh, name: 'x', inbox, door: [] })
  const security = insecure()
  const listen = { host: '127.0.0.1', port: 0 }
  const limits = { dialTimeoutMs: 400 }
  const startMs = performance.now()
  await testPeer({ name: 'till', mesh, discovery: [told], security, listen, limits })
  await until('the first is dialled', () => slow.dialled() > 0)
  await until('the second is tried when the first was given up', () => other.dialled() > 0)
  expect(performance.now() - startMs).toBeGreaterThan(390)
})

it('a word of an attempt that is over does not hold up the race', async () => {
  const tried: string[] = []
  const late: (() => void)[] = []
  const reached = race({
    clock: systemClock,
    slots: new Slots(1),
    endpoints: ['tcp://one', 'tcp://two'],
    goesOn: () => true,
    // A busy host: that somebody is there is told when the attempt was given up long ago.
    attempt: async (endpoint, _signal, opened) => {
      for (const tell of late) tell()
      tried.push(endpoint)
      late.push(opened)
      return false
    },
  })
  expect(await reached).toBe(false)
  expect(tried).toEqual(['tcp://one', 'tcp://two'])
})

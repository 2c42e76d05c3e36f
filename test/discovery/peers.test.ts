// Owns the tests of what a peer makes of its list of providers, with real sockets.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPeer, dns, mdns, registrar, staticPeers } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { DnsServer } from './dns/dns-server.ts'

const portOf = (endpoints: readonly string[]) =>
  Number(
    endpoints
      .find((one) => one.startsWith('tcp:'))
      ?.split(':')
      .at(-1),
  )

describe('a peer with providers of its choice', () => {
  it('finds a peer by DNS, and keeps the link when DNS fails', async () => {
    const server = await new DnsServer().start()
    const mesh = randomMesh()
    const orders = await testPeer({ name: 'orders', mesh, discovery: [] })
    const a = { type: 'A', name: 'orders.svc', ttl: 1, data: '127.0.0.1' } as const
    server.zone.set('A orders.svc', [a])
    const port = portOf(orders.endpoints.inbox)
    const discovery = [dns('orders.svc', { port, servers: [server.address], search: [] })]
    const till = await testPeer({ name: 'till', mesh, discovery })
    await until('till knows orders', () => till.peers()[0]?.id === orders.id)
    expect(till.peers()[0]).toMatchObject({ name: 'orders' })
    await server.stop()
    await until('DNS fails', () => till.stats().counters.discoveryFaults > 0)
    expect(till.peers().map(({ id }) => id)).toEqual([orders.id])
  })

  it('does not find itself by DNS', async () => {
    const server = await new DnsServer().start()
    onTestFinished(() => server.stop())
    const listen = { host: '127.0.0.1', port: 0 }
    const mesh = randomMesh()
    const options = { servers: [server.address], search: [], leastMs: 100 }
    const peer = await testPeer({ name: 'x', mesh, listen, discovery: [dns('x.svc', options)] })
    const srv = { port: portOf(peer.endpoints.inbox), target: 'x-0.x.svc' }
    const name = '_earshot._tcp.x.svc'
    server.zone.set(`SRV ${name}`, [{ type: 'SRV', name, ttl: 0, data: srv }])
    server.zone.set('A x-0.x.svc', [{ type: 'A', name: 'x-0.x.svc', ttl: 0, data: '127.0.0.1' }])
    const asked = () => server.asked.filter((one) => one.startsWith('A ')).length
    await until('it has looked twice', () => asked() > 2)
    expect(peer.peers()).toEqual([])
  })

  it('takes mdns() without options, and two lists of addresses', async () => {
    const mesh = randomMesh()
    const a = await testPeer({ name: 'a', mesh, discovery: [mdns()] })
    const b = await testPeer({ name: 'b', mesh, discovery: [] })
    const c = await testPeer({ name: 'c', mesh, discovery: [] })
    const lists = [staticPeers(b.endpoints.inbox), staticPeers(c.endpoints.inbox)]
    const all = await testPeer({ name: 'all', mesh, discovery: [mdns(), ...lists] })
    const ids = () => all.peers().map(({ id }) => id)
    await until('it knows all', () => ids().length === 3)
    expect(ids().sort()).toEqual([a.id, b.id, c.id].sort())
  })

  it('tells others of a service that is registered with it, for as long as the lease', async () => {
    const mesh = randomMesh()
    const directory = mkdtempSync(join(tmpdir(), 'es-desk-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const records = () =>
      readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('.json'))
    const mute = await testPeer({ name: 'mute', mesh, directory, discovery: [] })
    const desk = registrar()
    await testPeer({ name: 'desk', mesh, directory, discovery: ['directory', 'mdns', desk] })
    const { inbox } = mute.endpoints
    const { token } = desk.register({ name: 'mute', inbox: inbox.slice(-1) }, 1_000)
    for (const provider of ['directory', 'mdns'] as const) {
      const options = { name: 'asker', mesh, directory, discovery: [provider], announce: false }
      const asker = await testPeer(options)
      await until(`found by ${provider}`, () => asker.peers().some(({ id }) => id === mute.id))
      desk.renew(token)
    }
    expect(records()).toHaveLength(2)
    await until('the lease has ended', () => desk.registered().length === 0)
    await until('its file is gone', () => records().length === 1)
  })

  it('refuses what is no provider, naming those that are', async () => {
    const error = await failure(createPeer({ name: 'x', discovery: [{} as never] }))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/discovery' })
    expect(error.message).toMatch(/mdns\(\).*dns\('orders\.svc'\)/)
  })
})

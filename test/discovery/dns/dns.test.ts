// Owns the tests of the DNS provider over real sockets, against a server that may be hostile,
// and of its options.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DnsOptions, dns } from '../../../src/discovery/dns/dns.ts'
import { searchDomains } from '../../../src/discovery/dns/lookup.ts'
import { eventually, Watch } from '../support.ts'
import { DnsServer } from './dns-server.ts'

describe('the provider for DNS', () => {
  let server: DnsServer
  let watches: Watch[] = []
  const watch = (name = 'orders.svc', options: DnsOptions = {}) => {
    const provider = dns(name, { servers: [server.address], search: [], leastMs: 100, ...options })
    const watching = new Watch((signal) => provider.watch('shop', { signal }))
    watches.push(watching)
    return watching
  }
  const inboxes = async (watching: Watch) => {
    const events = await watching.through('synced')
    return events.flatMap((event) => (event.type === 'up' ? event.peer.inbox : []))
  }
  beforeEach(async () => {
    server = await new DnsServer().start()
  })
  afterEach(async () => {
    await Promise.all(watches.map((watching) => watching.stop()))
    watches = []
    await server.stop()
  })

  it('finds each pod of a headless service by SRV, without an id', async () => {
    server.serve('orders.svc', { 'orders-0': '10.0.0.7', 'orders-1': '10.0.0.8' })
    const watching = watch()
    const { peer } = await watching.until('up')
    expect(peer).toEqual({
      ...{ id: '?tcp://10.0.0.7:4711', epoch: 0, seq: 0, mesh: 'shop' },
      ...{ inbox: ['tcp://10.0.0.7:4711'], door: [] },
    })
    await watching.until('up', (event) => event.peer.id === '?tcp://10.0.0.8:4711')
    await watching.until('synced')
  })

  it('asks for addresses alone when it is given the port', async () => {
    const a = { type: 'A', name: 'orders.svc', ttl: 5 } as const
    server.zone.set('A orders.svc', [
      { ...a, data: '10.0.0.7' },
      { ...a, data: '10.0.0.8' },
    ])
    const watching = watch('orders.svc', { port: 9 })
    expect(await inboxes(watching)).toEqual(['tcp://10.0.0.7:9', 'tcp://10.0.0.8:9'])
    expect(server.asked).toEqual(['A orders.svc'])
  })

  it('asks for IPv6 where there is no IPv4, and writes it in brackets', async () => {
    const name = 'orders.svc'
    server.zone.set(`AAAA ${name}`, [{ type: 'AAAA', name, ttl: 5, data: 'fd00::7' }])
    expect(await inboxes(watch(name, { port: 9 }))).toEqual(['tcp://[fd00::7]:9'])
  })

  it('tries the search domains behind a short name, and stays with the one that knew', async () => {
    server.serve('orders.shop.svc.cluster.local', { 'orders-0': '10.0.0.7' }, 0)
    const search = ['svc.cluster.local', 'shop.svc.cluster.local']
    expect(await inboxes(watch('orders', { search }))).toEqual(['tcp://10.0.0.7:4711'])
    const { length } = server.asked
    await eventually(() => server.asked.length > length)
    expect(server.asked[length]).toBe('SRV _earshot._tcp.orders.shop.svc.cluster.local')
  })

  it('does not try them behind a name that ends with a dot', async () => {
    await inboxes(watch('orders.', { search: ['cluster.local'] }))
    expect(new Set(server.asked)).toEqual(new Set(['SRV _earshot._tcp.orders']))
  })

  it('reports pods that come and go, within the lifetime of the records', async () => {
    server.serve('orders.svc', { 'orders-0': '10.0.0.7', 'orders-1': '10.0.0.8' }, 0)
    const watching = watch()
    await watching.until('synced')
    server.serve('orders.svc', { 'orders-1': '10.0.0.8', 'orders-2': '10.0.0.9' }, 0)
    await watching.until('down', (event) => event.id === '?tcp://10.0.0.7:4711')
    await watching.until('up', ({ peer }) => peer.id === '?tcp://10.0.0.9:4711')
    expect(watching.seen).toEqual([])
  })

  it('takes a list of 60 pods, which does not fit into UDP', async () => {
    const pods = Array.from({ length: 60 }, (_, i) => [`orders-${i}`, `10.0.1.${i}`])
    server.serve('orders.svc', Object.fromEntries(pods))
    expect(await inboxes(watch())).toHaveLength(60)
  })

  it('says what is missing when that list cannot come by TCP', async () => {
    await server.stop()
    server = await new DnsServer().start({ tcp: false })
    const pods = Array.from({ length: 60 }, (_, i) => [`orders-${i}`, `10.0.1.${i}`])
    server.serve('orders.svc', Object.fromEntries(pods))
    const { error } = await watch().until('fault')
    expect(error).toMatchObject({ code: 'EARSHOT_DISCOVERY', data: { errno: 'ECONNREFUSED' } })
    expect(error.message).toMatch(/orders\.svc.*TCP port 53/)
  })

  it('keeps its view while the server fails, says so once, and goes on afterwards', async () => {
    server.serve('orders.svc', { 'orders-0': '10.0.0.7' }, 0)
    const watching = watch()
    await watching.until('synced')
    server.zone.set('SRV _earshot._tcp.orders.svc', 'servfail')
    const { error } = await watching.until('fault')
    expect(error.message).toMatch(/orders\.svc \(ESERVFAIL\)/)
    const { length } = server.asked
    await eventually(() => server.asked.length > length + 2)
    expect(watching.seen).toEqual([])
    server.serve('orders.svc', {}, 0)
    expect(await watching.until('down')).toMatchObject({ reason: 'withdrawn', epoch: 0 })
  })

  it('keeps a pod whose own address the server fails to say', async () => {
    server.serve('orders.svc', { 'orders-0': '10.0.0.7', 'orders-1': '10.0.0.8' }, 0)
    const watching = watch()
    await watching.until('synced')
    server.zone.set('A orders-0.orders.svc', 'servfail')
    server.zone.set('A orders-1.orders.svc', 'nxdomain')
    expect(await watching.until('down')).toMatchObject({ id: '?tcp://10.0.0.8:4711' })
    expect(watching.seen).toEqual([])
  })

  it('takes a target of "." and a port of 0 for nobody', async () => {
    const name = '_earshot._tcp.orders.svc'
    server.zone.set(`SRV ${name}`, [
      { type: 'SRV', name, ttl: 5, data: { port: 4_711, target: '.' } },
      { type: 'SRV', name, ttl: 5, data: { port: 0, target: 'orders-0.orders.svc' } },
    ])
    expect(await inboxes(watch())).toEqual([])
  })

  it.each([
    ['nothing but its head', Buffer.from('8180000100010000', 'hex')],
    ['a pointer to itself', Buffer.from('81800001000100000000c00c00210001', 'hex')],
    ['4,000 bytes of rubbish', Buffer.alloc(4_000, 0xc0)],
  ])('survives a server that says %s', async (_what, rubbish) => {
    server.zone.set('SRV _earshot._tcp.orders.svc', rubbish)
    const watching = watch()
    expect((await watching.until('fault')).error).toMatchObject({ code: 'EARSHOT_DISCOVERY' })
    server.serve('orders.svc', { 'orders-0': '10.0.0.7' })
    await watching.until('up')
  })

  it('gives up on a silent server after a second, and can be stopped meanwhile', async () => {
    server.zone.set('SRV _earshot._tcp.orders.svc', 'silence')
    const watching = watch()
    await eventually(() => server.asked.length > 0)
    await watching.stop()
    const startMs = performance.now()
    const { error } = await watch().until('fault')
    expect(error).toMatchObject({ data: { errno: 'ETIMEOUT' } })
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })

  it.each([
    ['/name', 'orders svc', {}],
    ['/name', '', {}],
    ['/name', `${'a'.repeat(64)}.svc`, {}],
    ['/name', 'a..b', {}],
    ['/port', 'orders.svc', { port: 0 }],
    ['/service', 'orders.svc', { service: '_earshot' }],
    ['/servers', 'orders.svc', { servers: ['ns.example'] }],
    ['/leastMs', 'orders.svc', { leastMs: 0 }],
    ['/mostMs', 'orders.svc', { mostMs: 10 }],
  ])('refuses a wrong %s at once: %j %j', (path, name, options) => {
    const refused = expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path })
    expect(() => dns(name, options)).toThrow(refused)
  })
})

describe('the search domains of a machine', () => {
  it('are those of the last line that names some, six at most', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'es-resolv-')), 'resolv.conf')
    writeFileSync(path, 'search old.example\nnameserver 10.0.0.10\nsearch a. b c d e f g\n')
    expect(searchDomains(path)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(searchDomains(`${path}.missing`)).toEqual([])
  })
})

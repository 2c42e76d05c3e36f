import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directory } from '../../src/discovery/directory.ts'
import { dns } from '../../src/discovery/dns/dns.ts'
import { mdns } from '../../src/discovery/mdns/mdns.ts'
import { registrar } from '../../src/discovery/registrar.ts'
import { runtimeDirectory } from '../../src/discovery/runtime-directory.ts'
import { staticPeers } from '../../src/discovery/static.ts'
import { conformsToDiscovery } from './conformance.ts'
import { DnsServer } from './dns/dns-server.ts'
import { Watch } from './support.ts'

conformsToDiscovery({
  name: 'directory',
  announces: true,
  open: (mesh) => {
    const base = mkdtempSync(join(tmpdir(), 'es-'))
    const path = runtimeDirectory({ mesh, base })
    return {
      create: () => directory({ path }),
      cleanUp: () => rmSync(base, { recursive: true, force: true }),
    }
  },
})

conformsToDiscovery({
  name: 'mdns',
  announces: true,
  open: () => ({ create: () => mdns({ scope: 'host' }), cleanUp: () => undefined }),
})

conformsToDiscovery({
  name: 'static',
  announces: false,
  open: () => ({ create: () => staticPeers([]), cleanUp: () => undefined }),
})

conformsToDiscovery({
  name: 'dns:orders.svc',
  announces: false,
  isFed: true,
  open: async () => {
    const server = await new DnsServer().start()
    const pods: Record<string, string> = {}
    const podOf = (endpoint: string) => endpoint.replaceAll(/[^0-9]/g, '')
    const tell = () => server.serve('orders.svc', pods, 0)
    return {
      create: () => dns('orders.svc', { servers: [server.address], search: [], leastMs: 100 }),
      put: (endpoint) => {
        pods[podOf(endpoint)] = new URL(endpoint).hostname
        tell()
      },
      take: (endpoint) => {
        delete pods[podOf(endpoint)]
        tell()
      },
      cleanUp: () => server.stop(),
    }
  },
})

conformsToDiscovery({
  name: 'registrar',
  announces: false,
  isFed: true,
  open: () => {
    const shared = registrar()
    const tokens = new Map<string, string>()
    return {
      create: () => shared,
      put: (endpoint) => {
        tokens.set(endpoint, shared.register({ name: 'orders', inbox: [endpoint] }).token)
      },
      take: (endpoint) => shared.withdraw(tokens.get(endpoint) ?? ''),
      cleanUp: () => undefined,
    }
  },
})

describe('static peers', () => {
  it('are reported once each, by their endpoint, and stay', async () => {
    const endpoints = ['tcp://10.0.0.7:4711', 'ipc:///run/x.i', 'tcp://10.0.0.7:4711']
    const provider = staticPeers(endpoints)
    const watching = new Watch((signal) => provider.watch('shop', { signal }))
    await watching.until('up', ({ peer }) => peer.id === '?tcp://10.0.0.7:4711')
    const { peer } = await watching.until('up')
    expect(peer).toMatchObject({ id: '?ipc:///run/x.i', epoch: 0, inbox: ['ipc:///run/x.i'] })
    expect((await watching.until('synced')).type).toBe('synced')
    await watching.stop()
    expect(watching.seen).toEqual([])
  })

  it.each(['10.0.0.7:4711', 'http://x', 'tcp://x', ''])('refuse %j, naming its place', (text) => {
    expect(() => staticPeers(['tcp://a:1', text])).toThrow(
      expect.objectContaining({ code: 'EARSHOT_OPTION_INVALID', path: '/peers/1' }),
    )
  })
})

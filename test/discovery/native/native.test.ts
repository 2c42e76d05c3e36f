// Owns the tests of the provider over the package `mdns` against its documented interface, and of
// how it is refused. With the package itself and a real Avahi: avahi.test.ts.

import { beforeEach, describe, expect, it } from 'vitest'
import { EarshotError } from '../../../src/base/errors.ts'
import { loadNative } from '../../../src/discovery/native/module.ts'
import { nativeProvider } from '../../../src/discovery/native/native.ts'
import { conformsToDiscovery } from '../conformance.ts'
import { aRecord, Watch } from '../support.ts'
import { FakeDaemon } from './fake-daemon.ts'

const place = { inbox: ['tcp://10.0.0.7:4711'], door: ['tcp://10.0.0.7:4712'] }
const always = { of: async () => ['10.0.0.7'], here: () => ['10.0.0.7'] }

conformsToDiscovery({
  name: 'native',
  announces: true,
  place,
  open: () => {
    const daemon = new FakeDaemon()
    return { create: () => nativeProvider(daemon, always), cleanUp: () => undefined }
  },
})

describe('the provider over a daemon', () => {
  let daemon: FakeDaemon
  const { signal } = new AbortController()
  const self = aRecord(place)
  const watch = (of: (host: string) => Promise<string[]> = always.of) => {
    const provider = nativeProvider(daemon, { ...always, of })
    return new Watch((stop) => provider.watch('shop', { signal: stop }))
  }
  beforeEach(() => {
    daemon = new FakeDaemon()
  })

  it('names the one step by which a service is resolved, never the default', async () => {
    await watch().until('synced')
    expect(daemon.sequences).toEqual([['resolve']])
  })

  it('does not announce what listens on loopback alone', async () => {
    await nativeProvider(daemon, always).announce(aRecord(), { signal })
    expect([...daemon.services]).toEqual([])
  })

  it('shows a peer seen on two interfaces once, until it has gone from both', async () => {
    await nativeProvider(daemon, always).announce(self, { signal })
    const [first] = daemon.services
    if (!first) throw new Error('nothing is advertised')
    const second = { ...first, interfaceIndex: 3, networkInterface: 'eth1' }
    daemon.put(second)
    const watching = watch()
    await watching.until('up')
    daemon.take(first)
    daemon.put({ ...first, name: 'rubbish', rawTxtRecord: Buffer.of(200, 1, 2) })
    daemon.take(second)
    expect(await watching.until('down')).toMatchObject({ id: self.id, reason: 'goodbye' })
    expect(watching.seen.filter(({ type }) => type !== 'synced')).toEqual([])
  })

  it('takes its own addresses for a service of its own host', async () => {
    const provider = nativeProvider(daemon, { of: async () => [], here: () => ['10.0.0.9'] })
    const watching = new Watch((stop) => provider.watch('shop', { signal: stop }))
    await provider.announce(self, { signal })
    await nativeProvider(daemon, always).announce(aRecord(place), { signal })
    const { peer } = await watching.until('up')
    expect(peer.inbox).toEqual(['tcp://10.0.0.9:4711'])
  })

  it('does not report one that left while its host was being looked for', async () => {
    let found: (addresses: string[]) => void = () => undefined
    const watching = watch(() => new Promise((resolve) => (found = resolve)))
    const announcement = await nativeProvider(daemon, always).announce(self, { signal })
    await announcement.withdraw()
    found(['10.0.0.7'])
    await watching.until('synced')
    await watching.stop()
    expect(watching.seen).toEqual([])
  })

  it('reports what the daemon says is wrong, and what its own look-up says', async () => {
    const watching = watch(() => Promise.reject(new Error('no socket')))
    await watching.until('synced')
    daemon.fail(new Error('dns service error: daemon not running'))
    const { error } = await watching.until('fault')
    expect(error).toMatchObject({ code: 'EARSHOT_DISCOVERY' })
    expect(error.message).toMatch(/daemon not running/)
    await nativeProvider(daemon, always).announce(self, { signal })
    expect((await watching.until('fault')).error.message).toMatch(/no socket/)
  })
})

describe('the package mdns', () => {
  it.each(['24.0.0', '25.1.2'])('is refused on Node %s before it is loaded', (version) => {
    const load = () => expect.unreachable()
    expect(() => loadNative(version, load)).toThrow(
      /Node 2\d\.\d\.\d: use mdns\(\), which needs no package/,
    )
  })

  it('is refused with what to install where it cannot be loaded', () => {
    const load = () => {
      throw Object.assign(new Error('no such module'), { code: 'MODULE_NOT_FOUND' })
    }
    let thrown: unknown
    try {
      loadNative('20.20.2', load)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(EarshotError)
    expect(thrown).toMatchObject({ code: 'EARSHOT_DISCOVERY', retryable: false })
    expect((thrown as Error).message).toMatch(/npm install mdns@2\.7.*libavahi.*or use mdns\(\)/)
  })
})

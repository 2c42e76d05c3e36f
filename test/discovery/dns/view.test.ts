// Owns the tests of when the DNS provider looks again, on a virtual clock.

import { beforeEach, describe, expect, it } from 'vitest'
import { dns } from '../../../src/discovery/dns/dns.ts'
import type { DnsResolver } from '../../../src/discovery/dns/lookup.ts'
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { Watch } from '../support.ts'

describe('the provider for DNS, in time', () => {
  let clock: VirtualClock
  let looksAtMs: number[]
  let now: { readonly ttlSeconds: number; readonly addresses: string[] } | string
  let watching: Watch

  const resolver: DnsResolver = {
    srv: () => Promise.reject(new Error('not asked for here')),
    addresses: async (_name, family) => {
      if (family === 4) looksAtMs.push(clock.nowMs())
      if (typeof now === 'string') throw Object.assign(new Error(now), { code: now })
      if (family === 6) return []
      const { ttlSeconds, addresses } = now
      return addresses.map((address) => ({ address, ttlSeconds }))
    },
    cancel: () => undefined,
  }
  const begin = async (random = 0) => {
    const options = { port: 1, search: [], clock, random: () => random, resolver: () => resolver }
    const provider = dns('orders.svc', options)
    watching = new Watch((signal) => provider.watch('shop', { signal }))
    await clock.advance(0)
  }
  const types = () => watching.seen.splice(0).map(({ type }) => type)

  beforeEach(() => {
    clock = createVirtualClock()
    looksAtMs = []
  })

  it.each([
    [0, 1_000],
    [5, 5_000],
    [3_600, 30_000],
  ])('looks again when records of %i s run out, but within bounds', async (ttlSeconds, everyMs) => {
    now = { ttlSeconds, addresses: ['10.0.0.7'] }
    await begin()
    await clock.advance(everyMs * 3)
    expect(looksAtMs).toEqual([0, everyMs, everyMs * 2, everyMs * 3])
    expect(types()).toEqual(['up', 'synced'])
    await watching.stop()
    expect(clock.pending).toBe(0)
  })

  it('looks up to a fifth later, so that many do not ask in step', async () => {
    now = { ttlSeconds: 5, addresses: ['10.0.0.7'] }
    await begin(1)
    await clock.advance(6_000)
    expect(looksAtMs).toEqual([0, 6_000])
  })

  it('backs off to 5 s while nobody is there or nothing answers', async () => {
    now = 'ENOTFOUND'
    await begin()
    await clock.advance(17_000)
    expect(looksAtMs).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000])
    expect(types()).toEqual(['synced'])
    now = 'ETIMEOUT'
    await clock.advance(10_000)
    expect(looksAtMs.slice(-2)).toEqual([22_000, 27_000])
    expect(types()).toEqual(['fault'])
  })

  it('believes that all are gone only when two looks in a row say so', async () => {
    now = { ttlSeconds: 1, addresses: ['10.0.0.7', '10.0.0.8'] }
    await begin()
    now = 'ENOTFOUND'
    await clock.advance(1_000)
    expect(types()).toEqual(['up', 'up', 'synced'])
    now = { ttlSeconds: 1, addresses: ['10.0.0.7', '10.0.0.8'] }
    await clock.advance(1_000)
    now = 'ENODATA'
    await clock.advance(1_000)
    expect(types()).toEqual([])
    await clock.advance(1_000)
    expect(types()).toEqual(['down', 'down'])
  })

  it('has synced only when an answer has come', async () => {
    now = 'ESERVFAIL'
    await begin()
    await clock.advance(3_000)
    expect(types()).toEqual(['fault'])
    now = { ttlSeconds: 1, addresses: [] }
    await clock.advance(4_000)
    expect(types()).toEqual(['synced'])
  })

  it('keeps 1,024 endpoints of a list without end', async () => {
    const addresses = Array.from({ length: 5_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
    now = { ttlSeconds: 1, addresses }
    await begin()
    expect(types().filter((type) => type === 'up')).toHaveLength(1_024)
  })
})

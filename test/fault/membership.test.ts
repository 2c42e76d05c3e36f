// Faults 3 and 17: a peer whose event loop is blocked, and two that claim one name.

import { describe, expect, it } from 'vitest'
import { Shop } from '../support/contract.ts'
import { notes, randomMesh, testPeer, until } from '../support/peers.ts'
import { startServing } from '../support/processes.ts'

/** Machines of tests are shared: what is promised holds, plus what we were kept waiting. */
const SLACK_MS = 1_500
const NOTICED_WITHIN_MS = 3_500 + SLACK_MS
const order = { sku: 'x', count: 1 }

describe('a peer whose event loop is blocked for 5 s', () => {
  it('is suspected, leaves every pool in time, takes nobody for dead, and comes back', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const blocked = await startServing(mesh, 'blocked')
    await startServing(mesh, 'other')
    await until('both are up', () => caller.peers().length === 2)
    const shop = caller.client(Shop, { timeoutMs: 20_000 })
    const changes: string[] = []
    void (async () => {
      for await (const { type, peer } of caller.watch()) changes.push(`${peer.name} ${type}`)
    })()
    const unblocked = blocked.ask({ do: 'block', forMs: 5_000 }, 'unblocked')
    const blockedAt = performance.now()
    await until('it is suspected', () => changes.includes('blocked suspected'))
    for (let call = 0; call < 20; call++) {
      expect(await shop.place(order)).toEqual({ total: 2, by: 'other' })
    }
    await until('it is gone', () => caller.peers().length === 1)
    expect(performance.now() - blockedAt).toBeLessThan(NOTICED_WITHIN_MS)
    await unblocked
    await until('it is back', () => caller.peers().length === 2)
    const by = new Set<string>()
    await until('it serves again', async () => {
      by.add((await shop.place(order)).by)
      return by.size === 2
    })
    expect(changes.filter((change) => change.startsWith('other'))).toEqual(['other up'])
    const { stats } = await blocked.ask({ do: 'stats' }, 'stats')
    // The caller and the other, and each of them once more by the link that was dialled anew.
    expect((stats as { counters: { peersUp: number } }).counters.peersUp).toBeLessThanOrEqual(4)
  })
})

describe('two peers that claim one name', () => {
  it('are both used, told apart by id, and the conflict is reported', async () => {
    const mesh = randomMesh()
    const told = notes()
    const caller = await testPeer({ name: 'caller', mesh })
    const [one, two] = await Promise.all([
      startServing(mesh, 'orders'),
      startServing(mesh, 'orders'),
    ])
    await until('both are up', () => caller.peers().length === 2)
    const ids = [one.ready.id, two.ready.id] as string[]
    expect(new Set(caller.peers().map(({ id }) => id))).toEqual(new Set(ids))
    const shop = caller.client(Shop)
    for (const to of ids) {
      expect(await shop.cancel({ id: 1 }, { to })).toEqual({ became: 'written', to })
      expect(await shop.place(order, { to })).toEqual({ total: 2, by: 'orders' })
    }
    const conflicts = told.filter(({ text }) => text.startsWith('2 peers are called "orders"'))
    expect(conflicts.length).toBe(1)
    expect(new Set(conflicts[0]?.data?.ids as string[])).toEqual(new Set(ids))
    const served = await Promise.all([one, two].map((peer) => peer.ask({ do: 'stats' }, 'stats')))
    for (const { stats } of served) {
      const { requestsServed } = (stats as { counters: Record<string, number> }).counters
      expect(requestsServed).toBe(1)
    }
  })
})

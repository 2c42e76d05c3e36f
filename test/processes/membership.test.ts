// Peers in processes of their own that die, stop, leave, come back: who is up is true soon enough.

import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Shop } from '../support/contract.ts'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { startServing } from '../support/processes.ts'

/**
 * Machines of tests are shared: what is promised holds, plus what we ourselves were kept waiting.
 */
const SLACK_MS = 1_500
/** 3.5 s are promised for a peer that dies or falls silent. */
const NOTICED_WITHIN_MS = 3_500 + SLACK_MS
/** 100 ms are promised for a peer that closes; without its goodbye it would be 3 s and more. */
const LEFT_WITHIN_MS = 100 + SLACK_MS

describe('a peer that is killed', () => {
  it('leaves peers() and the choice of every client, and ends the calls it had', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const doomed = await startServing(mesh, 'doomed')
    await until('it is up', () => caller.peers().length === 1)
    const shop = caller.client(Shop, { timeoutMs: 20_000 })
    const calls = Array.from({ length: 1_000 }, () => failure(shop.slow({ forMs: 60_000 })))
    await until('all are sent', () => caller.stats().pendingRequests === 1_000)
    const other = await startServing(mesh, 'other')
    await until('the other is up', () => caller.peers().length === 2)
    const killedAt = performance.now()
    doomed.kill('SIGKILL')
    await until('it is gone', () => caller.peers().length === 1)
    expect(performance.now() - killedAt).toBeLessThan(NOTICED_WITHIN_MS)
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown', retryable: true })
    }
    for (let index = 0; index < 10; index++) {
      expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: 'other' })
    }
    expect(other.errors()).toBe('')
  })

  it('leaves sockets behind that the next start removes', async () => {
    const mesh = randomMesh()
    const first = await startServing(mesh, 'first')
    const { inbox } = first.ready.endpoints as { inbox: string[] }
    const folder = dirname(String(inbox[0]).slice('ipc://'.length))
    first.kill('SIGKILL')
    await first.exited()
    expect(readdirSync(folder).length).toBeGreaterThan(0)
    // A socket that was made a moment ago may belong to a peer that is just starting: not at once.
    const stem = String(first.ready.id).slice(0, 16)
    await until('the leftovers are gone', async () => {
      await (await testPeer({ name: 'next', mesh })).close()
      return !readdirSync(folder).some((name) => name.startsWith(stem))
    })
  })
})

describe('a peer that is stopped', () => {
  it('leaves within the promised time and comes back when it goes on', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const stopped = await startServing(mesh, 'stopped')
    await until('it is up', () => caller.peers().length === 1)
    const stoppedAt = performance.now()
    stopped.kill('SIGSTOP')
    await until('it is gone', () => caller.peers().length === 0)
    expect(performance.now() - stoppedAt).toBeLessThan(NOTICED_WITHIN_MS)
    stopped.kill('SIGCONT')
    await until('it is back', () => caller.peers().length === 1)
    const shop = caller.client(Shop, { timeoutMs: 10_000 })
    expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: 'stopped' })
  })
})

describe('a peer that closes', () => {
  it('is gone at once, finishes the calls it has, and exits by itself', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const leaving = await startServing(mesh, 'leaving')
    await until('it is up', () => caller.peers().length === 1)
    const reasons: unknown[] = []
    const watching = (async () => {
      for await (const change of caller.watch()) reasons.push([change.type, change.reason])
    })()
    const shop = caller.client(Shop)
    const call = shop.slow({ forMs: 300 })
    await until('the call is sent', () => caller.stats().pendingRequests === 1)
    await until('it has arrived', async () => {
      const { stats } = await leaving.ask({ do: 'stats' }, 'stats')
      return (stats as { runningHandlers: number }).runningHandlers === 1
    })
    const saidAt = performance.now()
    const closed = leaving.ask({ do: 'close' }, 'closed')
    await until('it is gone', () => caller.peers().length === 0)
    expect(performance.now() - saidAt).toBeLessThan(LEFT_WITHIN_MS)
    expect(await call).toEqual({ by: 'leaving' })
    await closed
    expect(await leaving.exited()).toEqual({ code: 0, signal: null })
    await until('it is told', () => reasons.length === 3)
    await caller.close()
    await watching
    expect(reasons).toEqual([
      ['up', undefined],
      ['leaving', undefined],
      ['down', 'left'],
    ])
  })
})

describe('a peer that is restarted', () => {
  it('is another one, with a later epoch, and found without being told', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const shop = caller.client(Shop, { timeoutMs: 10_000 })
    const epochs: number[] = []
    for (const name of ['first', 'second']) {
      const server = await startServing(mesh, name)
      expect(await shop.place({ sku: 'x', count: 1 })).toEqual({ total: 2, by: name })
      epochs.push(caller.peers()[0]?.epoch ?? 0)
      server.kill('SIGKILL')
      await until('it is gone', () => caller.peers().length === 0)
    }
    expect(epochs[1]).toBeGreaterThan(epochs[0] as number)
  })
})

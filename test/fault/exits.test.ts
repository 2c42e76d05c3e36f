// Fault 28: processes that end without closing their peer, in the middle of everything.

import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Client, Peer } from 'earshot'
import { describe, expect, it } from 'vitest'
import { handlers, Shop } from '../support/contract.ts'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { type PeerProcess, startProcess, startServing } from '../support/processes.ts'

/** Each way to go, and how a process ends that goes so. */
const ways = {
  exit: { code: 0, signal: null },
  'exit in a handler': { code: 3, signal: null },
  'exit while closing': { code: 0, signal: null },
  starting: { code: 0, signal: null },
  throw: { code: 1, signal: null },
  reject: { code: 1, signal: null },
  SIGKILL: { code: null, signal: 'SIGKILL' },
}
/** Machines of tests are shared: what is promised holds, plus what we were kept waiting. */
const SLACK_MS = 1_500
const NOTICED_WITHIN_MS = 3_500 + SLACK_MS
/** Of a process that is told to end: nothing holds it up. */
const ENDS_WITHIN_MS = 1_000 + SLACK_MS
/** Younger sockets may belong to a peer that is just starting: a start lets them be. */
const LEFTOVER_AFTER_MS = 2_000

function folderOf(peer: Peer): string {
  return dirname(String(peer.endpoints.inbox[0]).slice('ipc://'.length))
}

async function end(doomed: PeerProcess, how: string, shop: Client<typeof Shop>): Promise<void> {
  if (how === 'SIGKILL') doomed.kill('SIGKILL')
  else if (how === 'exit in a handler') {
    const call = shop.place({ sku: 'death', count: 1 }, { to: doomed.ready.id as string })
    expect(await failure(call)).toMatchObject({ code: 'EARSHOT_PEER_GONE' })
  } else if (how !== 'starting') doomed.tell({ do: 'die' })
}

/** What it said beyond the error that was thrown on purpose: an abort would be told here. */
function saidBeside(doomed: PeerProcess): string {
  return doomed.errors().includes('on purpose') ? '' : doomed.errors()
}

describe('processes that end without closing, under load', () => {
  it('neither abort nor hang, leave nobody waiting, and the next start cleans up', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    await caller.serve(Shop, handlers('caller'))
    let heard = 0
    await caller.subscribe(Shop.placed, () => {
      heard++
    })
    const still = await startServing(mesh, 'still')
    const shop = caller.client(Shop, { timeoutMs: 30_000, retry: false, breaker: false })
    const doomed = await Promise.all(
      Object.keys(ways).map(async (how) => {
        return { how, process: await startProcess('dying.js', [mesh, how, how]) }
      }),
    )
    const living = doomed.filter(({ how }) => how !== 'starting')
    await until('all are up', () => {
      return (
        caller.peers().filter(({ contracts }) => contracts.length > 0).length === living.length + 1
      )
    })
    const calls = living.map(({ process }) => {
      const to = process.ready.id as string
      return Promise.all([1, 2, 3].map(() => failure(shop.slow({ forMs: 60_000 }, { to }))))
    })
    const waiting = () => caller.stats().pendingRequests === living.length * 3
    await until('all is under way', () => heard > 1_000 && waiting())
    // Whoever ends has bytes for a peer that takes none.
    still.kill('SIGSTOP')

    for (const { how, process } of doomed) {
      const diesAt = performance.now()
      await end(process, how, shop)
      expect([how, await process.exited()]).toEqual([how, ways[how as keyof typeof ways]])
      expect(performance.now() - diesAt).toBeLessThan(ENDS_WITHIN_MS)
      expect([how, saidBeside(process)]).toEqual([how, ''])
    }
    const diedAt = performance.now()
    for (const error of (await Promise.all(calls)).flat()) {
      expect(error).toMatchObject({ code: 'EARSHOT_PEER_GONE', sent: 'unknown' })
    }
    await until('all are gone', () => caller.peers().every(({ name }) => name === 'still'))
    expect(performance.now() - diedAt).toBeLessThan(NOTICED_WITHIN_MS)
    expect(caller.stats().pendingRequests).toBe(0)

    const folder = folderOf(caller)
    const sockets = () => readdirSync(folder).filter((name) => /\.[iod]$/.test(name))
    // Three of the two that live; who started in between may have swept some of the others'.
    expect(sockets().length).toBeGreaterThan(2 * 3)
    await until('they are old enough to be leftovers', () => {
      const ages = sockets().map((name) => Date.now() - statSync(join(folder, name)).ctimeMs)
      return Math.min(...ages) > LEFTOVER_AFTER_MS
    })
    const next = await testPeer({ name: 'next', mesh })
    const own = [caller.id, next.id, String(still.ready.id)].map((id) => id.slice(0, 16))
    await until('nothing is left but of those who live', () => {
      const names = readdirSync(folder, { recursive: true }).map((name) => basename(String(name)))
      return names.every((name) => name === 'pulse' || own.some((stem) => name.startsWith(stem)))
    })
    await next.serve(Shop, handlers('next'))
    await until('it is known to serve', () => {
      return caller.peers().some(({ id, contracts }) => id === next.id && contracts.length > 0)
    })
    expect(await shop.place({ sku: 'x', count: 1 }, { to: next.id })).toEqual({
      total: 2,
      by: 'next',
    })
  })
})

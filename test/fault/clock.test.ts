// Fault 16: the wall clocks of two processes jump by an hour, forward and back, alone and together,
// while one calls the other.

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { contract, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { failure, randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const Id = Type.Object({ id: Type.Integer() })
const Answer = Type.Object({ id: Type.Integer(), by: Type.String() })
const Jobs = contract('test.jobs', '1.0.0', {
  safe: request(Id, Answer, { idempotent: true }),
  once: request(Id, Answer),
})
const HOUR_MS = 3_600_000
/** Machines of tests are shared: what is promised holds, plus what we were kept waiting. */
const SLACK_MS = 1_500
const TIMEOUT_MS = 300
const OPEN_MS = 500
/** A file of the directory counts for 15 s without a touch: by night that is waited for. */
const LOOK_MS = process.env.EARSHOT_NIGHTLY === '1' ? 20_000 : 1_000
const flags = ['--import', fileURLToPath(new URL('../processes/fixture/jump.js', import.meta.url))]

const startWorker = (mesh: string, name: string, options: object) =>
  startProcess('worker.js', [mesh, name, JSON.stringify(options)], { flags })

/** Our own wall clock, to be moved. */
function ownClock(): (byMs: number) => void {
  const now = Date.now
  let offMs = 0
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + offMs)
  onTestFinished(() => spy.mockRestore())
  return (byMs) => {
    offMs += byMs
  }
}

async function tookMs(work: Promise<unknown>): Promise<number> {
  const fromMs = performance.now()
  await work
  return performance.now() - fromMs
}

describe('wall clocks that jump by an hour (fault 16)', () => {
  it('change no deadline, no breaker, and take nobody for gone', async () => {
    const mesh = randomMesh()
    const worker = await startWorker(mesh, 'worker', { forMs: 400 })
    const stuck = await startWorker(mesh, 'stuck', { hangs: true })
    const caller = await testPeer({ name: 'caller', mesh })
    await until('both are up', () => {
      return caller.peers().filter(({ contracts }) => contracts.length > 0).length === 2
    })
    const gone: string[] = []
    void (async () => {
      for await (const { type, peer } of caller.watch()) if (type !== 'up') gone.push(peer.name)
    })()
    const once = caller.client(Jobs, { timeoutMs: 20_000, retry: false, breaker: false }).once
    const to = worker.ready.id as string
    const moveOurs = ownClock()
    const moveTheirs = async (byMs: number) => {
      for (const peer of [worker, stuck]) await peer.ask({ do: 'jump', byMs }, 'jumped')
    }
    const jumps = [
      ['ours, forward', () => moveOurs(HOUR_MS)],
      ['theirs, forward', () => moveTheirs(HOUR_MS)],
      ['ours, back', () => moveOurs(-2 * HOUR_MS)],
      ['theirs, back', () => moveTheirs(-2 * HOUR_MS)],
    ] as const
    for (const [which, jump] of jumps) {
      const late = { code: 'EARSHOT_TIMEOUT', sent: 'unknown' }
      // Under way while the clock jumps: answered in its time, late in its time.
      const answered = once({ id: 1 }, { to })
      const call = () =>
        failure(once({ id: 2 }, { to: stuck.ready.id as string, timeoutMs: TIMEOUT_MS }))
      const lateMs = tookMs(
        call().then((error) => expect([which, error]).toMatchObject([which, late])),
      )
      await jump()
      expect(await answered).toEqual({ id: 1, by: 'worker' })
      expect(await lateMs).toBeGreaterThan(TIMEOUT_MS - 5)
      expect(await lateMs).toBeLessThan(TIMEOUT_MS + SLACK_MS)
    }
    await breakerHolds(caller, { to: stuck.ready.id as string }, moveOurs)
    // Whoever comes now finds them, though their files say that it is an hour ago.
    moveOurs(HOUR_MS)
    const late = await testPeer({ name: 'late', mesh })
    await until('it knows the worker', () => {
      return late.peers().some(({ id, contracts }) => id === to && contracts.length > 0)
    })
    expect(await late.client(Jobs, { timeoutMs: 20_000 }).safe({ id: 3 }, { to })).toEqual({
      ...{ id: 3, by: 'worker' },
    })
    await sleep(LOOK_MS)
    expect(gone).toEqual([])
    expect(caller.peers().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['worker', 'stuck', 'late']),
    )
    expect([worker.errors(), stuck.errors()]).toEqual(['', ''])
  })
})

/** An open breaker lets a call try when its time is up, whatever the wall says. */
async function breakerHolds(
  caller: Peer,
  options: { to: string },
  move: (byMs: number) => void,
): Promise<void> {
  const states: string[] = []
  const { once } = caller.client(Jobs, {
    ...{ timeoutMs: 100, retry: false },
    breaker: { openMs: OPEN_MS, minimumCalls: 3, onChange: ({ state }) => states.push(state) },
  })
  for (let bad = 0; bad < 3; bad++) {
    expect(await failure(once({ id: 4 }, options))).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  }
  const openedMs = performance.now()
  expect(states).toEqual(['open'])
  move(HOUR_MS)
  const refused = await failure(once({ id: 4 }, options))
  if (performance.now() - openedMs < OPEN_MS) {
    expect([refused, states]).toMatchObject([{ code: 'EARSHOT_BREAKER_OPEN' }, ['open']])
  }
  move(-2 * HOUR_MS)
  await sleep(OPEN_MS)
  expect(await failure(once({ id: 4 }, options))).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
  expect(states).toEqual(['open', 'half-open', 'open'])
  move(HOUR_MS)
}

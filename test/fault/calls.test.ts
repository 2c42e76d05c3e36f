// Faults 1, 2 and 27: servers that die, stand still or leave while calls are under way. By day one
// stands still for 5 s; EARSHOT_NIGHTLY=1 makes it 10.

import { contract, EarshotError, type Peer, type PeerStats, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const Id = Type.Object({ id: Type.Integer() })
const Answer = Type.Object({ id: Type.Integer(), by: Type.String() })
const Jobs = contract('test.jobs', '1.0.0', {
  safe: request(Id, Answer, { idempotent: true }),
  once: request(Id, Answer),
})

/** Machines of tests are shared: what is promised holds, plus what we were kept waiting. */
const SLACK_MS = 1_500
const NOTICED_WITHIN_MS = 3_500 + SLACK_MS
const STILL_MS = process.env.EARSHOT_NIGHTLY === '1' ? 10_000 : 5_000

const startWorker = (mesh: string, name: string, options: object = {}) =>
  startProcess('worker.js', [mesh, name, JSON.stringify(options)])
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))
const upTo = (caller: Peer, count: number) =>
  until(`${count} are up`, () => {
    const serving = caller.peers().filter(({ contracts }) => contracts.length > 0)
    return serving.length === count
  })

/** Calls without a pause but a short one, until it is stopped: what became of each. */
function load(workers: number, call: (id: number) => Promise<{ id: number; by: string }>) {
  const by = new Map<string, number>()
  const errors: unknown[] = []
  let made = 0
  let stopped = false
  const work = async () => {
    while (!stopped) {
      const id = made++
      try {
        const answer = await call(id)
        expect(answer.id).toBe(id)
        by.set(answer.by, (by.get(answer.by) ?? 0) + 1)
      } catch (error) {
        errors.push(error)
      }
      await sleep(4)
    }
  }
  const running = Promise.all(Array.from({ length: workers }, work))
  onTestFinished(() => {
    stopped = true
  })
  const stop = async () => {
    stopped = true
    await running
    const answered = [...by.values()].reduce((sum, count) => sum + count, 0)
    expect(answered + errors.length).toBe(made)
    return { made, answered, errors }
  }
  return { by, errors, stop }
}

describe('a server that is killed with 1 000 requests in flight', () => {
  it('lets each end: retried as far as harmless and affordable, or a typed error', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const doomed = await startWorker(mesh, 'doomed', { hangs: true })
    await upTo(caller, 1)
    const client = caller.client(Jobs, { timeoutMs: 30_000 })
    const outcomes = { retried: 0, gone: 0, other: [] as unknown[] }
    const calls = Array.from({ length: 1_000 }, async (_, id) => {
      const call = id % 2 === 0 ? client.safe({ id }) : client.once({ id })
      try {
        const answer = await call
        expect(answer).toEqual({ id, by: 'heir' })
        expect(id % 2).toBe(0)
        outcomes.retried++
      } catch (error) {
        if (error instanceof EarshotError && error.code === 'EARSHOT_PEER_GONE') outcomes.gone++
        else outcomes.other.push(error)
      }
    })
    await until('the doomed has begun all', async () => {
      return (await doomed.ask({ do: 'stats' }, 'stats')).begun === 1_000
    })
    const heir = await startWorker(mesh, 'heir')
    await upTo(caller, 2)
    const killedAt = performance.now()
    doomed.kill('SIGKILL')
    await Promise.all(calls)
    expect(performance.now() - killedAt).toBeLessThan(NOTICED_WITHIN_MS)
    // 20 % of the 1 000, and ten a second for ten seconds; the rest is told.
    expect(outcomes).toEqual({ retried: 300, gone: 700, other: [] })
    const stats = (await heir.ask({ do: 'stats' }, 'stats')).stats as PeerStats
    expect(stats.counters.requestsServed).toBe(300)
    expect(caller.stats().pendingRequests).toBe(0)
  })
})

describe(`a server that stands still for ${STILL_MS / 1_000} s`, () => {
  it('costs no call: its breaker opens, others serve, late answers go, it comes back', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const still = await startWorker(mesh, 'still')
    await startWorker(mesh, 'other')
    await upTo(caller, 2)
    const changes: string[] = []
    const client = caller.client(Jobs, {
      retry: { tryTimeoutMs: 250 },
      breaker: {
        openMs: 1_000,
        onChange: ({ peer, state }) => changes.push(`${peer.name} ${state}`),
      },
    })
    const { by, stop } = load(20, (id) => client.safe({ id }))
    await until('both serve', () => (by.get('still') ?? 0) > 50 && (by.get('other') ?? 0) > 50)
    still.kill('SIGSTOP')
    const stoppedAt = performance.now()
    await until('its breaker has opened', () => changes.includes('still open'))
    expect(performance.now() - stoppedAt).toBeLessThan(1_000 + SLACK_MS)
    const [before, othersBefore] = [by.get('still') ?? 0, by.get('other') ?? 0]
    await sleep(STILL_MS - (performance.now() - stoppedAt))
    expect(by.get('still')).toBe(before)
    expect(by.get('other')).toBeGreaterThan(othersBefore + 100)
    still.kill('SIGCONT')
    await until('it serves again', () => (by.get('still') ?? 0) > before + 20, 15_000)
    const { made, answered, errors } = await stop()
    expect([answered, errors]).toEqual([made, []])
    expect(caller.stats().pendingRequests).toBe(0)
  })
})

describe('a server that is told to end under load', () => {
  it('fails no call, of neither kind, and exits with 0 within its grace period', async () => {
    const mesh = randomMesh()
    const caller = await testPeer({ name: 'caller', mesh })
    const leaving = await startWorker(mesh, 'leaving', { forMs: 20 })
    await startWorker(mesh, 'staying', { forMs: 20 })
    await upTo(caller, 2)
    const client = caller.client(Jobs, { retry: { tries: 2 } })
    const kinds = [client.safe, client.once] as const
    const { by, stop } = load(60, (id) => kinds[(id % 2) as 0 | 1]({ id }))
    await until('both serve', () => (by.get('leaving') ?? 0) > 100)
    const toldAt = performance.now()
    leaving.kill('SIGTERM')
    expect(await leaving.exited()).toEqual({ code: 0, signal: null })
    expect(performance.now() - toldAt).toBeLessThan(5_000)
    const before = by.get('staying') ?? 0
    await until('the other serves all', () => (by.get('staying') ?? 0) > before + 100)
    const { made, answered, errors } = await stop()
    expect([answered, errors]).toEqual([made, []])
    expect(leaving.errors()).toBe('')
  })
})

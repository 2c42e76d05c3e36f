// Services that wait, look at the time and draw lots, in a world that lends them its own.

import { setTimeout as imported } from 'node:timers'
import { contract, type Peer, request } from 'earshot'
import { createWorld } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { testWorld } from '../support/world.ts'

const Id = Type.Object({ id: Type.Integer() })
const Seen = Type.Object({ tookMs: Type.Number(), at: Type.String(), drawn: Type.Number() })
const Slow = contract('test.slow', '1.0.0', { ask: request(Id, Seen) })

const timers = process.getBuiltinModule('node:timers/promises')
const pause: typeof timers.setTimeout = (...args) => timers.setTimeout(...args)
// As services import it: what is imported changes with the world.
const after = (ms: number, run: () => void) => imported(run, ms)

/** As a service is written that knows of no world. */
async function openSlow(peer: Peer): Promise<void> {
  await peer.serve(Slow, {
    ask: async () => {
      const startMs = performance.now()
      await new Promise<void>((resolve) => after(300, resolve))
      const at = new Date().toISOString()
      return { tookMs: performance.now() - startMs, at, drawn: Math.random() }
    },
  })
}

async function told(seed: number): Promise<string> {
  const world = createWorld({ seed, globals: true, trace: true })
  await openSlow(await world.createPeer({ name: 'slow' }))
  const caller = await world.createPeer({ name: 'caller' })
  const answer = await world.run(() => caller.client(Slow).ask({ id: 1 }))
  await world.close()
  return JSON.stringify([answer, world.trace])
}

describe('a world that lends its globals', () => {
  it('lets a handler wait and look at the clock in its time', async () => {
    const world = testWorld({ globals: true })
    await openSlow(await world.createPeer({ name: 'slow' }))
    const caller = await world.createPeer({ name: 'caller' })
    const startMs = world.nowMs
    const answer = await world.run(() => caller.client(Slow).ask({ id: 1 }))
    expect(answer.tookMs).toBeCloseTo(300, 6)
    expect(answer.at).toMatch(/^2026-01-01T00:00:00\.\d{3}Z$/)
    expect(world.nowMs - startMs).toBeLessThan(400)
  })

  it('is the same for the same seed, with what such services say', async () => {
    expect(await told(4)).toBe(await told(4))
    expect(await told(5)).not.toBe(await told(4))
  })

  it('has timers that repeat, end, and begin again, and signals that time out', async () => {
    const world = testWorld({ globals: true })
    await world.run(async () => {
      const startMs = world.nowMs
      let beats = 0
      const beat = setInterval(() => beats++, 100)
      const never = setTimeout(() => expect.unreachable('it was cleared'), 350)
      const later = setTimeout(() => beats++, 200)
      await pause(150)
      clearTimeout(never)
      later.refresh()
      const signal = AbortSignal.timeout(1_000)
      await pause(300)
      expect(beats).toBe(5)
      clearInterval(beat)
      expect(signal.aborted).toBe(false)
      await pause(701)
      expect(signal.aborted).toBe(true)
      expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
      expect(world.nowMs - startMs).toBeCloseTo(1_151, 6)
      const cancel = AbortSignal.timeout(50)
      await expect(pause(9_000, undefined, { signal: cancel })).rejects.toThrow(/aborted/)
      expect(new Date(0).getTime()).toBe(0)
      expect(new Date()).toBeInstanceOf(Date)
    })
  })

  it('is the only one to do so, and the other says so', async () => {
    const [one, other] = [testWorld({ globals: true }), testWorld({ globals: true })]
    const [before, first] = [setTimeout, one.run(() => pause(100))]
    const error = await other.run(() => pause(100)).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/globals' })
    await first
    expect(setTimeout).toBe(before)
    await other.run(() => pause(100))
    expect([one.nowMs, other.nowMs, setTimeout]).toEqual([100, 100, before])
  })

  it('takes all back when time stands still, also after a failure', async () => {
    const inForce = () => {
      const ofMath = [Math.random, performance.now]
      return [setTimeout, clearInterval, Date, ...ofMath, timers.setTimeout]
    }
    const before = inForce()
    const world = testWorld({ globals: true })
    let within: unknown[] = []
    await expect(
      world.run(async () => {
        within = inForce()
        setTimeout(() => {
          throw new Error('of a timer')
        }, 10)
        await pause(1_000)
      }),
    ).rejects.toThrow('of a timer')
    expect(within.every((one, at) => one !== before[at])).toBe(true)
    expect(inForce()).toEqual(before)
  })
})

// Three services behind each other, with nothing set: what the defaults make of more calls than the
// last of them can do, and of a last one that stands still. The benchmark `chain` is its picture.

import { contract, type Peer, request } from 'earshot'
import type { World } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure } from './support/peers.ts'
import { testWorld } from './support/world.ts'

const Id = Type.Object({ id: Type.Integer() })
const asked = { ask: request(Id, Id, { idempotent: true }) }
const Front = contract('test.front', '1.0.0', asked)
const Middle = contract('test.middle', '1.0.0', asked)
const Back = contract('test.back', '1.0.0', asked)

/** 2 at once for 20 ms each: 100 a second. */
const SLOTS = 2
const SERVICE_MS = 20
const CAPACITY = 100
const DEADLINE_MS = 1_000

interface Chain {
  readonly load: Peer
  /** When each piece of work was finished; a call is finished once. */
  readonly worked: Map<number, number>
  /** Nothing is finished before. */
  stall: { untilMs: number }
}

async function chainIn(world: World): Promise<Chain> {
  const [back, middle, front, load] = (await Promise.all(
    ['back', 'middle', 'front', 'load'].map((name) => world.createPeer({ name })),
  )) as [Peer, Peer, Peer, Peer]
  const worked = new Map<number, number>()
  const stall = { untilMs: 0 }
  await back.serve(
    Back,
    {
      ask: async ({ id }) => {
        await world.advance(Math.max(SERVICE_MS, stall.untilMs - world.nowMs))
        expect(worked.has(id), `${id} is done once`).toBe(false)
        worked.set(id, world.nowMs)
        return { id }
      },
    },
    { concurrency: SLOTS },
  )
  const toBack = middle.client(Back)
  await middle.serve(Middle, { ask: (body, context) => toBack.ask(body, { context }) })
  const toMiddle = front.client(Middle)
  await front.serve(Front, { ask: (body, context) => toMiddle.ask(body, { context }) })
  return { load, worked, stall }
}

/** Calls at a rate; which of them were answered in time. */
class Load {
  readonly #world: World
  readonly #ask: (body: { id: number }) => Promise<unknown>
  readonly #worked: Map<number, number>
  readonly #waiting: Promise<unknown>[] = []
  readonly begun: number[] = []
  answered = 0
  inVain = 0

  constructor(world: World, { load, worked }: Chain) {
    this.#world = world
    this.#worked = worked
    this.#ask = load.client(Front, { timeoutMs: DEADLINE_MS }).ask
  }

  /** How many of those that begin meanwhile are answered. */
  async at(perSecond: number, seconds: number): Promise<{ begun: number; answered: number }> {
    const before = this.answered
    const own: Promise<unknown>[] = []
    for (let left = perSecond * seconds; left > 0; left--) {
      own.push(this.#call())
      await this.#world.advance(1_000 / perSecond)
    }
    this.#waiting.push(...own)
    return { begun: own.length, answered: this.answered - before }
  }

  async end(): Promise<void> {
    await Promise.all(this.#waiting)
  }

  async #call(): Promise<void> {
    const id = this.begun.push(this.#world.nowMs) - 1
    const untilMs = this.#world.nowMs + DEADLINE_MS
    try {
      await this.#ask({ id })
      this.answered++
    } catch {
      if ((this.#worked.get(id) ?? 0) > untilMs) this.inVain++
    }
  }
}

describe('a chain of three services with nothing set', () => {
  it('answers as many as its last one can do under four times the load, none in vain', async () => {
    const world = testWorld({ seed: 3 })
    await world.run(async () => {
      const load = new Load(world, await chainIn(world))
      await load.at(CAPACITY / 2, 1)
      const { answered } = await load.at(CAPACITY * 4, 3)
      expect(answered).toBeGreaterThan(3 * CAPACITY * 0.9)
      const after = await load.at(CAPACITY / 2, 2)
      await load.end()
      expect(after.answered).toBeGreaterThan(after.begun * 0.95)
      expect(load.inVain).toBe(0)
    })
  })

  it('answers all again within 2 s when its last one has stood still for 3', async () => {
    const world = testWorld({ seed: 4 })
    await world.run(async () => {
      const chain = await chainIn(world)
      const load = new Load(world, chain)
      await load.at(CAPACITY / 2, 1)
      chain.stall.untilMs = world.nowMs + 3_000
      await load.at(CAPACITY / 2, 5)
      const after = await load.at(CAPACITY / 2, 2)
      await load.end()
      expect(after.answered).toBeGreaterThan(after.begun * 0.95)
      // What had been begun when it stopped, and what was to find out whether it goes on.
      expect(load.inVain).toBeLessThan(10)
    })
  })
})

describe('a handler whose caller no longer waits', () => {
  it('that throws for that answers nothing: its caller was told by its own deadline', async () => {
    const world = testWorld()
    const server = await world.createPeer({ name: 'server' })
    let aborted = 0
    await server.serve(Back, {
      ask: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted++
            reject(signal.reason)
          })
        }),
    })
    const caller = await world.createPeer({ name: 'caller' })
    await world.advance(100)
    const { ask } = caller.client(Back, { retry: false })
    const late = failure(ask({ id: 1 }, { timeoutMs: 100 }))
    expect(await world.run(late)).toMatchObject({ code: 'EARSHOT_TIMEOUT', sent: 'unknown' })
    const control = new AbortController()
    const cancelled = failure(ask({ id: 2 }, { signal: control.signal }))
    await world.advance(50)
    control.abort()
    expect(await world.run(cancelled)).toMatchObject({ code: 'EARSHOT_CANCELLED' })
    await world.advance(1_000)
    expect(aborted).toBe(2)
    // Neither answer came, which would be told as a failure where the caller's own loop is late.
    expect(caller.stats().counters.lateReplies).toBe(0)
  })

  it('has made as many calls at once as it likes, without a warning of listeners', async () => {
    const world = testWorld()
    const back = await world.createPeer({ name: 'back' })
    await back.serve(Back, { ask: (body) => world.advance(5).then(() => body) })
    const middle = await world.createPeer({ name: 'middle' })
    const toBack = middle.client(Back)
    await middle.serve(Middle, {
      ask: async (body, context) => {
        await Promise.all(Array.from({ length: 40 }, (_, id) => toBack.ask({ id }, { context })))
        return body
      },
    })
    const warnings: unknown[] = []
    const warned = (warning: unknown) => void warnings.push(warning)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const load = await world.createPeer({ name: 'load' })
    expect(await world.run(load.client(Middle).ask({ id: 1 }))).toEqual({ id: 1 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  })
})

// Calls that fail on purpose: the caller gets what the rule says, and no handler is called.

import { contract, event, notification, request, stream } from 'earshot'
import type { World } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { failure } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Order = Type.Object({ n: Type.Integer() })
const Orders = contract('test.orders', '1.0.0', {
  place: request(Order, Order),
  again: request(Order, Order, { idempotent: true }),
  cancel: notification(Order),
  watch: stream(Order, Order),
  placed: event(Order),
})

async function shopIn(world: World) {
  const mock = await world.mockPeer(Orders, {
    answers: { place: (order) => order, again: (order) => order, watch: (order) => [order] },
  })
  const caller = await world.createPeer({ name: 'caller' })
  const orders = caller.client(Orders, { retry: false, timeoutMs: 500 })
  return { mock, caller, orders }
}

describe('a rule by which calls fail', () => {
  it.each(['EARSHOT_REMOTE', 'EARSHOT_OVERLOADED', 'EARSHOT_RATE_LIMITED'] as const)(
    'gives the caller %s, and its handler is not called',
    async (code) => {
      const world = testWorld()
      const { mock, orders } = await shopIn(world)
      const failing = world.fail('test.orders/place', { code })
      expect(await world.run(failure(orders.place({ n: 1 })))).toMatchObject({ code })
      expect(failing.count).toBe(1)
      expect(mock.calls.place).toEqual([])
      failing.end()
      expect(await world.run(orders.place({ n: 2 }))).toEqual({ n: 2 })
    },
  )

  it('keeps the caller waiting with EARSHOT_TIMEOUT, and leaves nothing behind', async () => {
    const world = testWorld()
    const { mock, orders } = await shopIn(world)
    world.fail(Orders.place, { code: 'EARSHOT_TIMEOUT' })
    const error = await world.run(failure(orders.place({ n: 1 })))
    expect(error).toMatchObject({ code: 'EARSHOT_TIMEOUT' })
    await world.advance(1_000)
    expect(mock.peer.stats().runningHandlers).toBe(0)
  })

  it('delays, and lets the call succeed unless a code is given', async () => {
    const world = testWorld()
    const { orders } = await shopIn(world)
    world.fail(Orders.place, { delayMs: 200 })
    const startMs = world.nowMs
    expect(await world.run(orders.place({ n: 1 }))).toEqual({ n: 1 })
    expect(world.nowMs - startMs).toBeGreaterThanOrEqual(200)
  })

  it('strikes at its rate, and what is idempotent is tried again', async () => {
    const world = testWorld({ seed: 8 })
    const { caller } = await shopIn(world)
    // Three of ten is where a breaker may open: here each call is to reach its rule.
    const orders = caller.client(Orders, { breaker: false, retry: false, timeoutMs: 500 })
    const failing = world.fail('test.orders/*', { rate: 0.3, code: 'EARSHOT_OVERLOADED' })
    let failed = 0
    for (let n = 0; n < 200; n++) {
      await world.run(orders.place({ n }).catch(() => failed++))
    }
    expect(failing.count).toBe(failed)
    expect(failed).toBeGreaterThan(35)
    expect(failed).toBeLessThan(85)
    const again = caller.client(Orders, { breaker: false, retry: { tries: 8 } }).again
    await world.run(Promise.all([1, 2, 3, 4, 5].map((n) => again({ n }))))
  })

  it('strikes so often as it is told, and then no more', async () => {
    const world = testWorld()
    const { orders } = await shopIn(world)
    const failing = world.fail(Orders.place, { times: 2 })
    const codes: unknown[] = []
    for (let n = 0; n < 4; n++) {
      codes.push(await world.run(orders.place({ n }).then(String, ({ code }) => code)))
    }
    expect(codes.map((code) => code === 'EARSHOT_REMOTE')).toEqual([true, true, false, false])
    expect(failing.count).toBe(2)
  })

  it('strikes at one peer alone where it is named, and the others serve', async () => {
    const world = testWorld()
    const { mock, caller } = await shopIn(world)
    const other = await world.mockPeer(Orders, { name: 'other' })
    await world.advance(100)
    world.fail(Orders.again, { at: mock.peer, code: 'EARSHOT_OVERLOADED' })
    const { again } = caller.client(Orders)
    await world.run(Promise.all([1, 2, 3, 4].map((n) => again({ n }))))
    expect([mock.calls.again.length, other.calls.again.length]).toEqual([0, 4])
  })

  it('lets the work be done and its answer be lost, so that a retry does it twice', async () => {
    const world = testWorld()
    const { mock, caller, orders } = await shopIn(world)
    world.fail('test.orders/*', { handled: true, code: 'EARSHOT_TIMEOUT', times: 2 })
    const lost = { code: 'EARSHOT_TIMEOUT', sent: 'unknown' }
    expect(await world.run(failure(orders.place({ n: 1 })))).toMatchObject(lost)
    expect(mock.calls.place).toHaveLength(1)
    const { again } = caller.client(Orders, { retry: { tryTimeoutMs: 100 } })
    expect(await world.run(again({ n: 2 }))).toEqual({ n: 2 })
    expect(mock.calls.again).toHaveLength(2)
  })

  it('stands inside what a service has around its handlers, which keep their `this`', async () => {
    const world = testWorld()
    const seen: string[] = []
    const Own = contract('test.own', '1.0.0', { ask: request(Order, Order) })
    class Owner {
      readonly #factor = 3
      asked = 0
      ask({ n }: { n: number }) {
        this.asked++
        return { n: n * this.#factor }
      }
    }
    const owner = new Owner()
    const peer = await world.createPeer({ name: 'owner' })
    await peer.serve(Own, owner, {
      use: [
        (next) => async (message, context) => {
          seen.push('in')
          return next(message, context)
        },
      ],
    })
    const { ask } = (await world.createPeer({ name: 'caller' })).client(Own, { retry: false })
    expect(await world.run(ask({ n: 2 }))).toEqual({ n: 6 })
    world.fail(Own.ask, { times: 1 })
    expect(await world.run(failure(ask({ n: 2 })))).toMatchObject({ code: 'EARSHOT_REMOTE' })
    expect([owner.asked, seen]).toEqual([1, ['in', 'in']])
    const wrong = await failure(peer.serve(Own, owner, { use: 5 as never }))
    expect(wrong).toMatchObject({ code: 'EARSHOT_ALREADY_SERVED' })
  })

  it('strikes streams and notifications as well', async () => {
    const world = testWorld()
    const { mock, orders } = await shopIn(world)
    world.fail('test.orders/*', { code: 'EARSHOT_OVERLOADED' })
    const reading = world.run(failure(orders.watch({ n: 1 }).next()))
    expect(await reading).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
    const verdict = await world.run(orders.cancel({ n: 1 }, { until: 'handled' }))
    expect(verdict).toMatchObject({ became: 'dropped', why: 'EARSHOT_OVERLOADED' })
    expect([...mock.calls.watch, ...mock.calls.cancel]).toEqual([])
  })

  it.each([
    [() => testWorld().fail('place'), /contract\/channel/],
    [() => testWorld().fail(Orders.placed), /dropRate/],
    [() => testWorld().fail(Orders.place, { rate: 2 }), /rate/],
    [() => testWorld().fail(Orders.place, { delayMs: -1 }), /delayMs/],
    [() => testWorld().fail(Orders.place, { code: 'EARSHOT_NONSENSE' as never }), /NONSENSE/],
    [() => testWorld().fail(Orders.place, { times: 0 }), /times/],
    [() => testWorld().fail(Orders.watch, { handled: true }), /no one answer/],
    [
      () => testWorld().fail(Orders.place, { handled: true, code: 'EARSHOT_OVERLOADED' }),
      /nothing was done/,
    ],
  ])('is refused where it is none (%#)', (make, text) => {
    expect(make).toThrow(text)
  })
})

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
  ])('is refused where it is none (%#)', (make, text) => {
    expect(make).toThrow(text)
  })
})

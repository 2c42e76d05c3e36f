// What happens when a subscriber is too slow: each overflow, for loops and for handlers.

import { contract, event, type Overflow } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { Shop } from './support/contract.ts'
import { failure, faults, pairOf, until } from './support/peers.ts'

const body = (id: number) => ({ id, text: 'x' })

describe('a loop that is too slow', () => {
  const kept: Partial<Record<Overflow, number[]>> = {
    'drop-oldest': [7, 8, 9],
    'drop-newest': [0, 1, 2],
    latest: [9],
  }
  for (const [overflow, ids] of Object.entries(kept)) {
    it(`keeps ${ids} of ten with ${overflow} and room for three`, async () => {
      const [a, b] = await pairOf()
      const how = { capacity: 3, overflow: overflow as Overflow }
      const subscription = await b.subscribe(Shop.placed, how)
      for (let id = 0; id < 10; id++) await a.publish(Shop.placed, body(id))
      await until('the rest gave way', () => subscription.dropped === 10 - ids.length)
      const seen: number[] = []
      for await (const { id } of subscription) {
        seen.push(id)
        if (seen.length === ids.length) break
      }
      expect(seen).toEqual(ids)
      const channel = b.stats().channels.find((row) => row.channel === 'test.shop/1/placed')
      expect(channel).toMatchObject({ received: 10, dropped: 10 - ids.length, missed: 0 })
    })
  }

  it('ends with an error with reject, after what it had room for', async () => {
    const [a, b] = await pairOf()
    const subscription = await b.subscribe(Shop.placed, { capacity: 3, overflow: 'reject' })
    for (let id = 0; id < 5; id++) await a.publish(Shop.placed, body(id))
    await until('the publisher has nobody', () => a.publisher(Shop.placed).listeners === 0)
    const seen: number[] = []
    const loop = (async () => {
      for await (const { id } of subscription) seen.push(id)
    })()
    expect(await failure(loop)).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
    expect(seen).toEqual([0, 1, 2])
  })

  it('with block holds up what it hears, not the others, and drops nothing itself', async () => {
    const [a, b] = await pairOf()
    const subscription = await b.subscribe(Shop.placed, { capacity: 100, overflow: 'block' })
    let heard = 0
    const other = await b.subscribe(Shop.placed, () => heard++)
    const total = 20_000
    for (let id = 0; id < total; id++) await a.publish(Shop.placed, body(id))
    await until('the other is through', () => heard + other.missed === total)
    expect(heard).toBeGreaterThan(total / 2)
    const seen: number[] = []
    const loop = (async () => {
      for await (const { id } of subscription) seen.push(id)
    })()
    // Nothing gave way here; what the sockets could not hold is told as missed.
    await until('all are accounted for', () => seen.length + subscription.missed === total)
    await subscription.close()
    await loop
    expect(subscription.dropped).toBe(0)
    expect(seen.length).toBeGreaterThan(100)
    expect(seen).toEqual([...seen].sort((x, y) => x - y))
  })
})

describe('an asynchronous handler that is too slow', () => {
  it('runs one at a time in order with concurrency 1, and what waits is bounded', async () => {
    const [a, b] = await pairOf()
    const seen: number[] = []
    let running = 0
    let most = 0
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const subscription = await b.subscribe(
      Shop.placed,
      async ({ id }) => {
        most = Math.max(most, ++running)
        seen.push(id)
        await gate
        running--
      },
      { concurrency: 1, capacity: 4, overflow: 'drop-newest' },
    )
    for (let id = 0; id < 10; id++) await a.publish(Shop.placed, body(id))
    await until('five gave way', () => subscription.dropped === 5)
    open()
    await until('five were handled', () => seen.length === 5 && running === 0)
    expect([seen, most]).toEqual([[0, 1, 2, 3, 4], 1])
  })

  it('ends its subscription aloud with reject', async () => {
    const [a, b] = await pairOf()
    const seen = faults()
    const how = { concurrency: 1, capacity: 1, overflow: 'reject' } as const
    const { ended } = await b.subscribe(Shop.placed, () => new Promise(() => undefined), how)
    for (let id = 0; id < 5; id++) await a.publish(Shop.placed, body(id))
    await until('it is over', () => a.publisher(Shop.placed).listeners === 0)
    expect(await ended).toMatchObject({ code: 'EARSHOT_OVERLOADED' })
    expect(seen.map(({ text }) => text)).toContainEqual(expect.stringMatching(/capacity/))
  })

  it('takes the overflow of its channel unless it says otherwise', async () => {
    const Steps = contract('test.steps', '1.0.0', {
      step: event(Type.Object({ id: Type.Integer() }), { overflow: 'latest' }),
    })
    const [a, b] = await pairOf()
    const seen: number[] = []
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const handler = async ({ id }: { id: number }) => {
      seen.push(id)
      await gate
    }
    const subscription = await b.subscribe(Steps.step, handler, { concurrency: 1 })
    for (let id = 0; id < 6; id++) await a.publish(Steps.step, { id })
    await until('four gave way', () => subscription.dropped === 4)
    open()
    await until('the last is handled', () => seen.length === 2)
    expect(seen).toEqual([0, 5])
  })

  it('is refused with bounds that bound nothing', async () => {
    const [a] = await pairOf()
    const ask = (options: object) => failure(a.subscribe(Shop.placed, () => undefined, options))
    const code = 'EARSHOT_OPTION_INVALID'
    expect(await ask({ capacity: 0 })).toMatchObject({ code, path: '/capacity' })
    expect(await ask({ concurrency: 1.5 })).toMatchObject({ code, path: '/concurrency' })
    expect(await ask({ overflow: 'grow' })).toMatchObject({ code, path: '/overflow' })
  })
})

describe('what waits for a slow subscriber', () => {
  const slow = async () => {
    const [a, b] = await pairOf({}, { limits: { drainTimeoutMs: 400 } })
    const gates: (() => void)[] = []
    const seen: number[] = []
    const handler = ({ id }: { id: number }) => {
      seen.push(id)
      return new Promise<void>((resolve) => gates.push(resolve))
    }
    const subscription = await b.subscribe(Shop.placed, handler, { concurrency: 1 })
    for (let id = 0; id < 5; id++) await a.publish(Shop.placed, body(id))
    const came = () => b.stats().counters.eventsReceived === 5
    await until('all have come', came)
    return { a, b, gates, seen, subscription }
  }

  it('gives way when the subscription is closed, and counts', async () => {
    const { b, gates, seen, subscription } = await slow()
    await subscription.close()
    expect(await subscription.ended).toBe(undefined)
    expect([subscription.dropped, b.stats().counters.eventsDropped]).toEqual([4, 4])
    for (const open of gates) open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([0])
  })

  it('is handled before its peer has closed', async () => {
    const { b, gates, seen, subscription } = await slow()
    const closing = b.close()
    for (let id = 0; id < 5; id++) {
      await until('the next is in hand', () => gates.length === id + 1)
      gates[id]?.()
    }
    await closing
    expect([seen, subscription.dropped]).toEqual([[0, 1, 2, 3, 4], 0])
  })

  it('gives way when its peer has waited for drainTimeoutMs, and counts', async () => {
    const { b, gates, seen, subscription } = await slow()
    await b.close()
    expect(subscription.dropped).toBe(4)
    for (const open of gates) open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([0])
  })

  it('gives way to a loop that is left, and counts', async () => {
    const [a, b] = await pairOf()
    const events = await b.subscribe(Shop.placed)
    for (let id = 0; id < 5; id++) await a.publish(Shop.placed, body(id))
    await until('all have come', () => b.stats().counters.eventsReceived === 5)
    for await (const { id } of events) if (id === 1) break
    expect([events.dropped, b.stats().counters.eventsDropped]).toEqual([3, 3])
    expect(await events.ended).toBe(undefined)
  })
})

// Publishers that were lost and come back: what they published meanwhile is missed, and counted.

import { contract, event } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { testWorld } from '../support/world.ts'

const Found = contract('test.found', '1.0.0', {
  tick: event(Type.Object({ n: Type.Integer() })),
})

describe('events of a publisher that was lost and comes back', () => {
  it('are missed as many as there were, by those who heard it before', async () => {
    const one = testWorld()
    const publisher = await one.createPeer({ name: 'publisher' })
    const out = publisher.publisher(Found.tick)
    const subscriber = await one.createPeer({ name: 'subscriber' })
    await one.advance(100)
    const heard: number[] = []
    const before = await one.run(subscriber.subscribe(Found.tick, ({ n }) => heard.push(n)))
    for (let n = 0; n < 5; n++) out.send({ n })
    await one.advance(100)
    one.part([publisher], [subscriber])
    await one.advance(5_000)
    expect(subscriber.peers()).toEqual([])
    for (let n = 5; n < 12; n++) out.send({ n })
    const during = await one.run(subscriber.subscribe(Found.tick, () => undefined))
    one.heal()
    await one.advance(10_000)
    expect(subscriber.peers()).toHaveLength(1)
    out.send({ n: 12 })
    await one.advance(1_000)
    expect(heard).toEqual([0, 1, 2, 3, 4, 12])
    expect(before.missed).toBe(7)
    // Who came meanwhile has missed nothing: it was not there.
    expect(during.missed).toBe(0)
    const [counts] = publisher.stats().channels
    expect(counts?.missedThere).toBe(7)
  })

  it('are none of a new incarnation: its numbers are its own', async () => {
    const one = testWorld()
    const publisher = await one.createPeer({ name: 'publisher' })
    const out = publisher.publisher(Found.tick)
    const subscriber = await one.createPeer({ name: 'subscriber' })
    await one.advance(100)
    const subscription = await one.run(subscriber.subscribe(Found.tick, () => undefined))
    for (let n = 0; n < 5; n++) out.send({ n })
    await one.advance(100)
    one.kill(publisher)
    const next = await one.createPeer({ name: 'publisher' })
    for (let n = 0; n < 20; n++) next.publisher(Found.tick).send({ n })
    await one.advance(5_000)
    expect(subscriber.peers()).toHaveLength(1)
    next.publisher(Found.tick).send({ n: 20 })
    await one.advance(1_000)
    expect(subscription.missed).toBe(0)
  })
})

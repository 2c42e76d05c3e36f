// Mock peers: answers that fit, calls that are written down, and what is asked for instead.

import { contract, duplex, event, notification, request, scatter, stream } from 'earshot'
import { mockPeer } from 'earshot/testing'
import { Type } from 'typebox'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failure, randomMesh, testPeer } from '../support/peers.ts'
import { testWorld } from '../support/world.ts'

const Order = Type.Object({ sku: Type.String(), count: Type.Integer() })
const Receipt = Type.Object({
  id: Type.String({ pattern: '^R-[0-9]{4}$' }),
  total: Type.Number({ minimum: 1, maximum: 9 }),
})
const Orders = contract('test.orders', '1.0.0', {
  place: request(Order, Receipt),
  cancel: notification(Order),
  watch: stream(Order, Receipt),
  chat: duplex(Order, Receipt),
  quote: scatter(Order, Receipt),
  placed: event(Order),
})
const tea = { sku: 'tea', count: 2 }

describe('a mock peer', () => {
  it('answers every channel by chance, and says what came', async () => {
    const world = testWorld({ seed: 3 })
    const mock = await world.mockPeer(Orders)
    const caller = await world.createPeer({ name: 'caller' })
    const orders = caller.client(Orders)
    await world.run(async () => {
      const receipt = await orders.place(tea, { headers: { trace: 'x' } })
      expect(receipt.id).toMatch(/^R-[0-9]{4}$/)
      expect(receipt.total).toBeGreaterThanOrEqual(1)
      await orders.cancel({ sku: 'cup', count: 1 }, { until: 'handled' })
      let items = 0
      for await (const { id } of orders.watch(tea)) items += id.length / 6
      expect(items).toBe(3)
      const { answers } = await orders.quote(tea)
      expect(answers[0]?.answer.id).toMatch(/^R-/)
      const talk = orders.chat()
      await talk.ready()
      talk.send(tea)
      talk.end()
      const said = []
      for await (const answer of talk) said.push(answer)
      expect(said).toHaveLength(1)
    })
    expect(mock.calls.place).toMatchObject([{ body: tea, context: { headers: { trace: 'x' } } }])
    expect(mock.calls.place[0]?.context.from.name).toBe('caller')
    expect(mock.calls.cancel.map(({ body }) => body.sku)).toEqual(['cup'])
    const { watch, chat, quote } = mock.calls
    expect([watch, chat, quote].map((calls) => calls.length)).toEqual([1, 1, 1])
    expect('placed' in mock.calls).toBe(false)
    mock.forget()
    expect(mock.calls.place).toEqual([])
  })

  it('gives the same answers for the same seed', async () => {
    const receipts = async (seed: number) => {
      const world = testWorld()
      await world.mockPeer(Orders, { seed })
      const caller = await world.createPeer({ name: 'caller' })
      const place = () => caller.client(Orders).place(tea)
      return world.run(async () => [await place(), await place()])
    }
    expect(await receipts(5)).toEqual(await receipts(5))
    expect(await receipts(5)).not.toEqual(await receipts(6))
  })

  it('answers what it is told to, from the start or from now on', async () => {
    const world = testWorld()
    const place = ({ count }: { count: number }) => ({ id: 'R-0000', total: count })
    const mock = await world.mockPeer(Orders, { answers: { place }, items: 5 })
    const orders = (await world.createPeer({ name: 'caller' })).client(Orders)
    await world.run(async () => {
      expect(await orders.place(tea)).toEqual({ id: 'R-0000', total: 2 })
      let items = 0
      for await (const _ of orders.watch(tea)) items++
      expect(items).toBe(5)
      mock.answer({
        place: () => {
          throw new Error('sold out')
        },
      })
      expect(await failure(orders.place(tea))).toMatchObject({
        code: 'EARSHOT_REMOTE',
        message: /sold out/,
      })
    })
    expect(mock.calls.place).toHaveLength(2)
    expect(() => mock.answer({ plaice: () => undefined } as object)).toThrow(/plaice/)
  })

  it('is a peer like any other outside of worlds, too', async () => {
    const mesh = randomMesh()
    const mock = await mockPeer(Orders, { name: 'mock', mesh, discovery: ['directory'] })
    onTestFinished(() => mock.close())
    const caller = await testPeer({ name: 'caller', mesh })
    expect((await caller.client(Orders).place(tea)).id).toMatch(/^R-/)
    expect(mock.calls.place).toHaveLength(1)
    expect(mock.peer.name).toBe('mock')
  })

  it('is served by a peer that is given, beside what that serves itself', async () => {
    const world = testWorld()
    const peer = await world.createPeer({ name: 'both' })
    const mock = await mockPeer(Orders, { peer })
    expect(mock.peer).toBe(peer)
    const orders = (await world.createPeer({ name: 'caller' })).client(Orders)
    await world.run(orders.place(tea))
    expect(mock.calls.place).toHaveLength(1)
  })

  it('is refused when it is made where no answer is found by chance', async () => {
    const Hard = contract('test.hard', '1.0.0', {
      ask: request(Order, Type.Object({ code: Type.String({ pattern: '^(?!x)(?=x)' }) })),
    })
    const error = await failure(testWorld().mockPeer(Hard))
    expect(error).toMatchObject({ code: 'EARSHOT_OPTION_INVALID', path: '/code' })
    await testWorld().mockPeer(Hard, { answers: { ask: () => ({ code: '' }) } })
  })
})

// What the compiler must refuse: each `@ts-expect-error` fails the type check when it would not.

import { contract, event, notification, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { describe, expect, expectTypeOf, it } from 'vitest'

const Order = Type.Object({ sku: Type.String(), count: Type.Integer() })
const Receipt = Type.Object({ total: Type.Number() })
const Shop = contract('types.shop', '1.0.0', {
  place: request(Order, Receipt),
  cancel: notification(Type.Object({ id: Type.Integer() })),
  placed: event(Order),
})

/** Never called: the type checker reads it. */
export async function callers(peer: Peer): Promise<void> {
  const shop = peer.client(Shop)
  expectTypeOf(await shop.place({ sku: 'x', count: 1 })).toEqualTypeOf<{ total: number }>()
  // @ts-expect-error a wrong field type in the caller
  await shop.place({ sku: 5, count: 1 })
  // @ts-expect-error a missing field in the caller
  await shop.place({ sku: 'x' })
  // @ts-expect-error an unknown field in the caller
  await shop.place({ sku: 'x', count: 1, colour: 'red' })
  // @ts-expect-error an event is no method
  await shop.placed({ sku: 'x', count: 1 })
  // @ts-expect-error a channel that does not exist
  await shop.plcae({ sku: 'x', count: 1 })
  // @ts-expect-error a wrong option
  await shop.place({ sku: 'x', count: 1 }, { timeoutMs: '5' })
  const receipt = await shop.place({ sku: 'x', count: 1 })
  // @ts-expect-error a field that the reply does not have
  receipt.totl
}

/** Never called: the type checker reads it. */
export async function servers(peer: Peer): Promise<void> {
  const cancel = () => undefined
  await peer.serve(Shop, {
    place: (order, { from, remainingMs }) => {
      expectTypeOf(order).toEqualTypeOf<{ sku: string; count: number }>()
      expectTypeOf(from.name).toEqualTypeOf<string>()
      return { total: remainingMs }
    },
    cancel,
  })
  // @ts-expect-error a wrong field in the answer of a handler
  await peer.serve(Shop, { place: () => ({ total: 'much' }), cancel })
  // @ts-expect-error a field that the handler's message does not have
  await peer.serve(Shop, { place: ({ colour }) => ({ total: colour }), cancel })
  // @ts-expect-error a handler that is missing
  await peer.serve(Shop, { cancel })
}

/** Never called: the type checker reads it. */
export async function events(peer: Peer): Promise<void> {
  // @ts-expect-error a wrong body
  await peer.publish(Shop.placed, { sku: 'x' })
  // @ts-expect-error a request is not published
  await peer.publish(Shop.place, { sku: 'x', count: 1 })
  const out = peer.publisher(Shop.placed)
  // @ts-expect-error a wrong body on the hot path
  out.send({ sku: 'x', count: 'one' })
  await peer.subscribe(Shop.placed, (body) => {
    expectTypeOf(body).toEqualTypeOf<{ sku: string; count: number }>()
  })
  for await (const body of await peer.subscribe(Shop.placed)) {
    expectTypeOf(body.sku).toEqualTypeOf<string>()
  }
  // @ts-expect-error a sender is for notifications
  peer.sender(Shop.placed)
}

describe('a contract', () => {
  it('has its channels as properties, with what routing goes by', () => {
    expect(Shop.place).toMatchObject({ kind: 'request', key: 'types.shop/1/place' })
    expect(Shop.channels.map(({ name }) => name)).toEqual(['place', 'cancel', 'placed'])
  })

  it.each([
    ['name', '1.0.0', { name: event(Order) }],
    ['channels', '1.0.0', { channels: event(Order) }],
    ['then', '1.0.0', { then: event(Order) }],
    ['with-dash', '1.0.0', { 'with-dash': event(Order) }],
    ['version 1', '1', { x: event(Order) }],
    ['version 1.0', '1.0', { x: event(Order) }],
    ['something that is no channel', '1.0.0', { x: {} as never }],
    ['a key that is no field', '1.0.0', { x: event(Order, { key: 'colour' }) }],
    ['a codec that does not exist', '1.0.0', { x: event(Order, { codecs: ['xml' as never] }) }],
  ])('with %s is refused when it is defined', (_what, version, channels) => {
    expect(() => contract('types.wrong', version, channels)).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' }),
    )
  })

  it.each(['', 'a..b', '.a', '1a', 'ä', 'a'.repeat(129), 'a b'])('called %j is refused', (name) => {
    expect(() => contract(name, '1.0.0', {})).toThrow(
      expect.objectContaining({ code: 'EARSHOT_CONTRACT_INVALID' }),
    )
  })
})

// What the compiler must refuse: each `@ts-expect-error` fails the type check when it would not.
// Nothing here runs; `tsc -p test` reads it.

import { contract, event, notification, type Peer, request } from 'earshot'
import { Type } from 'typebox'
import { expectTypeOf } from 'vitest'

const Order = Type.Object({ sku: Type.String(), count: Type.Integer() })
const Receipt = Type.Object({ total: Type.Number() })
const Shop = contract('types.shop', '1.0.0', {
  place: request(Order, Receipt),
  cancel: notification(Type.Object({ id: Type.Integer() })),
  placed: event(Order),
})

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

export async function deferring(peer: Peer): Promise<void> {
  const cancel = () => undefined
  await peer.serve(Shop, {
    place: async (_, context) => {
      const answer = context.defer()
      expectTypeOf(answer.resolve).parameter(0).toEqualTypeOf<{ total: number }>()
      return answer
    },
    cancel,
  })
  await peer.serve(Shop, {
    place: (_, context) => {
      const answer = context.defer()
      // @ts-expect-error a wrong field in an answer that comes later
      answer.resolve({ total: 'much' })
      return answer
    },
    cancel,
  })
  // @ts-expect-error a notification has no answer that could come later
  await peer.serve(Shop, { place: () => ({ total: 1 }), cancel: (_, context) => context.defer() })
}

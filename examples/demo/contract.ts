// The one contract of the demo. It says nothing about codecs, addresses or who serves it:
// JSON, MessagePack, Avro and Protobuf, and the types of TypeScript, all follow from it.

import { contract, event, notification, request } from 'earshot'
import { type Static, Type } from 'typebox'

const Line = Type.Object({
  sku: Type.String({ maxLength: 32 }),
  count: Type.Integer({ minimum: 1, maximum: 1_000 }),
  price: Type.Number({ minimum: 0 }),
})

const Order = Type.Object({
  id: Type.String({ maxLength: 32 }),
  customer: Type.String({ maxLength: 100 }),
  lines: Type.Array(Line, { maxItems: 100 }),
  gift: Type.Boolean(),
  note: Type.Optional(Type.String({ maxLength: 1_000 })),
})

const Reservation = Type.Object({
  orderId: Type.String({ maxLength: 32 }),
  total: Type.Number(),
  items: Type.Integer({ minimum: 0 }),
  state: Type.Union([Type.Literal('reserved'), Type.Literal('partly'), Type.Literal('sold-out')]),
})

const Release = Type.Object({
  orderId: Type.String({ maxLength: 32 }),
  reason: Type.Union([Type.Literal('cancelled'), Type.Literal('expired')]),
})

const Sale = Type.Object({
  orderId: Type.String({ maxLength: 32 }),
  customer: Type.String({ maxLength: 100 }),
  total: Type.Number(),
})

export const Shop = contract('demo.shop', '1.0.0', {
  /** Point to point, one answer. */
  reserve: request(Order, Reservation, { idempotent: true }),
  /** Point to point, no answer. */
  release: notification(Release),
  /** To everybody who subscribed. */
  sold: event(Sale, { key: 'orderId' }),
})

/** What is sent, the same in every codec. */
export const order: Static<typeof Order> = {
  id: 'order-1001',
  customer: 'Zoë Ångström',
  lines: [
    { sku: 'tea-green-100g', count: 2, price: 7.25 },
    { sku: 'pot-blue', count: 1, price: 34.5 },
  ],
  gift: true,
  note: 'Please ring twice.',
}

export const reservation: Static<typeof Reservation> = {
  orderId: order.id,
  total: 49,
  items: 3,
  state: 'reserved',
}

export const release: Static<typeof Release> = { orderId: order.id, reason: 'cancelled' }

export const sale: Static<typeof Sale> = { orderId: order.id, customer: order.customer, total: 49 }

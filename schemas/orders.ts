// The orders of a shop: what is asked of whoever takes them, and what they tell of.
// Locked: after a change, `earshot contract lock dist/schemas/orders.js --lock …` (see README.md).

import { contract, event, notification, request } from 'earshot'
import { type Static, Type } from 'typebox'
import lock from './orders.lock.json' with { type: 'json' }

export const Line = Type.Object(
  {
    sku: Type.String({ minLength: 1, maxLength: 32 }),
    count: Type.Integer({ minimum: 1, maximum: 1_000 }),
    price: Type.Number({ minimum: 0, description: 'of one, in the currency of the order' }),
  },
  { name: 'Line' },
)

export const Payment = Type.Union(
  [
    Type.Object({ by: Type.Literal('card'), token: Type.String(), holder: Type.String() }),
    Type.Object({ by: Type.Literal('transfer'), iban: Type.String({ pattern: '^[A-Z]{2}' }) }),
    Type.Object({ by: Type.Literal('invoice'), days: Type.Integer({ format: 'int32' }) }),
  ],
  { name: 'Payment' },
)

export const Order = Type.Object(
  {
    orderId: Type.String({ maxLength: 36 }),
    customer: Type.String(),
    at: Type.Integer({ format: 'timestamp-millis' }),
    lines: Type.Array(Line, { minItems: 1, maxItems: 500 }),
    payment: Payment,
    currency: Type.String({ minLength: 3, maxLength: 3, default: 'EUR' }),
    note: Type.Optional(Type.String({ maxLength: 1_000 })),
    labels: Type.Record(Type.String(), Type.String(), { default: {} }),
    gift: Type.Optional(Type.Boolean({ description: 'since 1.1.0' })),
  },
  { name: 'Order' },
)
export type Order = Static<typeof Order>

export const Receipt = Type.Object({ orderId: Type.String(), total: Type.Number() })
export const Cancel = Type.Object({ orderId: Type.String(), reason: Type.Optional(Type.String()) })
export const Placed = Type.Object({ orderId: Type.String(), order: Order })
export const Moved = Type.Object({
  orderId: Type.String(),
  to: Type.Enum(['accepted', 'packed', 'sent', 'returned', 'other'], { unknown: 'other' }),
})

export const Orders = contract(
  'shop.orders',
  '1.1.0',
  {
    place: request(Order, Receipt, { idempotent: true }),
    cancel: notification(Cancel),
    placed: event(Placed, { key: 'orderId' }),
    moved: event(Moved, { key: 'orderId' }),
  },
  { lock },
)

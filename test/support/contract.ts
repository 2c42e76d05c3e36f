// The contract that tests of peers share: every kind of channel, every kind of field.

import { Bytes, contract, event, notification, request } from 'earshot'
import { Type } from 'typebox'

export const Order = Type.Object({
  sku: Type.String({ minLength: 1 }),
  count: Type.Integer({ minimum: 1, maximum: 1_000 }),
  note: Type.Optional(Type.String()),
})
export const Receipt = Type.Object({ total: Type.Number(), by: Type.String() })

export const Shop = contract('test.shop', '1.2.0', {
  place: request(Order, Receipt),
  slow: request(Type.Object({ forMs: Type.Integer() }), Type.Object({ by: Type.String() })),
  cancel: notification(Type.Object({ id: Type.Integer() })),
  placed: event(Type.Object({ id: Type.Integer(), text: Type.String() })),
  raw: event(Bytes()),
  blob: notification(Bytes()),
})

/** Handlers that answer with the name of who serves. */
export const handlers = (by: string) => ({
  place: (order: { sku: string; count: number }) => ({ total: order.count * 2, by }),
  slow: async () => ({ by }),
  cancel: () => undefined,
  blob: () => undefined,
})

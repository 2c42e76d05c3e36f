// Owns the contract of the comparison: five messages that services really send, small to large.
// Never makes a value: values.ts does, with a fixed seed.

import { Bytes, contract, request } from 'earshot'
import { type Static, Type } from 'typebox'

const Whole = (maximum: number) => Type.Integer({ minimum: 0, maximum })
const Count = Whole(2_147_483_647)
const At = Type.Integer({ format: 'timestamp-millis' })

const Tiny = Type.Object({ sensor: Count, event: Type.String(), active: Type.Boolean() })

export const Tick = Type.Object({
  symbol: Type.String(),
  venue: Type.String(),
  at: At,
  sequence: Type.Integer({ minimum: 0 }),
  bid: Type.Number(),
  ask: Type.Number(),
  bidSize: Count,
  askSize: Count,
})

const Line = Type.Object({
  sku: Type.String(),
  title: Type.String(),
  quantity: Whole(10_000),
  unitPrice: Type.Number(),
  taxRate: Type.Number(),
})

const Address = Type.Object({
  name: Type.String(),
  street: Type.String(),
  city: Type.String(),
  postcode: Type.String(),
  country: Type.String(),
})

const Order = Type.Object({
  orderId: Type.String(),
  customerId: Count,
  channel: Type.String(),
  currency: Type.String(),
  placedAt: At,
  email: Type.String(),
  newCustomer: Type.Boolean(),
  shipTo: Address,
  billTo: Type.Optional(Address),
  lines: Type.Array(Line),
  tags: Type.Array(Type.String()),
  voucher: Type.Optional(Type.String()),
  subtotal: Type.Number(),
  shipping: Type.Number(),
  tax: Type.Number(),
  total: Type.Number(),
  note: Type.Optional(Type.String()),
})

const Telemetry = Type.Object({
  device: Type.String(),
  startedAt: At,
  intervalMs: Count,
  samples: Type.Array(Type.Number()),
})

const Text = Type.Object({
  id: Type.String(),
  language: Type.String(),
  revision: Count,
  text: Type.String(),
})

/** Each request is answered with the same message: a round trip encodes and decodes twice. */
export const Shapes = contract('bench.codecs', '1.0.0', {
  tiny: request(Tiny, Tiny),
  tick: request(Tick, Tick),
  order: request(Order, Order),
  telemetry: request(Telemetry, Telemetry),
  text: request(Text, Text),
})

/** XML is no codec of Earshot: its text travels as bytes, over the same links. */
export const Carrier = contract('bench.carrier', '1.0.0', { bytes: request(Bytes(), Bytes()) })

export interface Values {
  readonly tiny: Static<typeof Tiny>
  readonly tick: Static<typeof Tick>
  readonly order: Static<typeof Order>
  readonly telemetry: Static<typeof Telemetry>
  readonly text: Static<typeof Text>
}

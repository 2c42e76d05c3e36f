// Readings of sensors: many small events, and now and then a block of raw samples.
// Every kind of number that a shape knows is in it.

import { Bytes, contract, event, request } from 'earshot'
import { type Static, Type } from 'typebox'
import lock from './sensors.lock.json' with { type: 'json' }

export const Reading = Type.Object({
  sensor: Type.String({ maxLength: 40 }),
  at: Type.Integer({ format: 'timestamp-millis' }),
  sequence: Type.BigInt({ minimum: 0n }),
  value: Type.Number(),
  quality: Type.Integer({ minimum: 0, maximum: 100 }),
  celsius: Type.Optional(Type.Number({ format: 'float' })),
  battery: Type.Union([Type.Integer({ format: 'int32' }), Type.Null()]),
  state: Type.Enum(['ok', 'worn', 'broken'], { unknown: 'worn' }),
})
export type Reading = Static<typeof Reading>

export const Block = Type.Object({
  sensor: Type.String(),
  samples: Type.Array(Type.Number(), { maxItems: 4_096 }),
  trace: Bytes({ maxLength: 65_536 }),
})

export const Ask = Type.Object({ sensor: Type.String(), fromMs: Type.Integer({ minimum: 0 }) })
export const Readings = Type.Object({ readings: Type.Array(Reading) })

export const Sensors = contract(
  'lab.sensors',
  '1.0.0',
  {
    read: event(Reading, { key: 'sensor' }),
    block: event(Block),
    raw: event(Bytes()),
    history: request(Ask, Readings, { idempotent: true }),
  },
  { lock },
)

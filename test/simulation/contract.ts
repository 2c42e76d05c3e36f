// The contract of the storm: every kind of channel, every message with a number of its own.

import { contract, duplex, event, notification, request, scatter, stream } from 'earshot'
import { Type } from 'typebox'

const Done = Type.Object({ id: Type.Integer(), by: Type.String() })
const Work = Type.Object({
  id: Type.Integer(),
  /** How long it takes, ms. */
  forMs: Type.Integer(),
  fails: Type.Boolean(),
  pad: Type.String(),
})
const Note = Type.Object({ id: Type.Integer(), from: Type.String(), pad: Type.String() })
const Tick = Type.Object({
  from: Type.String(),
  n: Type.Integer(),
  key: Type.String(),
  /** Counted by key. */
  ofKey: Type.Integer(),
  pad: Type.String(),
})
const Count = Type.Object({ id: Type.Integer(), to: Type.Integer(), pad: Type.String() })
const Item = Type.Object({ id: Type.Integer(), n: Type.Integer(), pad: Type.String() })

export const Storm = contract('sim.storm', '1.0.0', {
  work: request(Work, Done),
  again: request(Work, Done, { idempotent: true }),
  note: notification(Note),
  shed: notification(Note, { overflow: 'drop-oldest' }),
  newest: notification(Note, { overflow: 'drop-newest' }),
  tick: event(Tick, { key: 'key' }),
  count: stream(Count, Item),
  echo: duplex(Item, Item),
  poll: scatter(Work, Done),
})

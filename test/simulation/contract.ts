// The contract of the storm: every kind of channel, every message with a number of its own.

import { contract, duplex, event, notification, request, scatter, stream } from 'earshot'
import { type Static, Type } from 'typebox'

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
export type Tick = Static<typeof Tick>
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

/** A text that only that number has: bytes that were written over show. */
export function padOf(id: number, length: number): string {
  return String.fromCharCode(97 + (id % 26)).repeat(length)
}

/** Why a pad is not that of the number; undefined when it is. */
export function padFault(id: number, pad: string): string | undefined {
  const wanted = padOf(id, pad.length)
  return pad === wanted ? undefined : `${pad.slice(0, 20)}… instead of ${wanted.slice(0, 20)}…`
}

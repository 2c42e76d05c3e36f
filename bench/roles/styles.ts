// Owns what the two sides of the component `styles` share: contracts, and a clock.

import { Bytes, contract, event, request, scatter, stream } from 'earshot'
import { Type } from 'typebox'

const Id = Type.Object({ id: Type.Integer() })

export const Styles = contract('bench.styles', '1.0.0', {
  echo: request(Bytes(), Bytes()),
  /** Answers when it is cancelled. */
  hang: request(Id, Id),
  items: stream(Id, Bytes()),
  sample: event(Bytes()),
})

export const Crowd = contract('bench.crowd', '1.0.0', {
  one: request(Bytes(), Bytes()),
  all: scatter(Bytes(), Bytes()),
})

/** µs of the monotonic clock that all processes of a host share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000
}

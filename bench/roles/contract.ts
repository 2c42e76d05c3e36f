// Owns the contract of the roles: opaque bytes and typed ticks, one way and published.

import { Bytes, contract, event, notification, request } from 'earshot'
import { Tick } from '../codecs/shapes.ts'

export const Suite = contract('bench.suite', '1.0.0', {
  item: notification(Bytes()),
  echo: request(Bytes(), Bytes()),
  sample: event(Bytes()),
  tick: event(Tick),
})

// Owns what the three services of the component `chain` and their load share: contracts, times, and
// a clock.

import { contract, request } from 'earshot'
import { type Static, Type } from 'typebox'

const Job = Type.Object({
  id: Type.Integer(),
  /** When whoever asked first stops waiting, by the clock below. */
  untilMs: Type.Number(),
})
const Done = Type.Object({ id: Type.Integer() })
export type Job = Static<typeof Job>
export type Done = Static<typeof Done>

const asked = () => ({ ask: request(Job, Done, { idempotent: true }) })

export const Front = contract('bench.front', '1.0.0', asked())
export const Middle = contract('bench.middle', '1.0.0', asked())
export const Back = contract('bench.back', '1.0.0', asked())

/** Works at once at the back, and how long one takes: 8 and 20 ms are 400 a second. */
export const SLOTS = 8
export const SERVICE_MS = 20
/** An answer that comes later is none to whoever asked. */
export const DEADLINE_MS = 1_000

/** The policies of the product, as they are when nobody says anything; or none of them. */
export type Manner = 'guarded' | 'naive'

/** Of one call and of one hop, as it is often written. */
const NAIVE_TIMEOUT_MS = 500
const NAIVE_TRIES = 3

const off = { retry: false, breaker: false, bulkhead: false } as const
export const naiveClient = { timeoutMs: NAIVE_TIMEOUT_MS, ...off }

/** At once, and whatever went wrong; no more once `untilMs` has passed, where it is known. */
export async function naively<T>(call: () => Promise<T>, untilMs = Infinity): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (tries === NAIVE_TRIES || nowMs() >= untilMs) throw error
    }
  }
}

/** ms of the monotonic clock that all processes of a host share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000
}

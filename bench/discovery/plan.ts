// Owns how often each thing is tried, and how long it is waited for. Never measures.

import type { Effort } from '../process/effort.ts'

export const LEFT_WITHIN_MS = 2_000
/** Who has come stays, so that it leaves at rest. */
export const STAY_MS = 1_000
/** On a machine that does other work, too, a hundred take their time. */
export const KNOWN_WITHIN_MS = 60_000
/** cote takes up to 9 s by design. */
const KILLED_WITHIN_MS = 10_000
const QUICK_KILLED_WITHIN_MS = 2_000
/** Questions are repeated after 0.15, 1, 3, 6, 12 s and so on: the first are over by then. */
const IDLE_AFTER_MS = 12_000
const QUICK_IDLE_AFTER_MS = 2_000
/** Moleculer announces itself every 30 s, and those who began together do so together. */
const IDLE_SECONDS = 30

export interface Plan {
  readonly visits: number
  readonly kills: number
  readonly killedWithinMs: number
  readonly peers: number
  readonly newcomers: number
  readonly idleAfterMs: number
  readonly idleSeconds: number
}

const fullPlan: Plan = {
  ...{ visits: 20, kills: 10, killedWithinMs: KILLED_WITHIN_MS },
  ...{ peers: 100, newcomers: 20, idleAfterMs: IDLE_AFTER_MS, idleSeconds: IDLE_SECONDS },
}
const quickPlan: Omit<Plan, 'idleSeconds'> = {
  ...{ visits: 2, kills: 1, killedWithinMs: QUICK_KILLED_WITHIN_MS },
  ...{ peers: 10, newcomers: 2, idleAfterMs: QUICK_IDLE_AFTER_MS },
}

export function planOf({ quick, idleSeconds }: Effort): Plan {
  return quick ? { ...quickPlan, idleSeconds } : fullPlan
}

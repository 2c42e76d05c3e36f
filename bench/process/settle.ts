// Owns the end of a run over publish and subscribe: single events until every gap has shown, then
// the question whether what was heard and what was missed is what was published, exactly.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Published } from '../roles/publish.ts'
import type { Heard } from '../roles/subscribe.ts'
import type { Role } from './parent.ts'

export interface Settled {
  readonly published: number
  /** All subscribers together. */
  readonly received: number
  readonly missed: number
  readonly subscribers: number
  /** For each subscriber: received + missed = published. */
  readonly exact: boolean
}

const STEP_MS = 50
const SETTLED_WITHIN_MS = 10_000

/** The publisher has stopped. */
export async function settle(
  publisher: Role,
  subscribers: readonly Role[],
  withinMs: number = SETTLED_WITHIN_MS,
): Promise<Settled> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const { published } = await publisher.ask<Published>('one')
    await sleep(STEP_MS)
    const heard = await Promise.all(subscribers.map((role) => role.ask<Heard>('mark')))
    const settled = settledOf(published, heard)
    if (settled.exact || performance.now() > endMs) return settled
  }
}

function settledOf(published: number, heard: readonly Heard[]): Settled {
  const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0)
  const each = heard.flatMap(({ received, missed }) =>
    received.map((count, index) => count + (missed[index] as number)),
  )
  return {
    published,
    received: sum(heard.map(({ received }) => sum(received))),
    missed: sum(heard.map(({ missed }) => sum(missed))),
    subscribers: each.length,
    exact: each.every((count) => count === published),
  }
}

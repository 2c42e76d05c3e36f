// Owns the component `policies`: what a call costs more with policies than without.

import { figureOf } from 'earshot/report'
import type { Effort, Progress } from '../process/effort.ts'
import { startRole } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { ToPolicies } from '../roles/policies.ts'
import { type PoliciesFigures, type PolicyRow, ROUNDS } from './figures.ts'

const roleModule = new URL('../roles/policies.js', import.meta.url)
const QUICK_ROUNDS = 11

export async function measurePolicies(
  { quick }: Effort,
  progress: Progress,
): Promise<PoliciesFigures> {
  progress('default, off, fallback and hedge in turns')
  const found = await withMeeting(async (meeting) => {
    const role = await startRole(roleModule, meeting)
    const rounds = quick ? QUICK_ROUNDS : ROUNDS
    return await role.ask<ToPolicies>('measure', rounds).finally(() => role.end())
  })
  const off = found.off ?? []
  const rows = Object.entries(found).map(([client, runs]): PolicyRow => {
    const more = runs.map((ns, round) => ns - (off[round] as number)).sort((a, b) => a - b)
    return { client, ns: figureOf(runs), moreNs: more[Math.floor(more.length / 2)] as number }
  })
  return { rows }
}

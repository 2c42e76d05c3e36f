// Owns announcing one record through several providers at once.
// Never retries: whoever holds the announcement decides what a failure means.

import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Announcement, Discovery, PeerRecord } from './provider.ts'

/**
 * Announces through each provider. What one of them cannot do does not keep the others from it.
 * @throws EARSHOT_DISCOVERY when all of them failed; of no providers that is not so.
 */
export async function announceThrough(
  providers: readonly Discovery[],
  record: PeerRecord,
): Promise<Announcement> {
  const { signal } = new AbortController()
  const tries = providers.map((provider) => provider.announce(record, { signal }))
  const settled = await Promise.allSettled(tries)
  const made = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const refusal = settled.find((one) => one.status === 'rejected')
  if (made.length === 0 && refusal) {
    const { message } = toEarshotError(refusal.reason, 'EARSHOT_DISCOVERY')
    const text = `no provider could announce ${record.name ?? record.id}: ${message}`
    throw new EarshotError('EARSHOT_DISCOVERY', text, { cause: refusal.reason })
  }
  return {
    update: async (change) => {
      await Promise.all(made.map((announcement) => announcement.update(change)))
    },
    withdraw: async () => {
      await Promise.all(made.map((announcement) => announcement.withdraw()))
    },
  }
}

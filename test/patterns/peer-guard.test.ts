// What an outcome says of the peer that it came from.

import { EarshotError } from 'earshot'
import { describe, expect, it } from 'vitest'
import type { Remote } from '../../src/mesh/remote.ts'
import { PeerGuard } from '../../src/patterns/peer-guard.ts'
import type { Breaker } from '../../src/resilience/breaker.ts'
import { Bulkhead } from '../../src/resilience/bulkhead.ts'

/** What the breaker of a guard hears of one call that ends in `error`. */
function outcomeOf(error: EarshotError): string {
  const heard: string[] = []
  const breaker = {
    begin: () => 1,
    end: (_ticket: number, _nowMs: number, _tookMs: number, failed: boolean) =>
      void heard.push(failed ? 'bad' : 'good'),
    abandon: () => void heard.push('unknown'),
  } as unknown as Breaker
  const guard = new PeerGuard({} as Remote, new Bulkhead(1, 'a test'), breaker, undefined)
  guard.failed(guard.begin(), 5, 5, 100, error)
  return heard.join()
}

describe('for the breaker of a peer', () => {
  it.each([
    ['a time-out is bad', 'bad', new EarshotError('EARSHOT_TIMEOUT', '')],
    ['a cancelled call says nothing', 'unknown', new EarshotError('EARSHOT_CANCELLED', '')],
    ['a lost peer is bad', 'bad', new EarshotError('EARSHOT_PEER_GONE', '')],
    ['a link that stays full is bad', 'bad', new EarshotError('EARSHOT_OVERLOADED', '')],
    [
      'a refusal for overload is an answer',
      'good',
      new EarshotError('EARSHOT_OVERLOADED', '', { data: { remote: { id: 'x' } } }),
    ],
    [
      'what came too late to be begun there is an answer',
      'good',
      new EarshotError('EARSHOT_DEADLINE', '', { data: { remote: { id: 'x' } } }),
    ],
    [
      'an answer that cannot be read is bad',
      'bad',
      new EarshotError('EARSHOT_BYTES_INVALID', '', { data: { remote: { id: 'x' } } }),
    ],
    [
      'a failed handler is an answer',
      'good',
      new EarshotError('EARSHOT_REMOTE', '', { data: { remote: { id: 'x' } } }),
    ],
    [
      'a declared error is an answer, whatever its data',
      'good',
      new EarshotError('EARSHOT_DECLARED', '', { name: 'Closed', data: { until: 7 } }),
    ],
  ])('%s', (_title, outcome, error) => {
    expect(outcomeOf(error)).toBe(outcome)
  })
})

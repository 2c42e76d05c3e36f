// What many peers cost a network while nobody comes or goes, counted packet by packet.

import { describe, expect, it } from 'vitest'
import { HeapClock } from '../../support/heap-clock.ts'
import { Ether } from './ether.ts'

/** Records of host and service live 120 s, and are asked for again at 80 % of it. */
const REFRESH_SECONDS = 0.8 * 120
const MEASURED_SECONDS = 96

function peersAtRest(count: number, overMs: number): Ether<HeapClock> {
  const ether = new Ether(new HeapClock())
  for (let at = 0; at < count; at++) {
    const host = ether.host()
    host.announce()
    host.browse()
    ether.clock.advance(overMs / count)
  }
  ether.clock.advance(200_000)
  ether.sent.length = 0
  ether.clock.advance(MEASURED_SECONDS * 1_000)
  return ether
}

describe('100 peers at rest', () => {
  // One by one is the worst: what runs out at the same moment is asked for together.
  it('that started one by one over 2 minutes send at most 2 packets a second in all', () => {
    const ether = peersAtRest(100, 120_000)
    const perSecond = ether.group().length / MEASURED_SECONDS
    const asks = ether.group(({ kind }) => kind === 'query').length
    console.info(`100 peers: ${perSecond.toFixed(2)} packets a second, ${asks} questions`)
    expect(perSecond).toBeLessThanOrEqual(2)
    // An answer each time that the records of a peer would run out, and few questions.
    expect(perSecond).toBeGreaterThanOrEqual(100 / REFRESH_SECONDS - 0.1)
    expect(asks / MEASURED_SECONDS).toBeLessThan(0.5)
    expect(ether.sent.filter(({ to }) => to)).toEqual([])
  }, 60_000)
})

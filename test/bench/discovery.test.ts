// What `discovery` shows of a system that gives up, and that it ends nothing else.

import { tableText } from 'earshot/report'
import { describe, expect, it } from 'vitest'
import { Attempts } from '../../bench/discovery/attempts.ts'
import {
  type CrowdFigures,
  type DiscoveryFigures,
  failuresOf,
  type PairFigures,
  timesOf,
} from '../../bench/discovery/figures.ts'
import { discoveryView } from '../../bench/discovery/view.ts'
import type { System } from '../../bench/roles/neighbours.ts'

const pairOf = (system: System, failed: string[], ...ms: number[]): PairFigures => {
  const times = timesOf(ms)
  return { system, newcomerKnows: times, runningSees: times, leave: times, killed: times, failed }
}

const crowdOf = (system: System, failed: string[], known: number, last?: number): CrowdFigures => ({
  ...{ system, peers: 100, failed, togetherMs: last, packetsPerPeer: 12 },
  knowsAll: timesOf(Array.from({ length: known }, (_, index) => 200 + index)),
  newcomerKnows: timesOf(failed.length > 0 ? [] : [26]),
  ...{ idlePacketsPerSecond: { toAll: 0.3, any: 120 }, idleCpuPercent: 0.02 },
})

const figures: DiscoveryFigures = {
  notMeasured: undefined,
  ...{ leftWithinMs: 2_000, killedWithinMs: 10_000, idleAfterMs: 12_000, idleSeconds: 30 },
  pairs: [
    pairOf('mdns', [], 3, 5),
    pairOf('cote', ['visits: a newcomer knew 0 of 1 in 60 s'], 240, 250),
    pairOf('moleculer', ['start: it ended with 1']),
  ],
  crowds: [
    crowdOf('mdns', [], 100, 400),
    crowdOf('moleculer', ['together: 40 of 100 knew all within 60 s'], 40),
  ],
}

describe('a system that gives up', () => {
  const { parts, findings } = discoveryView(figures)
  const rows = parts.map(({ table }) => table.rows.map(({ head, cells }) => [head, ...cells]))

  it('keeps what was measured of it, with its count, and the rows of others', () => {
    expect(rows[0]?.[0]).toEqual([
      'Earshot mDNS',
      '3.0 / 5.0',
      '3.0 / 5.0',
      '3.0 / 5.0',
      '3.0 / 5.0',
    ])
    expect(rows[0]?.[1]?.slice(0, 2)).toEqual(['cote', '240 / 250 (2)'])
    expect(rows[0]?.[2]).toEqual(['Moleculer', ...Array.from({ length: 4 }, () => 'gave up')])
    expect(rows[1]?.[1]?.slice(0, 4)).toEqual(['Moleculer', '40 of 100', '12.0', 'gave up'])
    for (const { table } of parts) {
      for (const line of tableText(table).split('\n')) {
        expect([...line].length, line).toBeLessThanOrEqual(80)
      }
    }
  })

  it('says why, for each thing that failed', () => {
    expect(findings.filter((one) => one.includes('gave up at'))).toEqual([
      'cote gave up at visits: a newcomer knew 0 of 1 in 60 s.',
      'Moleculer gave up at start: it ended with 1.',
      'Moleculer gave up at together: 40 of 100 knew all within 60 s.',
    ])
  })

  it('fails the run when it is ours, and not when it is another', () => {
    expect(failuresOf(figures)).toEqual([])
    const ours = pairOf('peer', ['SIGKILL: a newcomer was not seen in 60 s'], 12)
    expect(failuresOf({ ...figures, pairs: [ours] })).toEqual([
      'discovery: peer, SIGKILL: a newcomer was not seen in 60 s',
    ])
  })
})

describe('an attempt', () => {
  it('that rejects is noted with its reason, and the next goes on', async () => {
    const attempts = new Attempts()
    expect(await attempts.at('visits', () => Promise.reject(new Error('nobody came')))).toBe(false)
    expect(await attempts.at('SIGKILL', () => Promise.resolve())).toBe(true)
    expect(attempts.failed).toEqual(['visits: nobody came'])
  })
})

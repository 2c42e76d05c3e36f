import { createVirtualClock } from 'earshot/testing'
import { expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { createCounters } from '../../src/mesh/counters.ts'
import { StrangerFaults } from '../../src/mesh/stranger-faults.ts'
import { faults } from '../support/peers.ts'

it('a flood of strangers is counted to the last, and told by its number', async () => {
  const told = faults()
  const [clock, counters] = [createVirtualClock(), createCounters()]
  const strangers = new StrangerFaults(clock, counters, resolveLimits({ maxStrangerFaults: 3 }))
  for (let count = 0; count < 5_000; count++) strangers.refused(`stranger ${count}`)
  strangers.malformed('door', 'no envelope')
  expect(told.map(({ text }) => text)).toEqual(['stranger 0', 'stranger 1', 'stranger 2'])
  await clock.advance(1_000)
  expect(told.at(-1)?.text).toMatch(/^4998 more like that within a second were not told/)
  expect(counters).toMatchObject({ strangersRefused: 5_000, badFrames: 1 })
  // A second later the next is told as ever, and nothing is summed up where nothing was held back.
  strangers.malformed('door', 'no envelope')
  await clock.advance(2_000)
  expect(told).toHaveLength(5)
  expect(told.at(-1)).toMatchObject({ text: 'at the door: no envelope' })
  strangers.close()
})

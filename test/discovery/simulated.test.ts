// The board of a simulated world as a discovery provider, in real time.

import { systemClock } from '../../src/base/clock.ts'
import { createChance } from '../../src/testing/chance.ts'
import { DiscoveryBoard } from '../../src/testing/simulated-discovery.ts'
import { conformsToDiscovery } from './conformance.ts'

conformsToDiscovery({
  name: 'simulated',
  announces: true,
  open: () => {
    const board = new DiscoveryBoard(systemClock, createChance(1))
    return { create: () => board.provider(), cleanUp: () => undefined }
  },
})

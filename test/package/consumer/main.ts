// A user's program: it knows the package by its name alone. The last line it prints is reported.

import * as earshot from 'earshot'
import { createVirtualClock, type VirtualClock } from 'earshot/testing'

const clock: VirtualClock = createVirtualClock(1_000)
let fired = false
clock.after(500, () => {
  fired = true
})
await clock.advance(500)
if (!fired || clock.nowMs() !== 1_500) throw new Error('the virtual clock does not keep time')

console.log(`${Object.keys(earshot).length} names in the main entry`)

// What a process is left with of the peers that it has closed.

import { describe, expect, it } from 'vitest'
import { randomMesh } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('skipped: descriptors and threads are counted in /proc')

describe.runIf(isLinux)('200 peers opened and closed one after another', () => {
  it('leave no descriptor and no thread behind', async () => {
    const one = await startProcess('in-turn.js', [randomMesh()])
    const first = await one.ask({ count: 2 }, 'opened')
    const last = await one.ask({ count: 198 }, 'opened')
    // Where one lingers a second context is made, of 5 descriptors and 2 threads; not 198 of them.
    expect(last.descriptors).toBeLessThanOrEqual((first.descriptors as number) + 15)
    expect(last.threads).toBeLessThanOrEqual((first.threads as number) + 6)
    expect(one.errors()).toBe('')
  })
})

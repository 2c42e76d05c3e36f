// A process that has no descriptor left: what it cannot open now it opens later.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { randomMesh, testPeer, until } from '../support/peers.ts'
import { startProcess } from '../support/processes.ts'

describe('a peer whose process runs out of descriptors', () => {
  it('lives, keeps its links, says what it could not read, and finds others again', async () => {
    const mesh = randomMesh()
    const before = await testPeer({ name: 'before', mesh })
    const one = await startProcess('exhausted.js', [mesh], { descriptors: 256 })
    const known = async () => (await one.ask({ do: 'peers' }, 'peers')).names as string[]
    await until('it is known', () => before.peers().length === 1)
    await until('it knows', async () => (await known()).length === 1)
    // Whoever dials a process over ipc that has none left ends it: native-notes.md. Attempts that
    // were slower than others, and the second look for leftovers, are over by then.
    await sleep(3_000)
    const { code, count } = await one.ask({ do: 'take' }, 'taken')
    expect(code).toBe('EMFILE')
    expect(count).toBeGreaterThan(20)
    // Longer than the interfaces and the directory are left alone.
    await sleep(2_300)
    expect(await known()).toEqual(['before'])
    const { faults } = await one.ask({ do: 'give' }, 'given')
    expect(faults).toContainEqual(expect.stringMatching(/cannot read the interfaces/))
    await testPeer({ name: 'behind', mesh })
    await until('it finds who comes later', async () => (await known()).includes('behind'))
    expect(one.errors()).toBe('')
  })
})

// A list of keys that goes wrong, or elsewhere, while links are up: nobody stays in for that.

import { appendFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { staticPeers } from 'earshot'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Keys, keysOf, knows, type Name } from '../support/keys.ts'
import { testPeer, until } from '../support/peers.ts'

function joinAs(keys: Keys, name: Name, list = keys.list) {
  return testPeer({ name, mesh: keys.mesh, security: keys.security(name, list) })
}

describe('a list that goes wrong while links are up', () => {
  it.each<[string, (keys: Keys) => void]>([
    ['is emptied', ({ list }) => writeFileSync(list, '')],
    [
      'ends in the middle of a key',
      ({ list, text }) => {
        writeFileSync(list, text({ server: '', other: '' }).join('').slice(0, -40))
      },
    ],
    [
      'is a directory now',
      ({ list }) => {
        renameSync(list, `${list}.old`)
        mkdirSync(list)
      },
    ],
    [
      'is a link that leads to itself',
      ({ list }) => {
        renameSync(list, `${list}.old`)
        symlinkSync(list, list)
      },
    ],
    [
      'is a link to a list without the key',
      ({ list, folder, text }) => {
        writeFileSync(join(folder, 'short'), text({ server: '' }).join(''))
        renameSync(list, `${list}.old`)
        symlinkSync('short', list)
      },
    ],
    ['is gone with its directory', ({ folder }) => renameSync(folder, `${folder}.gone`)],
    ['is 3 MB of keys', ({ list }) => appendFileSync(list, '#'.repeat(3_000_000))],
  ])('and %s: who was let in is cut off', async (_what, change) => {
    const keys = keysOf()
    const [server, caller] = [await joinAs(keys, 'server'), await joinAs(keys, 'caller')]
    await knows(caller, server)
    await knows(server, caller)
    change(keys)
    await until(
      'they are cut off',
      () => server.peers().length + caller.peers().length === 0,
      5_000,
    )
  })

  it('follows a link that is led to another list, both ways', async () => {
    const keys = keysOf()
    const lead = (to: string) => {
      symlinkSync(to, join(keys.folder, 'next'))
      renameSync(join(keys.folder, 'next'), join(keys.folder, 'current'))
    }
    writeFileSync(join(keys.folder, 'few'), keys.text({ server: '', other: '' }).join(''))
    lead('earshot.allow')
    const current = join(keys.folder, 'current')
    const [server, caller] = [await joinAs(keys, 'server', current), await joinAs(keys, 'caller')]
    await knows(server, caller)
    lead('few')
    await until('it is cut off', () => server.peers().length === 0, 5_000)
    lead('earshot.allow')
    await knows(server, caller)
  })

  it('and never comes to rest: it is read within a second all the same', async () => {
    const keys = keysOf()
    const [server, caller] = [await joinAs(keys, 'server'), await joinAs(keys, 'caller')]
    await knows(server, caller)
    keys.admit({ server: '', other: '' })
    const writing = setInterval(() => appendFileSync(keys.list, '# still writing\n'), 20)
    onTestFinished(() => clearInterval(writing))
    const fromMs = performance.now()
    await until('it is cut off', () => server.peers().length === 0, 5_000)
    expect(performance.now() - fromMs).toBeLessThan(2_500)
  })
})

it('a list that changes adds no link to a peer that was found by its address', async () => {
  const keys = keysOf()
  const server = await joinAs(keys, 'server')
  const address = server.endpoints.inbox.find((at) => at.startsWith('tcp:')) as string
  const security = keys.security('caller')
  const discovery = [staticPeers([address])]
  const caller = await testPeer({ name: 'caller', mesh: keys.mesh, security, discovery })
  await knows(caller, server)
  for (const role of ['first', 'second', 'third']) {
    keys.admit({ server: role, caller: 'web', other: '' })
    await until('the list was read', () => caller.peers()[0]?.roles[0] === role)
  }
  expect([caller.stats().links.length, server.stats().links.length]).toEqual([1, 1])
})

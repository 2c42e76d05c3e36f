// Fault 18: multicast is blocked, or the mDNS daemon of a host is killed, while peers are linked.
// Needs root, `ip netns`, nft and Avahi, and says so where it cannot run.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../discovery/support.ts'
import { missingForAvahi } from '../support/avahi.ts'
import { startIn } from '../support/found-peers.ts'
import { ip, mayMakeNamespaces } from '../support/networks.ts'
import { type TwoHosts, withTwoHosts } from '../support/two-hosts.ts'

const missing = mayMakeNamespaces() ? missingForAvahi() : ['root and `ip netns`']
if (spawnSync('nft', ['--version']).error) missing.push('nft')
const isAble = missing.length === 0
if (!isAble) console.warn(`skipped: fault 18 needs ${missing.join(', ')}`)

/** Longer than a dead peer may stay unnoticed. */
const STAYS_MS = 4_000
const FOUND_WITHIN_MS = 15_000
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))

function blockMulticast({ here, there }: TwoHosts): void {
  for (const host of [here, there]) {
    const nft = (...words: string[]) => ip('netns', 'exec', host, 'nft', ...words)
    nft('add', 'table', 'inet', 't')
    for (const hook of ['input', 'output']) {
      nft('add', 'chain', 'inet', 't', hook, `{ type filter hook ${hook} priority 0; }`)
      nft('add', 'rule', 'inet', 't', hook, 'ip', 'daddr', '224.0.0.251', 'drop')
      nft('add', 'rule', 'inet', 't', hook, 'ip6', 'daddr', 'ff02::fb', 'drop')
    }
  }
}

function hostDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'es-18-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

describe.skipIf(!isAble)('while peers of two hosts are linked', () => {
  const hosts = withTwoHosts()
  const discovery = ['directory', 'mdns', 'gossip'] as const

  it.each([
    ['multicast is blocked by a firewall', false, blockMulticast],
    ['the mDNS daemon beside one is killed', true, ({ avahi }: TwoHosts) => avahi.stop()],
  ])('and %s, links stay, and newcomers are found', async (_what, hasDaemon, fails) => {
    const { here, there, mesh } = hosts
    for (const host of [here, there]) ip('-n', host, 'link', 'set', 'lo', 'up')
    if (hasDaemon) await hosts.avahi.start()
    const [mine, yours] = [hostDirectory(), hostDirectory()]
    const near = startIn(here, { name: 'near', mesh, discovery, directory: mine })
    const far = startIn(there, { name: 'far', mesh, discovery, directory: yours })
    const areLinked = () => near.knows.includes('far') && far.knows.includes('near')
    await eventually(areLinked, FOUND_WITHIN_MS)
    await fails(hosts)
    // By the directory on its own host, by gossip on the other.
    const late = startIn(here, { name: 'late', mesh, discovery, directory: mine })
    const all = [near, far, late]
    await eventually(() => all.every(({ knows }) => knows.length === 2), FOUND_WITHIN_MS)
    await sleep(STAYS_MS)
    expect(all.map(({ knows }) => knows)).toEqual([
      ['far', 'late'],
      ['late', 'near'],
      ['far', 'near'],
    ])
    expect(all.flatMap(({ lost }) => lost)).toEqual([])
  })
})

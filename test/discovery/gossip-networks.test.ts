// Two networks and one peer with a foot in both, in namespaces; needs root and `ip netns`.

import { spawnSync } from 'node:child_process'
import { expect, it, onTestFinished } from 'vitest'
import { startIn } from '../support/found-peers.ts'
import { ip, mayMakeNamespaces, prefix } from '../support/networks.ts'
import { eventually, randomMesh } from './support.ts'

const isAble = mayMakeNamespaces()
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')
const hub = `${prefix}hub`

/** Two bridges in the hub, which passes packets on between them, but no multicast. */
function makeNetworks(): void {
  const inHub = (...words: string[]) => ip('-n', hub, ...words)
  ip('netns', 'add', hub)
  inHub('link', 'set', 'lo', 'up')
  ip('netns', 'exec', hub, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
  for (const side of [1, 2]) {
    inHub('link', 'add', `br${side}`, 'type', 'bridge')
    inHub('addr', 'add', `10.7${side}.0.254/24`, 'dev', `br${side}`)
    inHub('link', 'set', `br${side}`, 'up')
    for (const seat of [1, 2]) {
      const host = `${prefix}${side}${seat}`
      const port = `p${side}${seat}`
      ip('netns', 'add', host)
      ip('link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', port, 'netns', hub)
      inHub('link', 'set', port, 'master', `br${side}`, 'up')
      ip('-n', host, 'addr', 'add', `10.7${side}.0.${seat}/24`, 'dev', 'eth0')
      ip('-n', host, 'link', 'set', 'lo', 'up')
      ip('-n', host, 'link', 'set', 'eth0', 'up')
      ip('-n', host, 'route', 'add', 'default', 'via', `10.7${side}.0.254`)
    }
  }
  onTestFinished(() => {
    for (const name of [hub, ...['11', '12', '21', '22'].map((one) => prefix + one)]) {
      spawnSync('ip', ['netns', 'del', name])
    }
  })
}

const hosts = { a: '11', b: '12', c: '21', d: '22' }

it.skipIf(!isAble).each([
  ['all find each other by gossip', ['mdns', 'gossip'] as const, 4],
  ['nobody finds the other network without', ['mdns'] as const, 2],
])(
  'across two networks with one peer in both, %s',
  async (_what, discovery, most) => {
    makeNetworks()
    const mesh = randomMesh()
    const ends = Object.entries(hosts).map(([name, seat]) =>
      startIn(`${prefix}${seat}`, { name, mesh, discovery }),
    )
    const middle = startIn(hub, { name: 'middle', mesh, discovery })
    await eventually(() => middle.knows.length === 4, 30_000)
    await eventually(() => ends.every(({ knows }) => knows.length === most), 30_000)
    for (const { knows } of ends) expect(knows).toContain('middle')
  },
  90_000,
)

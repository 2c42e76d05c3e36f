// Two networks and one peer with a foot in both, in namespaces; needs root and `ip netns`.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { ip, mayMakeNamespaces, prefix } from './mdns/networks.ts'
import { eventually, randomMesh } from './support.ts'

const isAble = mayMakeNamespaces()
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')
const fixture = join(import.meta.dirname, 'fixture/gossiper.js')
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

function start(namespace: string, job: object) {
  const words = ['netns', 'exec', namespace, process.execPath, fixture, JSON.stringify(job)]
  const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const state = { started: false, knows: [] as string[] }
  createInterface({ input: child.stdout }).on('line', (line) => {
    Object.assign(state, JSON.parse(line))
  })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return state
}

const hosts = { a: '11', b: '12', c: '21', d: '22' }

it.skipIf(!isAble).each([
  ['all find each other by gossip', true, 4],
  ['nobody finds the other network without', false, 2],
])(
  'across two networks with one peer in both, %s',
  async (_what, gossips, most) => {
    makeNetworks()
    const mesh = randomMesh()
    const ends = Object.entries(hosts).map(([name, seat]) =>
      start(`${prefix}${seat}`, { name, mesh, gossips }),
    )
    const middle = start(hub, { name: 'middle', mesh, gossips })
    await eventually(() => middle.knows.length === 4, 30_000)
    await eventually(() => ends.every(({ knows }) => knows.length === most), 30_000)
    for (const { knows } of ends) expect(knows).toContain('middle')
  },
  90_000,
)

// Peers that reach each other's inboxes at most: behind a firewall with one port open, or behind a
// router that lets nobody in. Needs root, `ip netns` and nft, and says so without them.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../discovery/support.ts'
import { type FoundPeer, startIn, statsOf } from '../support/found-peers.ts'
import { addBridge, ip, joinBridge, mayMakeNamespaces, prefix } from '../support/networks.ts'
import { randomMesh } from '../support/peers.ts'

const isAble = mayMakeNamespaces() && spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: firewalls need root, iproute2 and nft')

const WITHIN_MS = 20_000
const PORT = 7_000
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))
const [hub, a, b] = [`${prefix}fh`, `${prefix}fa`, `${prefix}fb`]

function hosts(): void {
  for (const name of [hub, a, b]) {
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
  }
  onTestFinished(() => {
    for (const name of [hub, a, b]) spawnSync('ip', ['netns', 'del', name])
  })
}

function start(inside: string, name: string, mesh: string, more: object): FoundPeer {
  const directory = mkdtempSync(join(tmpdir(), 'es-f-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const job = { name, mesh, directory, machine: name, discovery: ['mdns'], ...more }
  return startIn(inside, job)
}

function nft(host: string, ...words: string[]): void {
  ip('netns', 'exec', host, 'nft', ...words)
}

/** Of the ports of a peer of ours, all but its inbox are closed. */
function closeOutlet(host: string, how: 'drop' | 'reject'): void {
  nft(host, 'add', 'table', 'inet', 't')
  nft(host, 'add', 'chain', 'inet', 't', 'in', '{ type filter hook input priority 0; }')
  const verdict = how === 'drop' ? ['drop'] : ['reject', 'with', 'tcp', 'reset']
  const others = ['iifname', 'e0', 'tcp', 'dport', `${PORT + 1}-${PORT + 2}`]
  nft(host, 'add', 'rule', 'inet', 't', 'in', ...others, ...verdict)
}

async function meet(one: FoundPeer, two: FoundPeer): Promise<void> {
  const told = () => [one.hears, one.answers, two.hears, two.answers].map((all) => all.join())
  const wanted = ['two', 'two', 'one', 'one'].join()
  await eventually(() => told().join() === wanted, WITHIN_MS).catch(() => undefined)
  expect(told().join()).toBe(wanted)
}

describe.skipIf(!isAble)('a peer whose inbox alone can be reached', () => {
  it.each(['drop', 'reject'] as const)('is heard by its link (%s)', async (how) => {
    hosts()
    addBridge(hub, 'lan')
    joinBridge(hub, 'lan', a, 'e0', '10.83.0.1/24')
    joinBridge(hub, 'lan', b, 'e0', '10.83.0.2/24')
    closeOutlet(a, how)
    const mesh = randomMesh()
    const one = start(a, 'one', mesh, { listen: { host: '10.83.0.1', port: PORT } })
    const two = start(b, 'two', mesh, {})
    await meet(one, two)
    // Nothing comes twice, and nothing is missed, when the port is opened while events flow.
    nft(a, 'delete', 'table', 'inet', 't')
    await sleep(6_000)
    const { counters } = await statsOf(two)
    expect([counters.eventsMissed, two.lost]).toEqual([0, []])
  })
})

describe.skipIf(!isAble)('a peer behind a router that lets nobody in', () => {
  it('hears and is heard by the link that it has opened', async () => {
    hosts()
    addBridge(hub, 'inside')
    addBridge(hub, 'outside')
    joinBridge(hub, 'inside', a, 'e0', '10.84.0.2/24')
    joinBridge(hub, 'outside', b, 'e0', '10.85.0.2/24')
    ip('-n', hub, 'addr', 'add', '10.84.0.1/24', 'dev', 'inside')
    ip('-n', hub, 'addr', 'add', '10.85.0.1/24', 'dev', 'outside')
    ip('-n', a, 'route', 'add', 'default', 'via', '10.84.0.1')
    ip('netns', 'exec', hub, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    nft(hub, 'add', 'table', 'ip', 't')
    nft(hub, 'add', 'chain', 'ip', 't', 'p', '{ type nat hook postrouting priority 100; }')
    nft(hub, 'add', 'rule', 'ip', 't', 'p', 'oifname', 'outside', 'masquerade')
    const mesh = randomMesh()
    const two = start(b, 'two', mesh, { listen: { host: '10.85.0.2', port: PORT } })
    const seed = [`tcp://10.85.0.2:${PORT}`]
    const one = start(a, 'one', mesh, { discovery: seed })
    await meet(one, two)
    expect([one.lost, two.lost]).toEqual([[], []])
  })
})

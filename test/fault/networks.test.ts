// Whole peers in networks as they are found outside: a link that comes up late or flaps, no IPv4,
// no loopback, two bridges, no default route. Needs root and `ip netns`, and says so without them.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../discovery/support.ts'
import { type FoundPeer, startIn } from '../support/found-peers.ts'
import {
  addBridge,
  ip,
  joinBridge,
  joinNamespaces,
  mayMakeNamespaces,
  prefix,
  raiseLink,
} from '../support/networks.ts'
import { randomMesh } from '../support/peers.ts'

const isAble = mayMakeNamespaces()
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')

const WITHIN_MS = 20_000
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs))
const [a, b] = [`${prefix}na`, `${prefix}nb`]

function hosts(...names: string[]): void {
  for (const name of names) ip('netns', 'add', name)
  onTestFinished(() => {
    for (const name of names) spawnSync('ip', ['netns', 'del', name])
  })
}

/** Two hosts have two directories, though they share our disk. */
function start(inside: string, name: string, mesh: string, more: object = {}): FoundPeer {
  const directory = mkdtempSync(join(tmpdir(), 'es-n-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return startIn(inside, { name, mesh, directory, discovery: ['directory', 'mdns'], ...more })
}

/** Each knows, hears and has an answer from exactly these. */
async function meet(peer: FoundPeer, ...others: string[]): Promise<void> {
  const is = (names: readonly string[]) => names.join() === others.join()
  const told = () => [peer.knows, peer.hears, peer.answers]
  await eventually(() => told().every(is), WITHIN_MS).catch(() => undefined)
  expect(told()).toEqual([others, others, others])
}

function linkIsUp(host: string): boolean {
  const tentative = ip('-n', host, '-6', 'addr', 'show', 'scope', 'link', 'tentative').toString()
  return tentative === '' && ip('-n', host, '-6', 'addr', 'show', 'scope', 'link').length > 0
}

describe.skipIf(!isAble)('peers that listen on the LAN', () => {
  it('speak with each other over a link that comes up behind their start', async () => {
    hosts(a, b)
    joinNamespaces(a, b)
    const mesh = randomMesh()
    const [one, two] = [start(a, 'one', mesh), start(b, 'two', mesh)]
    // Loopback is down as well: nothing can be dialled here, and nobody is let in for that.
    await eventually(() => Boolean(one.started && two.started), WITHIN_MS)
    raiseLink(a, b)
    await Promise.all([meet(one, 'two'), meet(two, 'one')])
    expect([one.lost, two.lost]).toEqual([[], []])
  })

  it('speak with each other where there is no IPv4 address at all', async () => {
    hosts(a, b)
    joinNamespaces(a, b)
    for (const [host, end] of [[a, 'x'] as const, [b, 'y'] as const]) {
      ip('-n', host, 'link', 'set', 'lo', 'up')
      ip('-n', host, 'addr', 'del', '127.0.0.1/8', 'dev', 'lo')
      ip('-n', host, 'addr', 'flush', 'dev', `${prefix}${end}`)
    }
    raiseLink(a, b)
    await eventually(() => linkIsUp(a) && linkIsUp(b), WITHIN_MS)
    const mesh = randomMesh()
    const [one, two] = [start(a, 'one', mesh), start(b, 'two', mesh)]
    // By default a peer listens on loopback, of the family that is there.
    const near = start(a, 'near', randomMesh(), { listen: 'host' })
    await eventually(() => Boolean(near.started), WITHIN_MS)
    await Promise.all([meet(one, 'two'), meet(two, 'one')])
  })

  it('hear each other again after a link that flaps for a moment, or for long', async () => {
    hosts(a, b)
    joinNamespaces(a, b)
    raiseLink(a, b)
    const mesh = randomMesh()
    const [one, two] = [start(a, 'one', mesh), start(b, 'two', mesh)]
    await Promise.all([meet(one, 'two'), meet(two, 'one')])
    const flap = async (forMs: number) => {
      ip('-n', b, 'link', 'set', `${prefix}y`, 'down')
      await sleep(forMs)
      ip('-n', b, 'link', 'set', `${prefix}y`, 'up')
    }
    await flap(500)
    await sleep(1_500)
    expect([one.lost, two.lost]).toEqual([[], []])
    await flap(6_000)
    await eventually(() => one.lost.length + two.lost.length >= 2, WITHIN_MS)
    await Promise.all([meet(one, 'two'), meet(two, 'one')])
  })

  it('on two bridges speak with those of both, and with no others', async () => {
    const [hub, c] = [`${prefix}nh`, `${prefix}nc`]
    hosts(hub, a, b, c)
    for (const bridge of ['left', 'right']) addBridge(hub, bridge)
    joinBridge(hub, 'left', a, 'e0', '10.81.0.1/24')
    joinBridge(hub, 'right', a, 'e1', '10.82.0.1/24')
    joinBridge(hub, 'left', b, 'e0', '10.81.0.2/24')
    joinBridge(hub, 'right', c, 'e0', '10.82.0.3/24')
    const mesh = randomMesh()
    const both = start(a, 'both', mesh)
    const [left, right] = [start(b, 'left', mesh), start(c, 'right', mesh)]
    await Promise.all([meet(both, 'left', 'right'), meet(left, 'both'), meet(right, 'both')])
  })
})

describe.skipIf(!isAble)('a peer that listens on one address', () => {
  it.each([
    ['of its link, with the zone of its interface', () => linkAddress(a, 'x')],
    ['of IPv6, as people write it', () => '[fd00:77::1]'],
  ])('%s, is found there', async (_which, address) => {
    hosts(a, b)
    joinNamespaces(a, b)
    for (const host of [a, b]) ip('-n', host, 'link', 'set', 'lo', 'up')
    ip('-n', a, 'addr', 'add', 'fd00:77::1/64', 'dev', `${prefix}x`, 'nodad')
    ip('-n', b, 'addr', 'add', 'fd00:77::2/64', 'dev', `${prefix}y`, 'nodad')
    raiseLink(a, b)
    await eventually(() => linkIsUp(a) && linkIsUp(b), WITHIN_MS)
    const mesh = randomMesh()
    const one = start(a, 'one', mesh, { listen: { host: address() } })
    const two = start(b, 'two', mesh, { listen: { host: '::' } })
    await Promise.all([meet(one, 'two'), meet(two, 'one')])
  })
})

function linkAddress(host: string, end: string): string {
  const [, address] = /inet6 (fe80:[0-9a-f:]+)\//.exec(
    ip('-n', host, '-6', 'addr', 'show', 'dev', `${prefix}${end}`).toString(),
  ) as unknown as [string, string]
  return `${address}%${prefix}${end}`
}

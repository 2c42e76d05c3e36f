// Owns the tests on networks that we make ourselves: only loopback, no default route, links that
// come and go. They need root and `ip netns`, and say so where they cannot run.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  compilePeer,
  ip,
  joinNamespaces,
  type Line,
  mayMakeNamespaces,
  PeerProcess,
  prefix,
  raiseLink,
} from '../../support/networks.ts'
import { eventually, randomMesh } from '../support.ts'

const isAble = mayMakeNamespaces()
const hasNft = spawnSync('nft', ['--version']).status === 0
if (!isAble) console.warn('skipped: network namespaces need root and `ip netns` (iproute2)')

/** Drops IPv4 multicast DNS on its way in or out; hands back how to call `nft` there. */
function dropMulticast(namespace: string, hook: 'input' | 'output') {
  const nft = (...args: string[]) => ip('netns', 'exec', namespace, 'nft', ...args)
  nft('add', 'table', 'ip', 't')
  nft('add', 'chain', 'ip', 't', 'c', `{ type filter hook ${hook} priority 0; }`)
  nft('add', 'rule', 'ip', 't', 'c', 'ip', 'daddr', '224.0.0.251', 'drop')
  return nft
}

describe.skipIf(!isAble)('mDNS in networks of its own', () => {
  let out: string
  let mesh: string
  const a = `${prefix}a`
  const b = `${prefix}b`
  let peers: PeerProcess[] = []
  const start = (namespace: string, env: Record<string, string> = {}) => {
    const peer = new PeerProcess(out, namespace, { mesh, ...env })
    peers.push(peer)
    return peer
  }
  const joined = () => joinNamespaces(a, b)
  const raise = () => raiseLink(a, b)

  beforeAll(() => {
    out = compilePeer()
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.end()))
    peers = []
    for (const name of [a, b]) spawnSync('ip', ['netns', 'del', name])
  })
  const make = (...names: string[]) => {
    mesh = randomMesh()
    for (const name of names) ip('netns', 'add', name)
  }

  it('finds peers where only loopback exists, and counts each bad packet exactly', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const one = start(a, { port: '4001' })
    await one.until('synced')
    const other = start(a, { port: '4002' })
    expect(await other.until('up')).toMatchObject({
      peer: { id: one.id, inbox: ['tcp://127.0.0.1:4001'] },
    })
    expect(await one.until('up')).toMatchObject({ peer: { id: other.id } })
    other.tell('noise 240')
    const count = async () => {
      one.tell('stats')
      return (await one.until('stats')).malformed as number
    }
    let malformed = 0
    for (let i = 0; i < 100 && malformed < 240; i++) malformed = await count()
    expect(malformed).toBe(240)
    other.tell('leave')
    expect(await one.until('down')).toMatchObject({ id: other.id, reason: 'goodbye' })
    await eventually(() => other.process.exitCode === 0)
    expect(one.lines.filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('says what is missing while loopback is down, and works when it comes up', async () => {
    make(a)
    const one = start(a, { port: '4001' })
    const other = start(a, { port: '4002' })
    expect((await one.until('fault')).message).toMatch(/no interface.*ip link set lo up/)
    await other.until('synced')
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const startMs = performance.now()
    await Promise.all([one.until('up'), other.until('up')])
    expect(performance.now() - startMs).toBeLessThan(3_000)
  })

  it('finds peers over a link without a default route, and hears their goodbye', async () => {
    make(a, b)
    joined()
    raise()
    const one = start(a, { scope: 'lan', host: '10.77.0.1', port: '4001' })
    await one.until('synced')
    const other = start(b, { scope: 'lan', host: '10.77.0.2', port: '4002' })
    const { peer } = await other.until('up')
    expect(peer).toMatchObject({ id: one.id, inbox: ['tcp://10.77.0.1:4001'] })
    await one.until('up')
    other.tell('leave')
    expect(await one.until('down')).toMatchObject({ reason: 'goodbye' })
  })

  it('finds peers on a link that has IPv6 alone, by its link-local addresses', async () => {
    make(a, b)
    joined()
    for (const [name, end] of [[a, 'x'] as const, [b, 'y'] as const]) {
      ip('-n', name, 'addr', 'flush', 'dev', `${prefix}${end}`)
    }
    raise()
    const one = start(a, { scope: 'lan', host: '[::]', port: '4001' })
    const other = start(b, { scope: 'lan', host: '[::]', port: '4002' })
    const { peer } = await other.until('up')
    expect(peer).toMatchObject({ id: one.id })
    const [inbox] = (peer as { inbox: string[] }).inbox
    expect(inbox).toMatch(new RegExp(`^tcp://\\[fe80::[0-9a-f:]+%${prefix}y\\]:4001$`))
    await one.until('up')
    other.tell('leave')
    expect(await one.until('down')).toMatchObject({ id: other.id, reason: 'goodbye' })
    expect([...one.lines, ...other.lines].filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('is silent on a public address, says so, and speaks when told to', async () => {
    make(a, b)
    joined()
    ip('-n', a, 'addr', 'add', '203.0.113.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'add', '203.0.113.2/24', 'dev', `${prefix}y`)
    raise()
    const silent = start(a, { scope: 'lan', host: '203.0.113.1', port: '4001' })
    expect((await silent.until('note')).text).toMatch(/public address.*scope: \['203\.0\.113\.1'\]/)
    const told = start(a, { scope: '203.0.113.1', host: '203.0.113.1', port: '4002' })
    await told.until('synced')
    const other = start(b, { scope: '203.0.113.2', host: '203.0.113.2', port: '4003' })
    expect(await other.until('up')).toMatchObject({ peer: { id: told.id } })
    await told.until('up')
    expect(other.lines.filter(({ type }) => type === 'up')).toEqual([])
    expect(silent.lines.filter(({ type }) => type === 'up')).toEqual([])
  })

  it.skipIf(!hasNft)('finds peers by IPv6 where IPv4 multicast does not come through', async () => {
    make(a, b)
    joined()
    for (const name of [a, b]) dropMulticast(name, 'input')
    raise()
    const one = start(a, { scope: 'lan', host: '10.77.0.1', port: '4001' })
    const other = start(b, { scope: 'lan', host: '10.77.0.2', port: '4002' })
    const inbox = ['tcp://10.77.0.1:4001']
    expect(await other.until('up')).toMatchObject({ peer: { id: one.id, inbox } })
    await one.until('up')
  })

  it('finds peers on a link that comes up later, without a restart', async () => {
    make(a, b)
    joined()
    const one = start(a, { scope: 'lan', host: '10.77.0.1' })
    const other = start(b, { scope: 'lan', host: '10.77.0.2' })
    await Promise.all([one.until('synced'), other.until('synced')])
    raise()
    const startMs = performance.now()
    await Promise.all([one.until('up'), other.until('up')])
    expect(performance.now() - startMs).toBeLessThan(6_000)
  })

  it('notices a new address, and drops what it knew over the old one', async () => {
    make(a, b)
    joined()
    raise()
    const one = start(a, { scope: 'lan', host: '10.77.0.1,10.78.0.1', port: '4001' })
    await one.until('started')
    const other = start(b, { scope: 'lan', host: '10.77.0.2,10.78.0.2', port: '4002' })
    await other.until('up')
    ip('-n', a, 'addr', 'add', '10.78.0.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'add', '10.78.0.2/24', 'dev', `${prefix}y`)
    ip('-n', a, 'addr', 'del', '10.77.0.1/24', 'dev', `${prefix}x`)
    ip('-n', b, 'addr', 'del', '10.77.0.2/24', 'dev', `${prefix}y`)
    const fits = ({ peer }: Line) =>
      JSON.stringify((peer as { inbox: string[] }).inbox) === '["tcp://10.78.0.1:4001"]'
    await Promise.race([other.until('up', fits), other.until('change', fits)])
  })

  it.skipIf(!hasNft)('says that a firewall is in the way, and works when it is gone', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const nft = dropMulticast(a, 'output')
    const one = start(a, { port: '4001' })
    expect((await one.until('fault')).message).toMatch(/lo \(127\.0\.0\.1\).*EPERM.*firewall/)
    nft('delete', 'table', 'ip', 't')
    const other = start(a, { port: '4002' })
    await Promise.all([one.until('up'), other.until('up')])
  })

  it('does not die of a peer that is killed, and finds its successor', async () => {
    make(a)
    ip('-n', a, 'link', 'set', 'lo', 'up')
    const one = start(a)
    await one.until('synced')
    const first = start(a, { port: '4002' })
    await one.until('up')
    await first.end()
    const second = start(a, { port: '4003' })
    expect(await one.until('up')).toMatchObject({ peer: { id: second.id } })
  })
})

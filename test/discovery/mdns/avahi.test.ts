// Owns the tests with a real Avahi, beside us on one host and across a link.
// They need root, `ip netns` and avahi-utils, and say so where they cannot run.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { meshHash } from '../../../src/discovery/mesh-hash.ts'
import { eventually, randomId, randomMesh } from '../support.ts'
import { Avahi, missingForAvahi } from './avahi.ts'
import {
  compilePeer,
  ip,
  joinNamespaces,
  type Line,
  mayMakeNamespaces,
  PeerProcess,
  prefix,
  raiseLink,
} from './networks.ts'

const missing = mayMakeNamespaces() ? missingForAvahi() : ['root and `ip netns`']
const isAble = missing.length === 0
if (!isAble)
  console.warn(`skipped: tests with Avahi need ${missing.join(', ')} (avahi-utils, dbus)`)

describe.skipIf(!isAble)('Earshot and a real Avahi', () => {
  const here = `${prefix}a`
  const there = `${prefix}b`
  let out: string
  let mesh: string
  let peers: PeerProcess[] = []
  let avahi: Avahi
  const start = (namespace: string, host: string, port: string) => {
    const peer = new PeerProcess(out, namespace, { mesh, scope: 'lan', host, port })
    peers.push(peer)
    return peer
  }
  const sees = (peer: PeerProcess) => async () => {
    const found = await avahi.browse('_earshot._tcp')
    return found.find(({ txt }) => txt.includes(`"id=${peer.id}"`))
  }

  beforeAll(() => {
    out = compilePeer()
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))
  beforeEach(() => {
    mesh = randomMesh()
    for (const name of [here, there]) ip('netns', 'add', name)
    joinNamespaces(here, there)
    raiseLink(here, there)
    avahi = new Avahi(here, [`${prefix}x`])
  })
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.end()))
    peers = []
    await avahi.stop()
    for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name])
  })

  it('shows a peer across a link in avahi-browse, with its TXT, until its goodbye', async () => {
    const peer = start(there, '10.77.0.2', '4002')
    await peer.until('synced')
    await avahi.start()
    expect(await sees(peer)()).toMatchObject({ address: '10.77.0.2', port: 4_002 })
    const seen = await sees(peer)()
    expect(seen?.txt.split(' ').reverse()).toContain('"txtvers=1"')
    expect(seen?.txt).toContain(`"m=${meshHash(mesh)}"`)
    expect(seen?.host).toBe(`es-${peer.id.slice(0, 16)}.local`)
    expect(await avahi.resolve(seen?.host ?? '')).toBe('10.77.0.2')
    const ofMesh = await avahi.browse(`_m-${meshHash(mesh)}._sub._earshot._tcp`)
    expect(ofMesh).toMatchObject([{ name: seen?.name }])
    peer.tell('leave')
    await eventually(() => peer.process.exitCode === 0)
    // Avahi keeps what said goodbye for another second. Source: RFC 6762, 10.1.
    for (let tries = 0; (await sees(peer)()) && tries < 20; tries++);
    expect(await sees(peer)()).toBeUndefined()
  })

  it.each(['before', 'after'])('shares port 5353 with an Avahi started %s it', async (order) => {
    if (order === 'before') await avahi.start()
    const beside = start(here, '10.77.0.1', '4001')
    await beside.until('synced')
    if (order === 'after') await avahi.start()
    const far = start(there, '10.77.0.2', '4002')
    expect(await far.until('up')).toMatchObject({ peer: { id: beside.id } })
    expect(await beside.until('up')).toMatchObject({ peer: { id: far.id } })
    expect(await sees(beside)()).toMatchObject({ address: '10.77.0.1', port: 4_001 })
    expect(await sees(far)()).toMatchObject({ address: '10.77.0.2', port: 4_002 })
    expect([...beside.lines, ...far.lines].filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('is seen by a peer when avahi-publish announces it, until that is killed', async () => {
    await avahi.start()
    const first = start(there, '10.77.0.2', '4002')
    await first.until('synced')
    const id = randomId()
    const txt = ['txtvers=1', `id=${id}`, 'ep=7', `m=${meshHash(mesh)}`, 'nm=Grüße & more']
    const subtype = `_m-${meshHash(mesh)}._sub._earshot._tcp`
    const service = avahi.publish('Grüße & more', 4_711, txt, subtype)
    const up = await first.until('up')
    expect(up).toMatchObject({ peer: { id, epoch: 7, name: 'Grüße & more' } })
    // Avahi tells the addresses of each family by itself, in any order.
    const isWhole = ({ peer }: Line) =>
      (peer as { inbox: string[] }).inbox.includes('tcp://10.77.0.1:4711')
    if (!isWhole(up)) await first.until('change', isWhole)
    // Who comes later is answered by Avahi alone, by unicast.
    const late = start(there, '10.77.0.2', '4003')
    expect(await late.until('up', (line) => (line.peer as { id: string }).id === id)).toBeDefined()
    service.kill('SIGKILL')
    expect(await first.until('down')).toMatchObject({ id, reason: 'goodbye' })
  })

  it('goes on finding peers when the daemon beside it is killed', async () => {
    await avahi.start()
    const beside = start(here, '10.77.0.1', '4001')
    await beside.until('synced')
    await avahi.stop()
    const far = start(there, '10.77.0.2', '4002')
    expect(await far.until('up')).toMatchObject({ peer: { id: beside.id } })
    expect(await beside.until('up')).toMatchObject({ peer: { id: far.id } })
  })
})

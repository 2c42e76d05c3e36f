// Owns the tests with a real Avahi, beside us on one host and across a link.
// They need root, `ip netns` and avahi-utils, and say so where they cannot run.

import { describe, expect, it, onTestFinished } from 'vitest'
import { meshHash } from '../../../src/discovery/mesh-hash.ts'
import { Avahi, missingForAvahi } from '../../support/avahi.ts'
import { type Line, mayMakeNamespaces, type PeerProcess, prefix } from '../../support/networks.ts'
import { withTwoHosts } from '../../support/two-hosts.ts'
import { eventually, randomId } from '../support.ts'

const missing = mayMakeNamespaces() ? missingForAvahi() : ['root and `ip netns`']
const isAble = missing.length === 0
if (!isAble)
  console.warn(`skipped: tests with Avahi need ${missing.join(', ')} (avahi-utils, dbus)`)

describe.skipIf(!isAble)('Earshot and a real Avahi', () => {
  const hosts = withTwoHosts()
  const { here, there, start } = hosts
  const sees = (peer: PeerProcess) => async () => {
    const found = await hosts.avahi.browse('_earshot._tcp')
    return found.find(({ txt }) => txt.includes(`"id=${peer.id}"`))
  }

  it('shows a peer across a link in avahi-browse, with its TXT, until its goodbye', async () => {
    const peer = start(there, '10.77.0.2', '4002')
    await peer.until('synced')
    await hosts.avahi.start()
    expect(await sees(peer)()).toMatchObject({ address: '10.77.0.2', port: 4_002 })
    const seen = await sees(peer)()
    expect(seen?.txt.split(' ').reverse()).toContain('"txtvers=1"')
    expect(seen?.txt).toContain(`"m=${meshHash(hosts.mesh)}"`)
    expect(seen?.host).toBe(`es-${peer.id.slice(0, 16)}.local`)
    expect(await hosts.avahi.resolve(seen?.host ?? '')).toBe('10.77.0.2')
    const ofMesh = await hosts.avahi.browse(`_m-${meshHash(hosts.mesh)}._sub._earshot._tcp`)
    expect(ofMesh).toMatchObject([{ name: seen?.name }])
    peer.tell('leave')
    await eventually(() => peer.process.exitCode === 0)
    // Avahi keeps what said goodbye for another second. Source: RFC 6762, 10.1.
    for (let tries = 0; (await sees(peer)()) && tries < 20; tries++);
    expect(await sees(peer)()).toBeUndefined()
  })

  it.each(['before', 'after'])('shares port 5353 with an Avahi started %s it', async (order) => {
    if (order === 'before') await hosts.avahi.start()
    const beside = start(here, '10.77.0.1', '4001')
    await beside.until('synced')
    if (order === 'after') await hosts.avahi.start()
    const far = start(there, '10.77.0.2', '4002')
    expect(await far.until('up')).toMatchObject({ peer: { id: beside.id } })
    expect(await beside.until('up')).toMatchObject({ peer: { id: far.id } })
    expect(await sees(beside)()).toMatchObject({ address: '10.77.0.1', port: 4_001 })
    expect(await sees(far)()).toMatchObject({ address: '10.77.0.2', port: 4_002 })
    expect([...beside.lines, ...far.lines].filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('is seen by a peer when avahi-publish announces it, until that is killed', async () => {
    await hosts.avahi.start()
    const first = start(there, '10.77.0.2', '4002')
    await first.until('synced')
    const id = randomId()
    const txt = ['txtvers=1', `id=${id}`, 'ep=7', `m=${meshHash(hosts.mesh)}`, 'nm=Grüße & more']
    const subtype = `_m-${meshHash(hosts.mesh)}._sub._earshot._tcp`
    const service = hosts.avahi.publish('Grüße & more', 4_711, txt, subtype)
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
    await hosts.avahi.start()
    const beside = start(here, '10.77.0.1', '4001')
    await beside.until('synced')
    await hosts.avahi.stop()
    const far = start(there, '10.77.0.2', '4002')
    expect(await far.until('up')).toMatchObject({ peer: { id: beside.id } })
    expect(await beside.until('up')).toMatchObject({ peer: { id: far.id } })
  })

  it('goes on beside a daemon that is restarted, and is seen by it anew', async () => {
    await hosts.avahi.start()
    const beside = start(here, '10.77.0.1', '4001')
    const far = start(there, '10.77.0.2', '4002')
    await Promise.all([beside.until('up'), far.until('up')])
    await hosts.avahi.stop()
    const again = new Avahi(here, [`${prefix}x`])
    onTestFinished(() => again.stop())
    await again.start()
    const seen = async () => {
      const found = await again.browse('_earshot._tcp')
      return found.map(({ address, port }) => `${address}:${port}`).sort()
    }
    expect(await seen()).toEqual(['10.77.0.1:4001', '10.77.0.2:4002'])
    const all = [...beside.lines, ...far.lines]
    expect(all.filter(({ type }) => type === 'down' || type === 'fault')).toEqual([])
  })

  it('has services with dots and backslashes in their names, which are seen', async () => {
    await hosts.avahi.start()
    const id = randomId()
    const txt = ['txtvers=1', `id=${id}`, 'ep=7', `m=${meshHash(hosts.mesh)}`]
    const subtype = `_m-${meshHash(hosts.mesh)}._sub._earshot._tcp`
    const service = hosts.avahi.publish('Dr. Who v1.2 \\ co.', 4_711, txt, subtype)
    const first = start(there, '10.77.0.2', '4002')
    expect(await first.until('up')).toMatchObject({ peer: { id, epoch: 7 } })
    service.kill('SIGKILL')
    expect(await first.until('down')).toMatchObject({ id, reason: 'goodbye' })
  })
})

// Through some providers anybody can speak. What a stranger tells there of a later epoch, or of a
// thousand peers, hides nobody whom another provider knows, nor who is told of anew.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultLimits, type Limits } from '../../src/base/limits.ts'
import {
  createDiscoverer,
  type Discoverer,
  type DiscovererEvent,
} from '../../src/discovery/aggregator.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { FakeProvider } from './fake-provider.ts'
import { aRecord } from './support.ts'

const self = aRecord({ inbox: ['ipc:///run/self.i'] })

describe('what a stranger tells', () => {
  let clock: VirtualClock
  let mdns: FakeProvider
  let disk: FakeProvider
  let events: DiscovererEvent[]
  let discoverer: Discoverer
  const begin = async (limits: Partial<Limits> = {}) => {
    discoverer = createDiscoverer({
      providers: [mdns, disk],
      self,
      mesh: 'shop',
      clock,
      limits: { ...defaultLimits, ...limits },
      onEvent: (event) => events.push(event),
      random: () => 0,
    })
    void discoverer.start()
    await clock.advance(0)
  }
  const settle = () => clock.advance(0)
  const take = () => events.splice(0)

  beforeEach(() => {
    clock = createVirtualClock()
    mdns = new FakeProvider('mdns')
    disk = new FakeProvider('directory')
    events = []
  })
  afterEach(async () => {
    const stopping = discoverer.stop()
    await clock.advance(2_000)
    await stopping
  })

  it('hides no address behind a later epoch, of which anybody can tell', async () => {
    await begin()
    const old = aRecord({ epoch: 5, inbox: ['ipc:///old.i'], meta: { role: 'a' } })
    const told = { ...old, epoch: 9e14, inbox: ['tcp://10.0.0.66:9'], meta: { role: 'b' } }
    disk.say({ type: 'up', peer: old })
    await settle()
    mdns.say({ type: 'up', peer: told })
    await settle()
    const inbox = ['ipc:///old.i', 'tcp://10.0.0.66:9']
    expect(take().at(-1)).toEqual({
      ...{ type: 'changed', peer: { ...told, inbox }, via: ['directory', 'mdns'] },
    })
    disk.say({ type: 'change', peer: { ...old, inbox: ['ipc:///new.i'] } })
    await settle()
    expect(take()).toMatchObject([{ peer: { inbox: ['ipc:///new.i', 'tcp://10.0.0.66:9'] } }])
    mdns.say({ type: 'down', id: old.id, epoch: 9e14, reason: 'goodbye' })
    await settle()
    expect(take()).toMatchObject([{ type: 'changed', peer: { epoch: 5, inbox: ['ipc:///new.i'] } }])
  })

  it('gives each provider as many of its addresses, however many another tells', async () => {
    await begin()
    const peer = aRecord({ inbox: ['tcp://10.0.0.1:9'] })
    const many = Array.from({ length: 40 }, (_, at) => `tcp://10.0.1.${at}:9`)
    mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14, inbox: many } })
    disk.say({ type: 'up', peer })
    await settle()
    const [, changed] = take()
    expect(changed).toMatchObject({ peer: { inbox: expect.arrayContaining([...peer.inbox]) } })
  })

  it('finds one again that was lost under a later epoch', async () => {
    await begin()
    const peer = aRecord({ epoch: 5 })
    mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14 } })
    mdns.say({ type: 'down', id: peer.id, epoch: 9e14, reason: 'goodbye' })
    await settle()
    take()
    mdns.say({ type: 'up', peer })
    await settle()
    expect(take()).toMatchObject([{ type: 'found', peer: { epoch: 5 } }])
  })

  it('takes the last word of a provider for what it holds, whatever epoch it tells', async () => {
    await begin()
    const peer = aRecord({ epoch: 5 })
    mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14, inbox: ['tcp://10.0.0.66:9'] } })
    mdns.say({ type: 'up', peer })
    await settle()
    expect(take().at(-1)).toMatchObject({ type: 'changed', peer: { epoch: 5, inbox: peer.inbox } })
  })

  it('keeps room for what others find, where one provider tells of too many', async () => {
    await begin({ maxPeers: 5 })
    for (let i = 0; i < 10; i++) mdns.say({ type: 'up', peer: aRecord() })
    await settle()
    take()
    const peers = [aRecord(), aRecord(), aRecord(), aRecord()]
    for (const peer of peers) disk.say({ type: 'up', peer })
    await settle()
    const all = take()
    const found = all.flatMap((one) => (one.type === 'found' ? [one.peer.id] : []))
    // Behind half of all it has told as much itself.
    expect(found).toEqual(peers.slice(0, 3).map(({ id }) => id))
    const lost = all.flatMap((one) => (one.type === 'lost' ? [one.via.join()] : []))
    expect(lost).toEqual(['mdns', 'mdns', 'mdns'])
  })

  it('leaves half of the newcomers of a second to what others tell', async () => {
    await begin({ maxPeersPerSecond: 10 })
    for (let i = 0; i < 30; i++) mdns.say({ type: 'up', peer: aRecord({ tellers: ['liar'] }) })
    await settle()
    expect(take()).toHaveLength(5)
    const peer = aRecord({ tellers: ['liar', 'honest'] })
    mdns.say({ type: 'up', peer })
    disk.say({ type: 'up', peer: aRecord() })
    await settle()
    expect(take()).toHaveLength(2)
    await clock.advance(6_000)
    expect(take().filter(({ type }) => type === 'found')).toHaveLength(25)
  })
})

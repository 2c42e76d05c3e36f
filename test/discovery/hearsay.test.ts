// Through some providers anybody can speak. What a stranger tells there of a later epoch, or of a
// thousand peers, hides nobody whom another provider knows, nor who is told of anew.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDiscovery } from './fake-discovery.ts'
import { aRecord } from './support.ts'

const self = aRecord({ inbox: ['ipc:///run/self.i'] })

describe('what a stranger tells', () => {
  let on: FakeDiscovery
  beforeEach(() => {
    on = new FakeDiscovery(self)
  })
  afterEach(() => on.stop())

  it('hides no address behind a later epoch, of which anybody can tell', async () => {
    await on.begin()
    const old = aRecord({ epoch: 5, inbox: ['ipc:///old.i'], meta: { role: 'a' } })
    const told = { ...old, epoch: 9e14, inbox: ['tcp://10.0.0.66:9'], meta: { role: 'b' } }
    on.disk.say({ type: 'up', peer: old })
    await on.settle()
    on.mdns.say({ type: 'up', peer: told })
    await on.settle()
    const inbox = ['ipc:///old.i', 'tcp://10.0.0.66:9']
    expect(on.take().at(-1)).toEqual({
      ...{ type: 'changed', peer: { ...told, inbox }, via: ['directory', 'mdns'] },
    })
    on.disk.say({ type: 'change', peer: { ...old, inbox: ['ipc:///new.i'] } })
    await on.settle()
    expect(on.take()).toMatchObject([{ peer: { inbox: ['ipc:///new.i', 'tcp://10.0.0.66:9'] } }])
    on.mdns.say({ type: 'down', id: old.id, epoch: 9e14, reason: 'goodbye' })
    await on.settle()
    expect(on.take()).toMatchObject([
      { type: 'changed', peer: { epoch: 5, inbox: ['ipc:///new.i'] } },
    ])
  })

  it('gives each provider as many of its addresses, however many another tells', async () => {
    await on.begin()
    const peer = aRecord({ inbox: ['tcp://10.0.0.1:9'] })
    const many = Array.from({ length: 40 }, (_, at) => `tcp://10.0.1.${at}:9`)
    on.mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14, inbox: many } })
    on.disk.say({ type: 'up', peer })
    await on.settle()
    const [, changed] = on.take()
    expect(changed).toMatchObject({ peer: { inbox: expect.arrayContaining([...peer.inbox]) } })
  })

  it('finds one again that was lost under a later epoch', async () => {
    await on.begin()
    const peer = aRecord({ epoch: 5 })
    on.mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14 } })
    on.mdns.say({ type: 'down', id: peer.id, epoch: 9e14, reason: 'goodbye' })
    await on.settle()
    on.take()
    on.mdns.say({ type: 'up', peer })
    await on.settle()
    expect(on.take()).toMatchObject([{ type: 'found', peer: { epoch: 5 } }])
  })

  it('takes the last word of a provider for what it holds, whatever epoch it tells', async () => {
    await on.begin()
    const peer = aRecord({ epoch: 5 })
    on.mdns.say({ type: 'up', peer: { ...peer, epoch: 9e14, inbox: ['tcp://10.0.0.66:9'] } })
    on.mdns.say({ type: 'up', peer })
    await on.settle()
    expect(on.take().at(-1)).toMatchObject({
      type: 'changed',
      peer: { epoch: 5, inbox: peer.inbox },
    })
  })

  it('keeps room for what others find, where one provider tells of too many', async () => {
    await on.begin({ maxPeers: 5 })
    for (let i = 0; i < 10; i++) on.mdns.say({ type: 'up', peer: aRecord() })
    await on.settle()
    on.take()
    const peers = [aRecord(), aRecord(), aRecord(), aRecord()]
    for (const peer of peers) on.disk.say({ type: 'up', peer })
    await on.settle()
    const all = on.take()
    const found = all.flatMap((one) => (one.type === 'found' ? [one.peer.id] : []))
    // Behind half of all it has told as much itself.
    expect(found).toEqual(peers.slice(0, 3).map(({ id }) => id))
    const lost = all.flatMap((one) => (one.type === 'lost' ? [one.via.join()] : []))
    expect(lost).toEqual(['mdns', 'mdns', 'mdns'])
  })

  it('leaves half of the newcomers of a second to what others tell', async () => {
    await on.begin({ maxPeersPerSecond: 10 })
    for (let i = 0; i < 30; i++) on.mdns.say({ type: 'up', peer: aRecord({ tellers: ['liar'] }) })
    await on.settle()
    expect(on.take()).toHaveLength(5)
    const peer = aRecord({ tellers: ['liar', 'honest'] })
    on.mdns.say({ type: 'up', peer })
    on.disk.say({ type: 'up', peer: aRecord() })
    await on.settle()
    expect(on.take()).toHaveLength(2)
    await on.clock.advance(6_000)
    expect(on.take().filter(({ type }) => type === 'found')).toHaveLength(25)
  })
})

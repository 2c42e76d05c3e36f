import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultLimits, type Limits } from '../../src/base/limits.ts'
import {
  createDiscoverer,
  type Discoverer,
  type DiscovererEvent,
} from '../../src/discovery/aggregator.ts'
import { DiscoveryEvents } from '../../src/discovery/event-queue.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { FakeProvider } from './fake-provider.ts'
import { aRecord, randomId } from './support.ts'

const self = aRecord({ inbox: ['ipc:///run/self.i', 'tcp://127.0.0.1:1'] })

describe('the aggregator', () => {
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

  it('asks once before it can be reached itself, tells what it heard when it can', async () => {
    const peer = aRecord()
    let watches = 0
    const provider = Object.assign(new FakeProvider('early'), {
      watch: (_mesh: string, { signal }: { signal: AbortSignal }) => {
        watches++
        const heard = new DiscoveryEvents(signal)
        heard.push({ type: 'up', peer })
        return heard
      },
    })
    const nowhere = { ...self, inbox: [], door: [] }
    const limits = defaultLimits
    const onEvent = (event: DiscovererEvent) => events.push(event)
    const options = { providers: [provider], self: nowhere, mesh: 'shop', clock, limits, onEvent }
    discoverer = createDiscoverer(options)
    discoverer.look()
    await settle()
    expect([watches, take(), provider.announced]).toEqual([1, [], undefined])
    void discoverer.start({ inbox: ['tcp://127.0.0.1:2'], door: [] })
    await settle()
    expect(take()).toMatchObject([{ type: 'found', peer: { id: peer.id } }])
    expect(provider.announced).toMatchObject({ inbox: ['tcp://127.0.0.1:2'] })
    expect(watches).toBe(1)
  })

  it('keeps two providers of one name apart', async () => {
    disk = new FakeProvider('mdns')
    await begin()
    const peer = aRecord()
    mdns.say({ type: 'up', peer })
    await settle()
    disk.say({ type: 'up', peer })
    await settle()
    mdns.say({ type: 'down', id: peer.id, epoch: peer.epoch, reason: 'goodbye' })
    await settle()
    expect(take()).toMatchObject([{ type: 'found', via: ['mdns'] }])
    expect(discoverer.peers()).toMatchObject([{ via: ['mdns#2'] }])
    disk.say({ type: 'synced' })
    await settle()
    expect(take()).toEqual([])
    mdns.say({ type: 'synced' })
    await settle()
    expect(take()).toEqual([{ type: 'synced' }])
  })

  it('reports a peer once, with the endpoints of all who hold it, nearest first', async () => {
    await begin()
    const id = randomId()
    mdns.say({
      type: 'up',
      peer: aRecord({ id, inbox: ['tcp://10.0.0.1:9', 'tcp://127.0.0.1:9'] }),
    })
    await settle()
    disk.say({ type: 'up', peer: aRecord({ id, inbox: ['ipc:///x.i', 'tcp://127.0.0.1:9'] }) })
    await settle()
    const [found, changed] = take()
    expect(found).toMatchObject({ type: 'found', via: ['mdns'] })
    expect(changed).toMatchObject({ type: 'changed', via: ['mdns', 'directory'] })
    const inbox = ['ipc:///x.i', 'tcp://127.0.0.1:9', 'tcp://10.0.0.1:9']
    expect(changed).toMatchObject({ peer: { id, inbox } })
    expect(discoverer.peers()).toMatchObject([{ via: ['mdns', 'directory'] }])
  })

  it('is silent when a provider repeats what is known', async () => {
    await begin()
    const peer = aRecord()
    mdns.say({ type: 'up', peer })
    await settle()
    take()
    mdns.say({ type: 'change', peer: { ...peer } })
    disk.say({ type: 'up', peer })
    await settle()
    expect(take()).toEqual([])
  })

  it('loses a peer only when no provider holds it', async () => {
    await begin()
    const peer = aRecord()
    const down = { type: 'down', id: peer.id, epoch: peer.epoch } as const
    mdns.say({ type: 'up', peer })
    disk.say({ type: 'up', peer })
    await settle()
    take()
    disk.say({ ...down, reason: 'goodbye' })
    await settle()
    expect(take()).toEqual([])
    mdns.say({ ...down, reason: 'expired' })
    await settle()
    expect(take()).toEqual([{ type: 'lost', peer, reason: 'expired', via: ['mdns'] }])
    expect(discoverer.peers()).toEqual([])
  })

  it('ignores the down of an older epoch', async () => {
    await begin()
    const peer = aRecord({ epoch: 5 })
    mdns.say({ type: 'up', peer })
    await settle()
    take()
    mdns.say({ type: 'down', id: peer.id, epoch: 4, reason: 'goodbye' })
    await settle()
    expect(take()).toEqual([])
  })

  it('ends a lease on time, and renews it with each event', async () => {
    await begin()
    const peer = aRecord()
    mdns.say({ type: 'up', peer, leaseMs: 1_000 })
    await clock.advance(900)
    mdns.say({ type: 'change', peer, leaseMs: 1_000 })
    await clock.advance(999)
    expect(take().filter(({ type }) => type === 'lost')).toEqual([])
    await clock.advance(1)
    expect(take()).toMatchObject([{ type: 'lost', reason: 'expired' }])
  })

  it('never reports ourselves, not even as an endpoint without a name', async () => {
    await begin()
    mdns.say({ type: 'up', peer: { ...self, epoch: 9_999 } })
    const [endpoint = ''] = self.inbox
    disk.say({ type: 'up', peer: aRecord({ id: `?${endpoint}`, inbox: [endpoint] }) })
    await settle()
    expect(take()).toEqual([])
  })

  it('ignores the peers of another mesh', async () => {
    await begin()
    mdns.say({ type: 'up', peer: aRecord({ mesh: 'other' }) })
    await settle()
    expect(take()).toEqual([])
  })

  it('says synced once, when all have synced or 1 s has passed', async () => {
    await begin()
    mdns.say({ type: 'synced' })
    await clock.advance(999)
    expect(take()).toEqual([])
    await clock.advance(1)
    expect(take()).toEqual([{ type: 'synced' }])
    disk.say({ type: 'synced' })
    await settle()
    expect(take()).toEqual([])
  })

  it('says once that it is full at the limit of peers, and keeps those it has', async () => {
    await begin({ maxPeers: 2 })
    for (let i = 0; i < 10; i++) mdns.say({ type: 'up', peer: aRecord() })
    await settle()
    const all = take()
    expect(all.map(({ type }) => type)).toEqual(['found', 'found', 'fault'])
    expect(all[2]).toMatchObject({ error: { code: 'EARSHOT_DISCOVERY' }, via: ['limits'] })
  })

  it('spreads a flood of newcomers over the following seconds and loses none', async () => {
    await begin({ maxPeersPerSecond: 10 })
    for (let i = 0; i < 25; i++) mdns.say({ type: 'up', peer: aRecord() })
    await settle()
    expect(take()).toHaveLength(10)
    await clock.advance(1_000)
    expect(take().filter(({ type }) => type === 'found')).toHaveLength(10)
    await clock.advance(1_000)
    expect(take().filter(({ type }) => type === 'found')).toHaveLength(5)
  })

  it('hands on a fault of a provider, to the diagnostics channel too', async () => {
    const heard: unknown[] = []
    const listen = (message: unknown) => heard.push(message)
    subscribe('earshot:fault', listen)
    await begin()
    mdns.say({ type: 'fault', error: new Error('no multicast'), retryInMs: 5 })
    await settle()
    unsubscribe('earshot:fault', listen)
    const fault = { code: 'EARSHOT_DISCOVERY', message: 'no multicast' }
    expect(take()).toMatchObject([{ type: 'fault', error: fault, via: ['mdns'], retryInMs: 5 }])
    expect(heard).toMatchObject([{ area: 'discovery', data: { via: 'mdns' } }])
  })

  it('begins a broken watch again, ever later, and drops what it no longer shows', async () => {
    await begin()
    const peer = aRecord()
    const stays = aRecord()
    mdns.say({ type: 'up', peer })
    mdns.say({ type: 'up', peer: stays })
    await settle()
    take()
    mdns.break(new Error('socket gone'))
    await settle()
    expect(take()).toMatchObject([{ type: 'fault', retryInMs: 50 }])
    await clock.advance(49)
    expect(mdns.watches).toBe(1)
    await clock.advance(1)
    expect(mdns.watches).toBe(2)
    mdns.break()
    await settle()
    expect(take()).toMatchObject([{ type: 'fault', retryInMs: 100 }])
    await clock.advance(100)
    expect(mdns.watches).toBe(3)
    mdns.say({ type: 'up', peer: stays })
    await settle()
    mdns.say({ type: 'synced' })
    await settle()
    const lost = { type: 'lost', peer, reason: 'withdrawn', via: ['mdns'] }
    expect(take().filter(({ type }) => type === 'lost')).toEqual([lost])
  })

  it('announces again after a refusal', async () => {
    mdns.refusals.push(new Error('no'), new Error('no'))
    await begin()
    expect(mdns.announced).toBeUndefined()
    expect(disk.announced).toEqual(self)
    await clock.advance(150)
    expect(mdns.announced).toEqual(self)
  })

  it('announces an update with the next seq, also where the announcement was late', async () => {
    mdns.refusals.push(new Error('no'))
    await begin()
    await discoverer.update({ name: 'renamed' })
    await clock.advance(100)
    expect(disk.announced).toEqual({ ...self, name: 'renamed', seq: 1 })
    expect(mdns.announced).toEqual({ ...self, name: 'renamed', seq: 1 })
  })

  it('says goodbye before it closes, waits at most 500 ms, and is silent afterwards', async () => {
    mdns.goodbye = new Promise(() => undefined)
    await begin()
    mdns.say({ type: 'up', peer: aRecord() })
    await settle()
    take()
    let isStopped = false
    void discoverer.stop().then(() => {
      isStopped = true
    })
    await clock.advance(499)
    expect(disk.calls).toEqual(['withdraw'])
    await clock.advance(1)
    expect(disk.calls).toEqual(['withdraw', 'close'])
    expect(isStopped).toBe(true)
    mdns.say({ type: 'up', peer: aRecord() })
    await clock.advance(10_000)
    expect(take()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { createDiscoverer, type DiscovererEvent } from '../../src/discovery/aggregator.ts'
import { DiscoveryEvents } from '../../src/discovery/event-queue.ts'
import { FakeDiscovery } from './fake-discovery.ts'
import { FakeProvider } from './fake-provider.ts'
import { aRecord, randomId } from './support.ts'

const self = aRecord({ inbox: ['ipc:///run/self.i', 'tcp://127.0.0.1:1'] })

describe('the aggregator', () => {
  let on: FakeDiscovery
  beforeEach(() => {
    on = new FakeDiscovery(self)
  })
  afterEach(() => on.stop())

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
    const onEvent = (event: DiscovererEvent) => on.events.push(event)
    const options = {
      providers: [provider],
      self: nowhere,
      mesh: 'shop',
      clock: on.clock,
      limits,
      onEvent,
    }
    on.discoverer = createDiscoverer(options)
    on.discoverer.look()
    await on.settle()
    expect([watches, on.take(), provider.announced]).toEqual([1, [], undefined])
    void on.discoverer.start({ inbox: ['tcp://127.0.0.1:2'], door: [] })
    await on.settle()
    expect(on.take()).toMatchObject([{ type: 'found', peer: { id: peer.id } }])
    expect(provider.announced).toMatchObject({ inbox: ['tcp://127.0.0.1:2'] })
    expect(watches).toBe(1)
  })

  it('keeps two providers of one name apart', async () => {
    on.disk = new FakeProvider('mdns')
    await on.begin()
    const peer = aRecord()
    on.mdns.say({ type: 'up', peer })
    await on.settle()
    on.disk.say({ type: 'up', peer })
    await on.settle()
    on.mdns.say({ type: 'down', id: peer.id, epoch: peer.epoch, reason: 'goodbye' })
    await on.settle()
    expect(on.take()).toMatchObject([{ type: 'found', via: ['mdns'] }])
    expect(on.discoverer.peers()).toMatchObject([{ via: ['mdns#2'] }])
    on.disk.say({ type: 'synced' })
    await on.settle()
    expect(on.take()).toEqual([])
    on.mdns.say({ type: 'synced' })
    await on.settle()
    expect(on.take()).toEqual([{ type: 'synced' }])
  })

  it('reports a peer once, with the endpoints of all who hold it, nearest first', async () => {
    await on.begin()
    const id = randomId()
    on.mdns.say({
      type: 'up',
      peer: aRecord({ id, inbox: ['tcp://10.0.0.1:9', 'tcp://127.0.0.1:9'] }),
    })
    await on.settle()
    on.disk.say({ type: 'up', peer: aRecord({ id, inbox: ['ipc:///x.i', 'tcp://127.0.0.1:9'] }) })
    await on.settle()
    const [found, changed] = on.take()
    expect(found).toMatchObject({ type: 'found', via: ['mdns'] })
    expect(changed).toMatchObject({ type: 'changed', via: ['mdns', 'directory'] })
    const inbox = ['ipc:///x.i', 'tcp://127.0.0.1:9', 'tcp://10.0.0.1:9']
    expect(changed).toMatchObject({ peer: { id, inbox } })
    expect(on.discoverer.peers()).toMatchObject([{ via: ['mdns', 'directory'] }])
  })

  it('is silent when a provider repeats what is known', async () => {
    await on.begin()
    const peer = aRecord()
    on.mdns.say({ type: 'up', peer })
    await on.settle()
    on.take()
    on.mdns.say({ type: 'change', peer: { ...peer } })
    on.disk.say({ type: 'up', peer })
    await on.settle()
    expect(on.take()).toEqual([])
  })

  it('loses a peer only when no provider holds it', async () => {
    await on.begin()
    const peer = aRecord()
    const down = { type: 'down', id: peer.id, epoch: peer.epoch } as const
    on.mdns.say({ type: 'up', peer })
    on.disk.say({ type: 'up', peer })
    await on.settle()
    on.take()
    on.disk.say({ ...down, reason: 'goodbye' })
    await on.settle()
    expect(on.take()).toEqual([])
    on.mdns.say({ ...down, reason: 'expired' })
    await on.settle()
    expect(on.take()).toEqual([{ type: 'lost', peer, reason: 'expired', via: ['mdns'] }])
    expect(on.discoverer.peers()).toEqual([])
  })

  it('ignores the down of an older epoch', async () => {
    await on.begin()
    const peer = aRecord({ epoch: 5 })
    on.mdns.say({ type: 'up', peer })
    await on.settle()
    on.take()
    on.mdns.say({ type: 'down', id: peer.id, epoch: 4, reason: 'goodbye' })
    await on.settle()
    expect(on.take()).toEqual([])
  })

  it('ends a lease on time, and renews it with each event', async () => {
    await on.begin()
    const peer = aRecord()
    on.mdns.say({ type: 'up', peer, leaseMs: 1_000 })
    await on.clock.advance(900)
    on.mdns.say({ type: 'change', peer, leaseMs: 1_000 })
    await on.clock.advance(999)
    expect(on.take().filter(({ type }) => type === 'lost')).toEqual([])
    await on.clock.advance(1)
    expect(on.take()).toMatchObject([{ type: 'lost', reason: 'expired' }])
  })

  it('never reports ourselves, not even as an endpoint without a name', async () => {
    await on.begin()
    on.mdns.say({ type: 'up', peer: { ...self, epoch: 9_999 } })
    const [endpoint = ''] = self.inbox
    on.disk.say({ type: 'up', peer: aRecord({ id: `?${endpoint}`, inbox: [endpoint] }) })
    await on.settle()
    expect(on.take()).toEqual([])
  })

  it('ignores the peers of another mesh', async () => {
    await on.begin()
    on.mdns.say({ type: 'up', peer: aRecord({ mesh: 'other' }) })
    await on.settle()
    expect(on.take()).toEqual([])
  })

  it('says synced once, when all have synced or 1 s has passed', async () => {
    await on.begin()
    on.mdns.say({ type: 'synced' })
    await on.clock.advance(999)
    expect(on.take()).toEqual([])
    await on.clock.advance(1)
    expect(on.take()).toEqual([{ type: 'synced' }])
    on.disk.say({ type: 'synced' })
    await on.settle()
    expect(on.take()).toEqual([])
  })

  it('says once that it is full at the limit of peers, and keeps those it has', async () => {
    await on.begin({ maxPeers: 2 })
    for (let i = 0; i < 10; i++) on.mdns.say({ type: 'up', peer: aRecord() })
    await on.settle()
    const all = on.take()
    expect(all.map(({ type }) => type)).toEqual(['found', 'found', 'fault'])
    expect(all[2]).toMatchObject({ error: { code: 'EARSHOT_DISCOVERY' }, via: ['limits'] })
  })

  it('spreads a flood of newcomers over the following seconds and loses none', async () => {
    await on.begin({ maxPeersPerSecond: 10 })
    for (let i = 0; i < 25; i++) on.mdns.say({ type: 'up', peer: aRecord() })
    await on.settle()
    expect(on.take()).toHaveLength(10)
    await on.clock.advance(1_000)
    expect(on.take().filter(({ type }) => type === 'found')).toHaveLength(10)
    await on.clock.advance(1_000)
    expect(on.take().filter(({ type }) => type === 'found')).toHaveLength(5)
  })

  it('hands on a fault of a provider, to the diagnostics channel too', async () => {
    const heard: unknown[] = []
    const listen = (message: unknown) => heard.push(message)
    subscribe('earshot:fault', listen)
    await on.begin()
    on.mdns.say({ type: 'fault', error: new Error('no multicast'), retryInMs: 5 })
    await on.settle()
    unsubscribe('earshot:fault', listen)
    const fault = { code: 'EARSHOT_DISCOVERY', message: 'no multicast' }
    expect(on.take()).toMatchObject([{ type: 'fault', error: fault, via: ['mdns'], retryInMs: 5 }])
    expect(heard).toMatchObject([{ area: 'discovery', data: { via: 'mdns' } }])
  })

  it('begins a broken watch again, ever later, and drops what it no longer shows', async () => {
    await on.begin()
    const peer = aRecord()
    const stays = aRecord()
    on.mdns.say({ type: 'up', peer })
    on.mdns.say({ type: 'up', peer: stays })
    await on.settle()
    on.take()
    on.mdns.break(new Error('socket gone'))
    await on.settle()
    expect(on.take()).toMatchObject([{ type: 'fault', retryInMs: 50 }])
    await on.clock.advance(49)
    expect(on.mdns.watches).toBe(1)
    await on.clock.advance(1)
    expect(on.mdns.watches).toBe(2)
    on.mdns.break()
    await on.settle()
    expect(on.take()).toMatchObject([{ type: 'fault', retryInMs: 100 }])
    await on.clock.advance(100)
    expect(on.mdns.watches).toBe(3)
    on.mdns.say({ type: 'up', peer: stays })
    await on.settle()
    on.mdns.say({ type: 'synced' })
    await on.settle()
    const lost = { type: 'lost', peer, reason: 'withdrawn', via: ['mdns'] }
    expect(on.take().filter(({ type }) => type === 'lost')).toEqual([lost])
  })

  it('announces again after a refusal', async () => {
    on.mdns.refusals.push(new Error('no'), new Error('no'))
    await on.begin()
    expect(on.mdns.announced).toBeUndefined()
    expect(on.disk.announced).toEqual(self)
    await on.clock.advance(150)
    expect(on.mdns.announced).toEqual(self)
  })

  it('announces an update with the next seq, also where the announcement was late', async () => {
    on.mdns.refusals.push(new Error('no'))
    await on.begin()
    await on.discoverer.update({ name: 'renamed' })
    await on.clock.advance(100)
    expect(on.disk.announced).toEqual({ ...self, name: 'renamed', seq: 1 })
    expect(on.mdns.announced).toEqual({ ...self, name: 'renamed', seq: 1 })
  })

  it('says goodbye before it closes, waits at most 500 ms, and is silent afterwards', async () => {
    on.mdns.goodbye = new Promise(() => undefined)
    await on.begin()
    on.mdns.say({ type: 'up', peer: aRecord() })
    await on.settle()
    on.take()
    let isStopped = false
    void on.discoverer.stop().then(() => {
      isStopped = true
    })
    await on.clock.advance(499)
    expect(on.disk.calls).toEqual(['withdraw'])
    await on.clock.advance(1)
    expect(on.disk.calls).toEqual(['withdraw', 'close'])
    expect(isStopped).toBe(true)
    on.mdns.say({ type: 'up', peer: aRecord() })
    await on.clock.advance(10_000)
    expect(on.take()).toEqual([])
    expect(on.clock.pending).toBe(0)
  })
})

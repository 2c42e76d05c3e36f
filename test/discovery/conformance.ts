// Owns what every discovery provider promises, as one suite run for each of them.
// Never knows how a provider works: two instances that share a medium are all it is given.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Discovery, PeerRecord } from '../../src/discovery/provider.ts'
import { aRecord, randomMesh, Watch } from './support.ts'

export interface ProviderUnderTest {
  /** Another instance on the same medium: as another process would have it. */
  create(): Discovery
  /** Puts a peer there that does not announce itself: in a zone, or registered by somebody. */
  put?(endpoint: string): void | Promise<void>
  /** Takes it away again. */
  take?(endpoint: string): void | Promise<void>
  cleanUp(): void | Promise<void>
}

export interface ConformanceOptions {
  readonly name: string
  readonly open: (mesh: string) => ProviderUnderTest | Promise<ProviderUnderTest>
  /** Static lists and DNS announce nothing. */
  readonly announces: boolean
  /** Somebody else can put peers there and take them away: `put` and `take`. */
  readonly isFed?: boolean
  /** Where a peer has to listen to be announced. Default: on loopback. */
  readonly place?: Pick<PeerRecord, 'inbox' | 'door'>
}

export function conformsToDiscovery(options: ConformanceOptions): void {
  const { name, open, announces, isFed = false, place } = options
  const aPeer = (changes: Partial<PeerRecord>) => aRecord({ ...place, ...changes })
  describe(`the provider ${name}`, () => {
    let mesh: string
    let medium: ProviderUnderTest
    let made: Discovery[]
    let watches: Watch[]
    const create = () => {
      const provider = medium.create()
      made.push(provider)
      return provider
    }
    const watch = (provider: Discovery, of = mesh) => {
      const watching = new Watch((signal) => provider.watch(of, { signal }))
      watches.push(watching)
      return watching
    }
    const announce = (provider: Discovery, self: PeerRecord) =>
      provider.announce(self, { signal: new AbortController().signal })

    beforeEach(async () => {
      mesh = randomMesh()
      made = []
      watches = []
      medium = await open(mesh)
    })
    afterEach(async () => {
      await Promise.all(watches.map((watching) => watching.stop()))
      await Promise.all(made.map((provider) => provider.close()))
      await medium.cleanUp()
    })

    it('gives its name', () => {
      expect(create().name).toBe(name)
    })

    it('reports that it has synced, also when nobody is there', async () => {
      await watch(create(), randomMesh()).until('synced')
    })

    it('ends the watch when its signal aborts', async () => {
      const watching = watch(create())
      await watching.until('synced')
      await watching.stop()
    })

    it('ends the watch when it is closed, and can be closed twice', async () => {
      const provider = create()
      const watching = watch(provider)
      await watching.until('synced')
      await provider.close()
      await watching.ended
      await provider.close()
    })

    it('withdraws twice without harm', async () => {
      const announcement = await announce(create(), aPeer({ mesh }))
      await announcement.withdraw()
      await announcement.withdraw()
    })

    if (isFed) {
      it('reports whom somebody else puts there, and takes away again', async () => {
        const [first, second] = ['tcp://10.0.0.7:4711', 'tcp://10.0.0.8:4711']
        await medium.put?.(first)
        const watching = watch(create())
        const { peer } = await watching.until('up')
        expect(peer).toMatchObject({ mesh, inbox: [first] })
        await watching.until('synced')
        await medium.put?.(second)
        await watching.until('up', (event) => event.peer.inbox[0] === second)
        await medium.take?.(first)
        const { id, epoch } = await watching.until('down')
        expect({ id, epoch }).toEqual({ id: peer.id, epoch: peer.epoch })
        await medium.put?.(first)
        await watching.until('up', (event) => event.peer.inbox[0] === first)
      })
    }

    if (!announces) return

    it('shows a peer to one who was there before it', async () => {
      const watching = watch(create())
      await watching.until('synced')
      const self = aPeer({ mesh, seq: 3, name: 'Orders & Häuser', meta: { role: 'primary' } })
      await announce(create(), self)
      const { peer } = await watching.until('up')
      const { tellers: _, ...told } = peer
      expect(told).toEqual(self)
    })

    it('shows a peer to one who comes later, before it says synced', async () => {
      const self = aPeer({ mesh })
      await announce(create(), self)
      const watching = watch(create())
      await watching.until('synced')
      const late = watch(create())
      await late.until('up', ({ peer }) => peer.id === self.id)
      await late.until('synced')
    })

    it('says goodbye when a peer withdraws', async () => {
      const self = aPeer({ mesh })
      const announcement = await announce(create(), self)
      const watching = watch(create())
      await watching.until('up')
      await announcement.withdraw()
      const down = await watching.until('down')
      expect(down).toEqual({ type: 'down', id: self.id, epoch: self.epoch, reason: 'goodbye' })
    })

    it('says goodbye when the provider of a peer is closed', async () => {
      const provider = create()
      await announce(provider, aPeer({ mesh }))
      const watching = watch(create())
      await watching.until('up')
      await provider.close()
      await watching.until('down')
    })

    it('withdraws when the signal of the announcement aborts', async () => {
      const stop = new AbortController()
      await create().announce(aPeer({ mesh }), { signal: stop.signal })
      const watching = watch(create())
      await watching.until('up')
      stop.abort()
      await watching.until('down')
    })

    it('reports a changed record', async () => {
      const announcement = await announce(create(), aPeer({ mesh }))
      const watching = watch(create())
      await watching.until('up')
      await announcement.update({ seq: 1, name: 'renamed' })
      const { peer } = await watching.until('change', (event) => event.peer.seq === 1)
      expect(peer.name).toBe('renamed')
    })

    it('reports a restart under the same id with the later epoch', async () => {
      const first = aPeer({ mesh, epoch: 1 })
      const provider = create()
      await announce(provider, first)
      const watching = watch(create())
      await watching.until('up')
      await provider.close()
      await announce(create(), { ...first, epoch: 2 })
      await watching.until('up', ({ peer }) => peer.epoch === 2)
    })

    it('does not report our own announcement', async () => {
      const provider = create()
      const self = aPeer({ mesh })
      const other = aPeer({ mesh })
      await announce(provider, self)
      const watching = watch(provider)
      await announce(create(), other)
      const { peer } = await watching.until('up')
      expect(peer.id).toBe(other.id)
    })

    it('keeps meshes apart', async () => {
      await announce(create(), aPeer({ mesh: randomMesh() }))
      const self = aPeer({ mesh })
      await announce(create(), self)
      const watching = watch(create())
      const { peer } = await watching.until('up')
      expect(peer.id).toBe(self.id)
    })

    it('shows each of twenty peers', async () => {
      const provider = create()
      const selves = Array.from({ length: 20 }, (_, i) => aPeer({ mesh, name: `peer-${i}` }))
      await Promise.all(selves.map((self) => announce(provider, self)))
      const watching = watch(create())
      const left = new Set(selves.map(({ id }) => id))
      while (left.size > 0) left.delete((await watching.until('up')).peer.id)
    })

    it('leaves no peer behind for a consumer who takes nothing for a while', async () => {
      const provider = create()
      const stop = new AbortController()
      const events = create().watch(mesh, { signal: stop.signal })[Symbol.asyncIterator]()
      const other = watch(create())
      const announcement = await announce(provider, aPeer({ mesh }))
      await other.until('up')
      await announcement.update({ seq: 1 })
      await other.until('change')
      await announcement.update({ seq: 2 })
      await other.until('change', ({ peer }) => peer.seq === 2)
      // Two watchers hear of a change at different times; the last state comes to each.
      let seq = 0
      while (seq < 2) {
        const { value } = await events.next()
        if (value.type === 'up' || value.type === 'change') seq = value.peer.seq
      }
      stop.abort()
    })
  })
}

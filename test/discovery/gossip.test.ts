import { describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/base/limits.ts'
import { Gossip } from '../../src/discovery/gossip.ts'
import { encodeRumour, parseRumour, type Rumour, sumOf } from '../../src/discovery/gossip-record.ts'
import type { DiscoveryEvent, PeerRecord } from '../../src/discovery/provider.ts'
import { createVirtualClock } from '../../src/testing/virtual-clock.ts'
import { thrownBy } from '../codec/thrown.ts'
import { aRecord } from './support.ts'

const limits = resolveLimits()
const read = (payload: Buffer) => parseRumour(payload, 'shop', limits)
const say = (rumour: Rumour) => encodeRumour(rumour)

/** One peer's gossip; what it says is kept, what it reports too. `far` can be told of nobody. */
function speaker(changes: Partial<typeof limits> = {}, far?: string) {
  const clock = createVirtualClock()
  const said: [string, Rumour][] = []
  const gossip = new Gossip()
  gossip.over({
    clock,
    limits: { ...limits, ...changes },
    random: () => 0.5,
    send: (to, payload) => said.push([to, read(payload)]),
    seenFrom: (to, record) => (to === far ? { ...record, inbox: [] } : record),
  })
  const self = aRecord()
  void gossip.announce(self)
  const events: DiscoveryEvent[] = []
  const watch = async () => {
    const { signal } = new AbortController()
    for await (const event of gossip.watch('shop', { signal })) events.push(event)
  }
  void watch()
  const link = (record: PeerRecord) => {
    gossip.linked(record.id)
    gossip.hear(record.id, say({ me: record }))
  }
  const found = () => events.flatMap((event) => (event.type === 'up' ? [event.peer.id] : []))
  return { clock, gossip, said, self, link, found, events }
}

describe('gossip', () => {
  it('says who it is on each new link, and compares with the newest soon after', async () => {
    const { clock, gossip, said, self, link } = speaker()
    const [a, b] = [aRecord(), aRecord()]
    link(a)
    link(b)
    expect(said.map(([to, { me }]) => [to, me?.id])).toEqual([
      [a.id, self.id],
      [b.id, self.id],
    ])
    said.length = 0
    await clock.advance(200)
    expect(said).toEqual([[b.id, { sum: sumOf([b, self, a]) }]])
    await gossip.close()
    expect(clock.pending).toBe(0)
  })

  it('answers a sum like its own with nothing, another with all that it knows in short', () => {
    const { gossip, said, self, link } = speaker()
    const a = aRecord()
    link(a)
    said.length = 0
    gossip.hear(a.id, say({ sum: sumOf([self, a]) }))
    expect(said).toEqual([])
    gossip.hear(a.id, say({ sum: sumOf([self]) }))
    expect(said[0]?.[1]).toMatchObject({ answer: true })
    expect(said[0]?.[1].have).toHaveLength(2)
  })

  it('tells whom the other does not name, as far as they can be reached from there', () => {
    const [near, far, other] = [aRecord(), aRecord(), aRecord()]
    const { gossip, said, link } = speaker({}, far.id)
    for (const one of [near, far, other]) link(one)
    said.length = 0
    gossip.hear(near.id, say({ have: [], answer: false }))
    expect(said[0]?.[1].peers?.map(({ id }) => id)).toContain(other.id)
    said.length = 0
    gossip.hear(far.id, say({ have: [], answer: false }))
    expect(said).toEqual([])
  })

  it('speaks for those alone who have spoken for themselves, and no longer than they live', () => {
    const { gossip, said, link } = speaker()
    const [a, quiet, gone] = [aRecord(), aRecord(), aRecord()]
    gossip.linked(quiet.id)
    link(gone)
    link(a)
    gossip.unlinked(gone.id)
    said.length = 0
    gossip.hear(a.id, say({ have: [], answer: false }))
    const told = said.flatMap(([, { peers = [] }]) => peers.map(({ id }) => id))
    expect(told).not.toContain(quiet.id)
    expect(told).not.toContain(gone.id)
  })

  it('reports a hint with a lease; itself and whom it is linked with it does not', async () => {
    const { gossip, self, link, found, events } = speaker()
    const [a, stranger] = [aRecord(), aRecord()]
    link(a)
    gossip.hear(a.id, say({ peers: [self, a, stranger] }))
    await Promise.resolve()
    await Promise.resolve()
    await Promise.resolve()
    expect(found()).toEqual([stranger.id])
    expect(events.find(({ type }) => type === 'up')).toMatchObject({ leaseMs: 30_000 })
  })

  it('believes nobody who says to be another, and nobody without a link', async () => {
    const { gossip, said, link, found } = speaker()
    const [a, b] = [aRecord(), aRecord()]
    link(a)
    said.length = 0
    gossip.hear(b.id, say({ peers: [aRecord()] }))
    gossip.hear(a.id, say({ me: b }))
    gossip.hear(a.id, say({ have: [], answer: false }))
    await Promise.resolve()
    expect(found()).toEqual([])
    expect(said.flatMap(([, { peers = [] }]) => peers)).not.toContainEqual(
      expect.objectContaining({ id: b.id }),
    )
  })

  it('keeps each record below its bound, and speaks for no more than it may', () => {
    const { gossip, said } = speaker({ maxGossipBytes: 2_000, maxGossipPeers: 20 })
    const all = Array.from({ length: 30 }, () => aRecord())
    for (const one of all) gossip.linked(one.id)
    for (const one of all) gossip.hear(one.id, say({ me: one }))
    said.length = 0
    gossip.hear(all[0]?.id ?? '', say({ have: [], answer: false }))
    const sizes = said.map(([, rumour]) => say(rumour).length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000)
    expect(said.flatMap(([, { peers = [] }]) => peers)).toHaveLength(20)
  })
})

describe('a record of gossip', () => {
  it('names all that a peer may speak for, and itself', () => {
    const have = Array<string>(limits.maxGossipPeers + 1).fill('0'.repeat(16))
    expect(read(say({ have })).have).toHaveLength(1_025)
  })

  it('comes back as it was', () => {
    const rumour = { me: aRecord(), sum: '0'.repeat(16), have: [], peers: [aRecord()] }
    expect(read(say(rumour))).toEqual(rumour)
  })

  it.each([
    ['no JSON', '{', ''],
    ['no object', '[]', ''],
    ['a sum that is none', '{"sum":7}', '/sum'],
    ['a short name that is none', '{"have":["x"]}', '/have/0'],
    ['no list', '{"peers":{}}', '/peers'],
    ['too long a list', JSON.stringify({ have: Array(1_026).fill('0'.repeat(16)) }), '/have'],
    ['no record', '{"peers":[null]}', '/peers/0'],
    ['an id that is none', JSON.stringify({ me: { ...aRecord(), id: '../x' } }), '/me/id'],
    ['an epoch below 0', JSON.stringify({ me: { ...aRecord(), epoch: -1 } }), '/me/epoch'],
    ['a strange endpoint', JSON.stringify({ me: { ...aRecord(), inbox: ['x'] } }), '/me/inbox/0'],
    ['more bytes than allowed', JSON.stringify({ x: 'x'.repeat(70_000) }), ''],
  ])('with %s is refused with its path', (_what, text, path) => {
    expect(thrownBy(() => read(Buffer.from(text)))).toMatchObject({
      ...{ code: 'EARSHOT_BYTES_INVALID', path },
    })
  })
})

// What a stranger on the link may say of others, and ask, on a network without sockets: who lives
// is known all the same, and nobody answers him without bound.

import { beforeEach, describe, expect, it } from 'vitest'
import { browseName, hostName, instanceName } from '../../../src/discovery/mdns/names.ts'
import { ownRecords } from '../../../src/discovery/mdns/own-records.ts'
import { type DnsRecord, query, response } from '../../../src/discovery/mdns/packet.ts'
import { aRecord } from '../support.ts'
import { Ether, type Host } from './ether.ts'

const browse = { name: browseName('shop'), type: 'PTR' }

/** All that a stranger says of a peer, which may be one that lives. */
function told(changes: object, address: string, suffix = ''): DnsRecord[] {
  const self = aRecord({ inbox: [`tcp://${address}:7`], ...changes })
  const names = { instance: instanceName('x', self.id, suffix), host: hostName(self.id, suffix) }
  const own = ownRecords(self, names, [address])
  return [...(own?.shared ?? []), ...(own?.unique ?? [])]
}

describe('of a peer that lives, a stranger', () => {
  let ether: Ether
  let host: Host
  let rival: Host
  let newcomer: Host
  const isOf = (record: DnsRecord) => record.type !== 'PTR' || record.name === browse.name
  const inboxes = () =>
    newcomer.take().flatMap((event) => ('peer' in event ? [...event.peer.inbox] : []))

  beforeEach(async () => {
    ether = new Ether()
    host = ether.host({ epoch: 5 })
    rival = ether.host()
    newcomer = ether.host()
    host.announce()
    newcomer.browse()
    await ether.clock.advance(5_000)
    newcomer.take()
  })

  it.each(['SRV', 'TXT', 'A'])('takes back the %s alone, and nobody misses it', async (type) => {
    const all = ether.group().flatMap(({ packet }) => packet.answers)
    const record = all.find((one) => one.type === type) as DnsRecord
    for (let i = 0; i < 5; i++) {
      rival.speak(response({ answers: [{ ...record, ttlSeconds: 0 }] }))
      await ether.clock.advance(700)
    }
    await ether.clock.advance(5_000)
    expect(newcomer.take()).toEqual([])
    expect(newcomer.browser.peerCount).toBe(1)
  })

  it('takes back what its owner no longer says: it is over in two seconds', async () => {
    host.die()
    const all = ether.group().flatMap(({ packet }) => packet.answers)
    const record = all.find(({ type }) => type === 'SRV') as DnsRecord
    rival.speak(response({ answers: [{ ...record, ttlSeconds: 0 }] }))
    await ether.clock.advance(1_500)
    expect(newcomer.take()).toEqual([])
    await ether.clock.advance(2_000)
    expect(newcomer.take()).toMatchObject([{ type: 'down', id: host.self.id }])
  })

  it('says goodbye, and it is known again within 1.2 s', async () => {
    const all = ether.group().flatMap(({ packet }) => packet.answers)
    rival.speak(response({ answers: all.filter(isOf).map((r) => ({ ...r, ttlSeconds: 0 })) }))
    await ether.clock.advance(1_200)
    expect(newcomer.take().map(({ type }) => type)).toEqual(['down', 'up'])
  })

  it('tells a later incarnation somewhere else, and its own address stays known', async () => {
    const { id } = host.self
    rival.speak(response({ answers: told({ id, epoch: 9e14 }, '10.0.0.66', '-1') }))
    await ether.clock.advance(10)
    const [event] = newcomer.take()
    const inbox = [...host.self.inbox, 'tcp://10.0.0.66:7']
    expect(event).toMatchObject({ peer: { id, inbox } })
    const late = ether.host()
    late.browse()
    await ether.clock.advance(200)
    expect(late.take()).toMatchObject([{ peer: { id, inbox: host.self.inbox } }])
    rival.speak(
      response({
        answers: told({ id, epoch: 9e14 }, '10.0.0.66', '-1').map((r) => ({ ...r, ttlSeconds: 0 })),
      }),
    )
    await ether.clock.advance(10)
    expect(newcomer.take()).toMatchObject([{ peer: { id, epoch: 5, inbox: host.self.inbox } }])
  })

  it('tells it a hundred times over: one counts, and hides no address', async () => {
    const { id } = host.self
    for (let i = 0; i < 100; i++) {
      rival.speak(response({ answers: told({ id, epoch: 1_000 + i }, `10.0.1.${i}`, `-${i}`) }))
    }
    await ether.clock.advance(50)
    const event = newcomer.take().at(-1)
    expect(event).toMatchObject({ peer: { inbox: [...host.self.inbox, 'tcp://10.0.1.99:7'] } })
    expect(newcomer.browser.cache.size).toBeLessThanOrEqual(8)
  })

  it.each(['127.0.0.1', '0.0.0.0', '224.0.0.251', '255.255.255.255'])(
    'says that it is at %s, and nobody dials himself for that',
    async (address) => {
      const { id } = host.self
      const records = told({ id, epoch: 9 }, '10.0.0.66', '-1')
      const answers = records.map((r) => (r.type === 'A' ? { ...r, data: address } : r))
      rival.speak(response({ answers }))
      await ether.clock.advance(10)
      expect(inboxes()).toEqual([])
    },
  )
})

describe('of a thousand peers that are not, a stranger', () => {
  it('fills the room of nobody else', async () => {
    const ether = new Ether()
    const [early, rival, newcomer] = [ether.host(), ether.host(), ether.host()]
    newcomer.browse()
    early.announce()
    await ether.clock.advance(3_000)
    for (let i = 0; i < 1_500; i++) {
      rival.speak(response({ answers: told({}, '10.0.0.66') }))
      if (i % 100 === 0) await ether.clock.advance(1)
    }
    await ether.clock.advance(10)
    newcomer.take()
    const late = [ether.host(), ether.host(), ether.host()]
    for (const one of late) one.announce()
    await ether.clock.advance(1_000)
    const up = newcomer.take().flatMap((one) => (one.type === 'up' ? [one.peer.id] : []))
    expect(new Set(up)).toEqual(new Set(late.map(({ self }) => self.id)))
    expect(newcomer.browser.cache.size).toBeLessThanOrEqual(4_096)
    expect(newcomer.browser.cache.refused).toBeGreaterThan(400)
    // Nor does he put out who was there before.
    await ether.clock.advance(2_000)
    const isEarly = (one: object) => 'id' in one && one.id === early.self.id
    expect(newcomer.take().filter(isEarly)).toEqual([])
  })
})

describe('a stranger who asks without end', () => {
  const others = (host: Host) => [
    { name: '_earshot._tcp.local', type: 'PTR' },
    { name: host.responder.instance, type: 'SRV' },
    { name: hostName(host.self.id, ''), type: 'A' },
  ]
  const settled = async () => {
    const ether = new Ether()
    const [host, rival] = [ether.host(), ether.host()]
    host.announce()
    await ether.clock.advance(5_000)
    ether.sent.length = 0
    return { ether, host, rival }
  }
  const answers = (ether: Ether, host: Host) =>
    ether.sent.filter((one) => one.from.address === host.address && one.packet.kind === 'response')

  it.each([
    ['as a resolver of old', 40_000, false],
    ['for answers alone', 5_353, true],
    ['for answers to the group', 5_353, false],
  ])('%s has a few a second, and the rest is counted', async (_what, port, unicast) => {
    const { ether, host, rival } = await settled()
    for (let i = 0; i < 1_000; i++) {
      for (const question of [browse, ...others(host)]) {
        rival.speak(query({ questions: [{ ...question, unicast }] }), port)
      }
      await ether.clock.advance(1)
    }
    await ether.clock.advance(1_000)
    const said = answers(ether, host)
    expect(said.length).toBeGreaterThan(0)
    expect(said.filter(({ to }) => to).length).toBeLessThanOrEqual(4 * 5)
    expect(said.filter(({ to }) => !to).length).toBeLessThanOrEqual(16)
    expect(host.crowded > 3_900).toBe(port !== 5_353 || unicast)
  })

  it('keeps no newcomer of another address from its answer', async () => {
    const { ether, host, rival } = await settled()
    const newcomer = ether.host()
    for (let i = 0; i < 300; i++) {
      rival.speak(query({ questions: [browse] }), 40_000)
      if (i === 200) newcomer.browse()
      await ether.clock.advance(1)
    }
    expect(newcomer.take()).toMatchObject([{ type: 'up', peer: { id: host.self.id } }])
  })

  it('to be answered alone keeps nobody from asking the group', async () => {
    const { ether, host, rival } = await settled()
    const newcomer = ether.host()
    // The first two are asked from a port of its own; its answers are lost.
    ether.loses = ({ to }) => to !== undefined
    newcomer.browse()
    for (let i = 0; i < 100; i++) {
      rival.speak(query({ questions: [{ ...browse, unicast: true }] }))
      await ether.clock.advance(50)
    }
    expect(newcomer.take()).toMatchObject([{ type: 'up', peer: { id: host.self.id } }])
    const asked = ether.group(({ questions }) => {
      return questions.some(({ name, unicast }) => name === browse.name && !unicast)
    })
    expect(asked.some(({ from }) => from.address === newcomer.address && from.port === 5_353)).toBe(
      true,
    )
  })
})

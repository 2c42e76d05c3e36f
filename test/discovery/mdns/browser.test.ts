import { beforeEach, describe, expect, it } from 'vitest'
import { browseName, hostName, instanceName } from '../../../src/discovery/mdns/names.ts'
import { ownRecords } from '../../../src/discovery/mdns/own-records.ts'
import { type DnsRecord, query, response } from '../../../src/discovery/mdns/packet.ts'
import { aRecord } from '../support.ts'
import { Ether, type Host, type Sent } from './ether.ts'

const browse = { name: browseName('shop'), type: 'PTR' }
const asksToBrowse = ({ packet }: Sent) => packet.questions.some(({ name }) => name === browse.name)

/** The records of a peer that has no host of its own in the ether. */
function recordsOf(changes: object = {}): readonly DnsRecord[] {
  const self = aRecord({ inbox: ['tcp://10.0.0.99:7'], ...changes })
  const names = {
    instance: instanceName(self.name ?? '', self.id, ''),
    host: hostName(self.id, ''),
  }
  const { shared, unique } = ownRecords(self, names, ['10.0.0.99']) as NonNullable<
    ReturnType<typeof ownRecords>
  >
  return [...shared, ...unique]
}

describe('the browser', () => {
  let ether: Ether
  let host: Host
  let newcomer: Host
  beforeEach(() => {
    ether = new Ether()
    host = ether.host({ name: 'orders', seq: 4, meta: { role: 'primary' } })
    newcomer = ether.host()
  })

  it('finds a peer with its first question, in one round trip', async () => {
    host.announce()
    await ether.clock.advance(5_000)
    newcomer.browse()
    await ether.clock.advance(2)
    const tellers = [host.address]
    expect(newcomer.take()).toEqual([{ type: 'up', peer: { ...host.self, tellers } }])
  })

  it('asks at 0 and 150 ms from its own port, then the group ever more rarely', async () => {
    newcomer.browse()
    await ether.clock.advance(105_000)
    const asks = ether.group().filter(asksToBrowse)
    expect(asks.slice(0, 2).map(({ atMs }) => atMs)).toEqual([0, 150])
    expect(asks[2]?.atMs).toBeGreaterThanOrEqual(1_000)
    expect(asks[2]?.atMs).toBeLessThanOrEqual(1_850)
    const gapsMs = asks.slice(3).map(({ atMs }, i) => atMs - (asks[i + 2]?.atMs ?? 0))
    expect(gapsMs).toHaveLength(5)
    for (const [i, gapMs] of gapsMs.entries()) {
      expect(gapMs / (3_000 * 2 ** i)).toBeGreaterThanOrEqual(1)
      expect(gapMs / (3_000 * 2 ** i)).toBeLessThanOrEqual(1.1)
    }
    expect(asks.map(({ from }) => from.port !== 5_353)).toEqual(
      asks.map(({ atMs }) => atMs <= 1_000),
    )
  })

  it('names what it knows when it asks again, and is not told it again', async () => {
    host.announce()
    await ether.clock.advance(5_000)
    newcomer.browse()
    await ether.clock.advance(3_900)
    const answers = ether.sent.filter(({ to }) => to)
    expect(answers).toHaveLength(1)
    const asks = ether.group().filter(asksToBrowse)
    expect(asks.map(({ packet }) => packet.answers.length)).toEqual([0, 1, 1])
  })

  it('splits what it knows over packets that fit into a frame', async () => {
    newcomer.browse()
    for (let i = 0; i < 120; i++) host.speak(response({ answers: recordsOf({ name: `p${i}` }) }))
    await ether.clock.advance(140)
    ether.sent.length = 0
    await ether.clock.advance(20)
    const asks = ether.group()
    expect(asks.length).toBeGreaterThan(2)
    expect(asks.every(({ bytes }) => bytes <= 1_472)).toBe(true)
    const shape = asks.map(({ packet }) => [packet.questions.length, packet.truncated])
    expect(shape[0]).toEqual([1, true])
    expect(shape.at(-1)).toEqual([0, false])
    expect(asks.reduce((sum, { packet }) => sum + packet.answers.length, 0)).toBe(120)
  })

  it('takes the question of another for its own', async () => {
    newcomer.browse()
    await ether.clock.advance(3_500)
    ether.sent.length = 0
    host.speak(query({ questions: [browse] }))
    await ether.clock.advance(1_000)
    expect(ether.group().filter(({ from }) => from.address === newcomer.address)).toEqual([])
    const knows = recordsOf().find(({ name }) => name === browse.name) as DnsRecord
    await ether.clock.advance(5_000)
    host.speak(query({ questions: [browse], answers: [knows] }))
    await ether.clock.advance(1_000)
    expect(ether.group().some(({ from }) => from.address === newcomer.address)).toBe(true)
  })

  it('hears of a peer by its announcement, and of its change and goodbye at once', async () => {
    newcomer.browse()
    await ether.clock.advance(2_000)
    host.announce()
    await ether.clock.advance(1_100)
    expect(newcomer.take()).toMatchObject([{ type: 'up' }])
    host.responder.update({ ...host.self, seq: 5 })
    await ether.clock.advance(2_000)
    expect(newcomer.take()).toMatchObject([{ type: 'change', peer: { seq: 5 } }])
    host.responder.withdraw()
    await ether.clock.advance(1)
    const { id, epoch } = host.self
    expect(newcomer.take()).toEqual([{ type: 'down', id, epoch, reason: 'goodbye' }])
  })

  it('two that start together find each other within 10 ms', async () => {
    for (const one of [host, newcomer]) {
      one.announce()
      one.browse()
    }
    await ether.clock.advance(10)
    const found = [...host.take(), ...newcomer.take()]
    expect(found.filter(({ type }) => type === 'up').length).toBeGreaterThanOrEqual(1)
    await ether.clock.advance(200)
    expect(host.take().length + newcomer.take().length + found.length).toBe(2)
  })

  it('keeps a living peer for ever by asking again before it runs out', async () => {
    host.announce()
    newcomer.browse()
    await ether.clock.advance(5_000)
    newcomer.take()
    ether.sent.length = 0
    await ether.clock.advance(3_600_000)
    expect(newcomer.take()).toEqual([])
    // Service and host each 96 to 98 s, one packet to ask and one to answer.
    expect(ether.sent.length).toBeLessThan(200)
  })

  it('gives up a dead peer when its records run out, after asking four times', async () => {
    host.announce()
    newcomer.browse()
    await ether.clock.advance(5_000)
    newcomer.take()
    host.die()
    ether.sent.length = 0
    await ether.clock.advance(121_000)
    expect(newcomer.take()).toMatchObject([{ type: 'down', reason: 'expired' }])
    expect(ether.group((packet) => packet.questions[0]?.type === 'SRV')).toHaveLength(4)
  })

  it('asks for what a packet leaves out, three times at most', async () => {
    newcomer.browse()
    await ether.clock.advance(2_000)
    const [, pointer] = recordsOf()
    ether.sent.length = 0
    host.speak(response({ answers: [pointer as DnsRecord] }))
    await ether.clock.advance(30_000)
    const asks = ether.group((packet) => packet.questions.some(({ type }) => type === 'SRV'))
    expect(asks).toHaveLength(3)
    expect(newcomer.take()).toEqual([])
    expect(newcomer.browser.cache.size).toBe(0)
  })

  it('puts a peer together from packets that bring its records one by one', async () => {
    newcomer.browse()
    for (const record of recordsOf()) {
      host.speak(response({ answers: [record] }))
      await ether.clock.advance(2)
    }
    expect(newcomer.take()).toMatchObject([{ type: 'up' }])
  })

  it('reports a restart with a later epoch as up', async () => {
    newcomer.browse()
    const { id } = aRecord()
    host.speak(response({ answers: recordsOf({ id, epoch: 1 }) }))
    await ether.clock.advance(10)
    host.speak(response({ answers: recordsOf({ id, epoch: 2 }) }))
    await ether.clock.advance(10)
    expect(newcomer.take()).toMatchObject([
      { type: 'up', peer: { epoch: 1 } },
      { type: 'up', peer: { epoch: 2 } },
    ])
  })

  it('forgets the old address of a host when a new one comes with the flush bit', async () => {
    newcomer.browse()
    const records = recordsOf()
    host.speak(response({ answers: records }))
    await ether.clock.advance(2_000)
    const moved = records.map((r) => (r.type === 'A' ? { ...r, data: '10.0.0.98' } : r))
    host.speak(response({ answers: moved }))
    await ether.clock.advance(2)
    const inbox = ['tcp://10.0.0.98:7']
    expect(newcomer.take().at(-1)).toMatchObject({ type: 'change', peer: { inbox } })
  })

  it('loses what it knew of an interface that goes, and asks anew when it comes back', async () => {
    host.announce()
    newcomer.browse()
    await ether.clock.advance(5_000)
    newcomer.take()
    newcomer.browser.removeInterface(newcomer.address)
    expect(newcomer.take()).toMatchObject([{ type: 'down' }])
    newcomer.browser.addInterface(newcomer.address)
    await ether.clock.advance(3)
    expect(newcomer.take()).toMatchObject([{ type: 'up' }])
  })

  it('finds a peer whose packets are lost twice out of three times', async () => {
    host.announce()
    await ether.clock.advance(5_000)
    let count = 0
    ether.loses = ({ from }) => from.address === host.address && ++count % 3 !== 0
    newcomer.browse()
    await ether.clock.advance(5_000)
    expect(newcomer.take()).toMatchObject([{ type: 'up' }])
  })

  it('keeps at most 4,096 records of strangers, and still works', async () => {
    newcomer.browse()
    for (let i = 0; i < 3_000; i++) host.speak(response({ answers: recordsOf({ name: `p${i}` }) }))
    await ether.clock.advance(10)
    expect(newcomer.browser.cache.size).toBeLessThanOrEqual(4_096)
    expect(newcomer.browser.cache.refused).toBeGreaterThan(1_500)
    expect(newcomer.take().length).toBeLessThanOrEqual(1_024)
  })

  it.each([
    ['a TXT record of another format', [Buffer.from('txtvers=2')]],
    ['no id', [Buffer.from('txtvers=1')]],
    ['an id that is none', [Buffer.from('txtvers=1'), Buffer.from('id=../../etc')]],
    ['too many keys', Array.from({ length: 33 }, (_, i) => Buffer.from(`k${i}=v`))],
    ['1,400 bytes', Array.from({ length: 7 }, (_, i) => Buffer.from(`k${i}=${'v'.repeat(200)}`))],
  ])('does not report a peer with %s', async (_what, data) => {
    newcomer.browse()
    const records = recordsOf().map((r) => (r.type === 'TXT' ? { ...r, data } : r))
    host.speak(response({ answers: records }))
    await ether.clock.advance(1_000)
    expect(newcomer.take()).toEqual([])
  })

  it('leaves no timer behind when all is closed', async () => {
    host.announce()
    newcomer.announce()
    newcomer.browse()
    await ether.clock.advance(5_000)
    host.responder.withdraw()
    newcomer.responder.withdraw()
    newcomer.browser.close()
    await ether.clock.advance(10)
    expect(ether.clock.pending).toBe(0)
  })
})

describe('thirty peers that start together on one link', () => {
  const together = () => {
    const ether = new Ether()
    const hosts = Array.from({ length: 30 }, () => ether.host())
    for (const host of hosts) {
      host.announce()
      host.browse()
    }
    return { ether, hosts }
  }
  const fewest = (hosts: readonly Host[]) =>
    Math.min(...hosts.map((host) => host.browser.peerCount))

  it('know each other by their first probes, and answer a few alone', async () => {
    const { ether, hosts } = together()
    await ether.clock.advance(255)
    expect(fewest(hosts)).toBe(30)
    expect(ether.sent.filter(({ to }) => to).length).toBeLessThanOrEqual(30 * 8)
  })

  it('send at most 8 packets each to the group, and next to none at rest', async () => {
    const { ether } = together()
    await ether.clock.advance(12_000)
    expect(ether.group().length / 30).toBeLessThan(8)
    ether.sent.length = 0
    await ether.clock.advance(60_000)
    // One asks for all, in one packet, after 12, 24 and 48 s.
    expect(ether.sent.length).toBeLessThan(20)
  })

  it('are asked for together when their records run out', async () => {
    const { ether, hosts } = together()
    await ether.clock.advance(12_000)
    ether.sent.length = 0
    await ether.clock.advance(96_000)
    const asks = ether.group((packet) => packet.questions.some(({ type }) => type === 'SRV'))
    expect(asks.length).toBeLessThanOrEqual(4)
    expect(fewest(hosts)).toBe(30)
  })

  it('know each other in the end when every third packet is lost', async () => {
    const { ether, hosts } = together()
    ether.loses = () => ether.random() < 1 / 3
    await ether.clock.advance(6_000)
    expect(fewest(hosts)).toBe(30)
  })
})

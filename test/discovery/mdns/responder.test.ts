import { beforeEach, describe, expect, it } from 'vitest'
import { browseName, serviceType, typesName } from '../../../src/discovery/mdns/names.ts'
import { type DnsRecord, query, recordKey, response } from '../../../src/discovery/mdns/packet.ts'
import { Ether, type Host, type Sent } from './ether.ts'

const browse = { name: browseName('shop'), type: 'PTR' }
const isProbe = ({ packet }: Sent) => packet.authorities.length > 0
const isAnnouncement = ({ packet }: Sent) => packet.kind === 'response' && packet.answers.length > 3
const conflicting = (host: Host, port: number): DnsRecord => ({
  type: 'SRV',
  name: host.responder.instance,
  ttlSeconds: 120,
  data: { port, target: 'other.local' },
})

describe('the responder', () => {
  let ether: Ether
  let host: Host
  let asker: Host
  const replies = () => ether.sent.filter(({ from, to }) => from.address === host.address && to)
  const announced = async () => {
    host.announce()
    await ether.clock.advance(5_000)
    ether.sent.length = 0
  }
  beforeEach(() => {
    ether = new Ether()
    host = ether.host()
    asker = ether.host()
  })

  it('probes three times, 250 ms apart, then announces twice, 1 s apart', async () => {
    host.announce()
    await ether.clock.advance(10_000)
    const probes = ether.group().filter(isProbe)
    const [first, second] = ether.group().filter(isAnnouncement)
    expect(probes).toHaveLength(3)
    expect(probes[0]?.atMs).toBeLessThanOrEqual(250)
    expect((probes[1]?.atMs ?? 0) - (probes[0]?.atMs ?? 0)).toBeCloseTo(250)
    expect((probes[2]?.atMs ?? 0) - (probes[1]?.atMs ?? 0)).toBeCloseTo(250)
    expect((first?.atMs ?? 0) - (probes[2]?.atMs ?? 0)).toBeCloseTo(250)
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeCloseTo(1_000)
    expect(ether.sent).toHaveLength(5)
  })

  it('announces in one frame, with the flush bit on what is its alone', async () => {
    host.announce()
    await ether.clock.advance(2_000)
    const { packet, bytes } = ether.group().find(isAnnouncement) as Sent
    expect(bytes).toBeLessThan(1_440)
    expect(packet.answers.map(({ type, flush = false }) => [type, flush])).toEqual([
      ['PTR', false],
      ['PTR', false],
      ['SRV', true],
      ['TXT', true],
      ['A', true],
    ])
  })

  it('answers one who asks from another port alone, at once, with all that is needed', async () => {
    await announced()
    asker.speak(query({ id: 77, questions: [browse] }), 50_000)
    await ether.clock.advance(1)
    const [reply] = replies()
    expect(reply?.to).toEqual({ address: asker.address, port: 50_000 })
    expect(reply?.packet).toMatchObject({ id: 77, questions: [browse] })
    expect(reply?.packet.answers.map(({ type }) => type)).toEqual(['PTR'])
    expect(reply?.packet.additionals.map(({ type, flush }) => [type, flush])).toEqual([
      ['SRV', false],
      ['TXT', false],
      ['A', false],
    ])
  })

  it('gives one who keeps no cache in step at most 10 s, and our own peers the whole', async () => {
    await announced()
    asker.speak(query({ questions: [{ name: serviceType, type: 'PTR' }] }), 50_000)
    asker.speak(query({ questions: [browse] }), 50_000)
    await ether.clock.advance(10)
    expect(replies().map(({ packet }) => packet.answers[0]?.ttlSeconds)).toEqual([10, 4_500])
  })

  it('answers peers of its mesh while it still probes, and nobody else', async () => {
    host.announce()
    await ether.clock.advance(10)
    asker.speak(query({ questions: [{ name: serviceType, type: 'PTR' }] }), 50_000)
    asker.speak(query({ questions: [browse] }))
    await ether.clock.advance(10)
    expect(replies()).toEqual([])
    asker.speak(query({ questions: [browse] }), 50_000)
    await ether.clock.advance(10)
    expect(replies()).toHaveLength(1)
  })

  it('does not answer for another mesh or another type', async () => {
    await announced()
    const names = [browseName('other'), '_http._tcp.local', 'es-0000.local']
    asker.speak(query({ questions: names.map((name) => ({ name, type: 'ANY' })) }), 50_000)
    asker.speak(query({ questions: [{ ...browse, type: 'AAAA' }] }))
    await ether.clock.advance(2_000)
    expect(ether.sent).toHaveLength(2)
  })

  it('spreads shared answers to the group over 20 to 120 ms', async () => {
    await announced()
    asker.speak(query({ questions: [browse] }))
    await ether.clock.advance(1_000)
    const [asked, answer] = ether.group()
    const waitedMs = (answer?.atMs ?? 0) - (asked?.atMs ?? 0) - 1
    expect(waitedMs).toBeGreaterThanOrEqual(20)
    expect(waitedMs).toBeLessThanOrEqual(120)
  })

  it('answers for what is its alone without delay', async () => {
    await announced()
    asker.speak(query({ questions: [{ name: host.responder.instance, type: 'SRV' }] }))
    await ether.clock.advance(1)
    const [, answer] = ether.group()
    expect(answer?.packet.answers).toMatchObject([{ type: 'SRV', flush: true }])
    const { additionals } = answer?.packet ?? {}
    expect(additionals).toMatchObject([{ type: 'A', data: host.address }, { type: 'NSEC' }])
  })

  it('sends a record to the group once a second at most', async () => {
    await announced()
    for (let i = 0; i < 50; i++) {
      asker.speak(query({ questions: [browse] }))
      await ether.clock.advance(100)
    }
    const times = new Map<string, number[]>()
    for (const { atMs, packet, from } of ether.group()) {
      if (from.address !== host.address) continue
      for (const record of [...packet.answers, ...packet.additionals]) {
        const key = recordKey(record)
        times.set(key, [...(times.get(key) ?? []), atMs])
      }
    }
    expect(times.size).toBe(5)
    for (const list of times.values()) {
      expect(list.length).toBeGreaterThanOrEqual(4)
      for (const [i, atMs] of list.entries()) {
        if (i > 0) expect(atMs - (list[i - 1] ?? 0)).toBeGreaterThanOrEqual(1_000)
      }
    }
  })

  it('keeps silent about what the asker knows, unless half of its life is over', async () => {
    await announced()
    const known = (ttlSeconds: number): DnsRecord => ({
      ...browse,
      type: 'PTR',
      ttlSeconds,
      data: host.responder.instance,
    })
    asker.speak(query({ questions: [browse], answers: [known(2_250)] }))
    asker.speak(query({ questions: [browse], answers: [known(4_500)] }), 50_000)
    await ether.clock.advance(1_000)
    expect(ether.sent).toHaveLength(2)
    asker.speak(query({ questions: [browse], answers: [known(2_249)] }))
    await ether.clock.advance(1_000)
    expect(ether.sent).toHaveLength(4)
  })

  it('waits for more known answers when the question is truncated', async () => {
    await announced()
    const data = host.responder.instance
    const known: DnsRecord = { ...browse, type: 'PTR', ttlSeconds: 4_500, data }
    asker.speak(query({ questions: [browse], truncated: true }))
    await ether.clock.advance(100)
    asker.speak(query({ answers: [known] }))
    await ether.clock.advance(2_000)
    expect(ether.group().filter(({ from }) => from.address === host.address)).toEqual([])
    asker.speak(query({ questions: [browse], truncated: true }))
    await ether.clock.advance(2_000)
    expect(ether.group().filter(({ from }) => from.address === host.address)).toHaveLength(1)
  })

  it('leaves an answer out that another has just given', async () => {
    await announced()
    const question = { name: typesName, type: 'PTR' }
    const same: DnsRecord = { ...question, type: 'PTR', ttlSeconds: 4_500, data: serviceType }
    asker.speak(query({ questions: [question] }))
    await ether.clock.advance(5)
    asker.speak(response({ answers: [same] }))
    await ether.clock.advance(1_000)
    expect(ether.sent).toHaveLength(2)
  })

  it('says goodbye with a lifetime of 0 on all it announced, once', async () => {
    await announced()
    host.responder.withdraw()
    host.responder.withdraw()
    asker.speak(query({ questions: [browse] }), 50_000)
    await ether.clock.advance(5_000)
    const [goodbye, ...rest] = ether.sent.filter(({ from }) => from.address === host.address)
    expect(goodbye?.packet.answers).toHaveLength(5)
    expect(goodbye?.packet.answers.every(({ ttlSeconds }) => ttlSeconds === 0)).toBe(true)
    expect(rest).toEqual([])
  })

  it('speaks up when another says goodbye in its name', async () => {
    await announced()
    const data = host.responder.instance
    asker.speak(response({ answers: [{ ...browse, type: 'PTR', ttlSeconds: 0, data }] }))
    await ether.clock.advance(200)
    expect(ether.group().at(-1)?.packet.answers).toMatchObject([{ ttlSeconds: 4_500, data }])
  })

  it('announces a change within 250 ms, twice, and not more than once a second', async () => {
    await announced()
    const startMs = ether.clock.nowMs()
    for (let seq = 1; seq <= 10; seq++) {
      host.responder.update({ ...host.self, seq })
      await ether.clock.advance(10)
    }
    await ether.clock.advance(5_000)
    const times = ether.group().map(({ atMs }) => atMs - startMs)
    expect(times).toEqual([250, 1_250])
  })

  it('announces nothing without an inbox by TCP, and begins when there is one', async () => {
    const { self } = host
    host.responder.update({ ...self, inbox: ['ipc:///run/x.i'] })
    host.announce()
    await ether.clock.advance(5_000)
    expect(ether.sent).toEqual([])
    host.responder.update(self)
    await ether.clock.advance(5_000)
    expect(ether.group().filter(isAnnouncement)).toHaveLength(2)
  })

  it('is announced only where its inbox listens, also on any address', async () => {
    host.responder.update({ ...host.self, inbox: ['tcp://127.0.0.1:4711'] })
    host.announce()
    await ether.clock.advance(2_000)
    expect(ether.sent).toEqual([])
    host.responder.update({ ...host.self, inbox: ['tcp://0.0.0.0:4799'] })
    await ether.clock.advance(2_000)
    const { packet } = ether.group().find(isAnnouncement) as Sent
    const answers = packet.answers.filter(({ type }) => type === 'SRV' || type === 'A')
    expect(answers).toMatchObject([{ data: { port: 4_799 } }, { data: host.address }])
  })
})

describe('a responder whose name is contested', () => {
  let ether: Ether
  let host: Host
  let rival: Host
  beforeEach(() => {
    ether = new Ether()
    host = ether.host()
    rival = ether.host()
  })

  it('renames with a suffix when an answer contradicts its probe', async () => {
    host.announce()
    await ether.clock.advance(300)
    const before = host.responder.instance
    rival.speak(response({ answers: [conflicting(host, 9)] }))
    await ether.clock.advance(5_000)
    expect(host.renames).toHaveLength(1)
    expect(host.responder.instance).toMatch(/-[0-9a-f]{8}-[0-9a-f]{4}\._earshot/)
    expect(host.responder.instance).not.toBe(before)
    const last = ether.group().filter(isAnnouncement).at(-1)
    expect(last?.packet.answers[0]?.data).toBe(host.responder.instance)
  })

  it('defends its name against the probe of another at once', async () => {
    host.announce()
    await ether.clock.advance(5_000)
    ether.sent.length = 0
    const { instance } = host.responder
    const claim = conflicting(host, 9)
    rival.speak(query({ questions: [{ name: instance, type: 'ANY' }], authorities: [claim] }))
    await ether.clock.advance(1)
    const [, defence] = ether.group()
    expect(defence?.packet.answers.map(({ type }) => type)).toContain('SRV')
    await ether.clock.advance(1_000)
    expect(host.renames).toEqual([])
  })

  it.each([
    [1, true],
    [65_000, false],
  ])('in a tie with port %i of another, keeps its name: %s', async (port, wins) => {
    host.announce()
    await ether.clock.advance(300)
    const text = ether.sent[0]?.packet.authorities.find(({ type }) => type === 'TXT')
    ether.sent.length = 0
    const authorities = [conflicting(host, port), text as DnsRecord]
    rival.speak(query({ authorities }))
    await ether.clock.advance(600)
    const probes = ether.group().filter(({ from }) => from.address === host.address)
    expect(probes.length > 0).toBe(wins)
    await ether.clock.advance(3_000)
    expect(ether.group().filter(isAnnouncement).length).toBeGreaterThan(0)
  })

  it('lets two with one id and different hosts both end with a name', async () => {
    const { id } = host.self
    const twin = ether.host({ id })
    host.announce()
    twin.announce()
    await ether.clock.advance(20_000)
    expect(twin.responder.instance).not.toBe(host.responder.instance)
    const names = ether.group().filter(isAnnouncement).slice(-2)
    expect(names).toHaveLength(2)
  })

  it('slows down when it is contested without end', async () => {
    host.announce()
    for (let i = 0; i < 600; i++) {
      rival.speak(response({ answers: [conflicting(host, 9)] }))
      await ether.clock.advance(50)
    }
    const probes = ether.group().filter(isProbe).length
    expect(host.renames.length).toBeGreaterThan(15)
    expect(probes).toBeLessThan(60)
  })
})

describe('a responder that many ask at once', () => {
  const askers = Array.from({ length: 20 }, (_, index) => 50_000 + index)

  it.each([
    ['one alone while it still probes: the others hear its probes', 100, 1, 0],
    ['eight alone when it holds its names, and tells the others by the group', 5_000, 8, 1],
  ])('answers %s', async (_what, afterMs, alone, grouped) => {
    const ether = new Ether()
    const [host, asker] = [ether.host(), ether.host()]
    const others = Array.from({ length: 5 }, () => ether.host())
    host.announce()
    await ether.clock.advance(afterMs)
    ether.sent.length = 0
    for (const [at, port] of askers.entries()) {
      others[at % 5]?.speak(query({ questions: [browse] }), port)
    }
    await ether.clock.advance(130)
    const said = ether.sent.filter(({ from, packet }) => {
      return from.address === host.address && packet.kind === 'response'
    })
    expect(said.filter(({ to }) => to)).toHaveLength(alone)
    expect(said.filter(({ to }) => !to)).toHaveLength(grouped)
    asker.speak(query({ questions: [browse] }), 49_999)
    await ether.clock.advance(300)
    asker.speak(query({ questions: [browse] }), 49_998)
    await ether.clock.advance(30)
    expect(ether.sent.some(({ to }) => to?.port === 49_998)).toBe(true)
  })
})

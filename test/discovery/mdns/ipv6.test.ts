import { describe, expect, it } from 'vitest'
import { decodePacket } from '../../../src/discovery/mdns/decode.ts'
import { encodePacket } from '../../../src/discovery/mdns/encode.ts'
import { isOnLink, type NetworkInterface } from '../../../src/discovery/mdns/interfaces.ts'
import { ipv6Bytes, isLinkLocal6, zoneOf } from '../../../src/discovery/mdns/ipv6.ts'
import { ownRecords } from '../../../src/discovery/mdns/own-records.ts'
import { type DnsRecord, response } from '../../../src/discovery/mdns/packet.ts'
import { aRecord } from '../support.ts'
import { Ether } from './ether.ts'

const hex = (address: string) => Buffer.from(ipv6Bytes(address)).toString('hex')
const names = { instance: 'x._earshot._tcp.local', host: 'es-x.local' }

function addressesOf(inbox: string[], reachable: string[]): string[] {
  const records = ownRecords(aRecord({ inbox }), names, reachable)?.unique ?? []
  return records.flatMap((r) => (r.type === 'A' || r.type === 'AAAA' ? `${r.type} ${r.data}` : []))
}

describe('an IPv6 address', () => {
  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['fd00::', 'fd000000000000000000000000000000'],
    ['::ffff:10.0.0.7', '00000000000000000000ffff0a000007'],
    ['nonsense', '00000000000000000000000000000000'],
  ])('%s is told in 16 bytes', (address, bytes) => {
    expect(hex(address)).toBe(bytes)
  })

  it('is link-local or not, with its zone behind it', () => {
    expect(['fe80::1', 'febf::1', 'fec0::1', 'fd00::1'].map(isLinkLocal6)).toEqual([
      ...[true, true, false, false],
    ])
    expect([zoneOf('fe80::1%eth0'), zoneOf('10.0.0.1')]).toEqual(['eth0', undefined])
  })

  it('comes back as it was after a packet', () => {
    const data = 'fd00::7:1'
    const record: DnsRecord = { name: 'x.local', type: 'AAAA', ttlSeconds: 120, data }
    const read = decodePacket(encodePacket(response({ answers: [record] })))
    expect(read?.answers).toEqual([{ ...record, flush: false }])
  })
})

describe('a link over IPv6', () => {
  const network: NetworkInterface = {
    ...{ name: 'eth0', family: 6, address: 'fe80::1%eth0', netmask: 'ffff:ffff:ffff:ffff::' },
    reachable: ['fe80::1', '10.0.0.1'],
  }

  it.each([
    ['fe80::2%eth0', true],
    ['fe80::2%eth1', false],
    ['fe80::2', false],
    ['2001:db8::2', false],
    ['10.0.0.2', false],
  ])('takes packets from %s: %s', (source, is) => {
    expect(isOnLink(network, source)).toBe(is)
  })

  it('announces the addresses where the inbox listens, and no other', () => {
    const all = ['fe80::1', 'fd00::1', '10.0.0.1']
    expect(addressesOf(['tcp://0.0.0.0:1'], all)).toEqual(['A 10.0.0.1'])
    expect(addressesOf(['tcp://[fd00::1]:1'], all)).toEqual(['AAAA fd00::1'])
    expect(addressesOf(['tcp://[::]:1'], all)).toEqual([
      'A 10.0.0.1',
      'AAAA fe80::1',
      'AAAA fd00::1',
    ])
    expect(addressesOf(['tcp://10.0.0.1:1', 'tcp://[fd00::1]:2'], all)).toEqual(['AAAA fd00::1'])
    expect(addressesOf(['tcp://127.0.0.1:1'], all)).toEqual([])
  })

  it('is where a link-local address counts; heard over IPv4 it is nothing', async () => {
    const ether = new Ether()
    const host = ether.host()
    const newcomer = ether.host()
    newcomer.browse()
    const self = aRecord({ inbox: ['tcp://[::]:7'] })
    const own = ownRecords(self, names, ['fe80::9', 'fd00::9'])
    host.speak(response({ answers: [...(own?.shared ?? []), ...(own?.unique ?? [])] }))
    await ether.clock.advance(10)
    expect(newcomer.take()).toMatchObject([{ peer: { inbox: ['tcp://[fd00::9]:7'] } }])
    const zoned = 'fe80::2%eth0'
    newcomer.browser.addInterface(zoned)
    const packet = response({ answers: [...(own?.shared ?? []), ...(own?.unique ?? [])] })
    newcomer.browser.receive(zoned, packet, true)
    const inbox = expect.arrayContaining(['tcp://[fe80::9%eth0]:7'])
    expect(newcomer.take()).toMatchObject([{ type: 'change', peer: { inbox } }])
  })

  it('is asked a second later where IPv4 is, once, with what is known by then', async () => {
    const ether = new Ether()
    const host = ether.host()
    const newcomer = ether.host()
    host.announce()
    await ether.clock.advance(3_000)
    newcomer.browse()
    ether.sent.length = 0
    newcomer.browser.addInterface('fe80::2%eth0', newcomer.address)
    await ether.clock.advance(2_500)
    const asks = ether.sent.filter(({ packet }) => packet.kind === 'query')
    expect(asks[0]?.atMs).toBe(3_150)
    // One over each family, with what is known.
    expect(asks).toHaveLength(3)
    expect(asks[1]?.atMs).toBeGreaterThanOrEqual(3_850)
    for (const { packet } of asks.slice(1)) {
      expect(packet.answers.map(({ data }) => data)).toEqual([host.responder.instance])
    }
  })
})

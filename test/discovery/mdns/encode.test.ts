import { decode, encode } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { decodePacket } from '../../../src/discovery/mdns/decode.ts'
import { encodePacket } from '../../../src/discovery/mdns/encode.ts'
import { browseName, hostName, instanceName } from '../../../src/discovery/mdns/names.ts'
import { ownRecords } from '../../../src/discovery/mdns/own-records.ts'
import { query, response } from '../../../src/discovery/mdns/packet.ts'
import { aRecord } from '../support.ts'

const self = aRecord({ name: 'Größe', inbox: ['tcp://10.0.0.1:7'], door: ['tcp://10.0.0.1:8'] })
const names = { instance: instanceName('orders', self.id, ''), host: hostName(self.id, '') }
const own = ownRecords(self, names, ['10.0.0.1'])
const { shared, unique } = own as NonNullable<typeof own>
const announcement = response({ answers: [...shared, ...unique] })

describe('packets that we write', () => {
  it('are read by dns-packet as they were meant', () => {
    const read = decode(encodePacket(announcement))
    expect(read.answers).toMatchObject([
      { name: '_earshot._tcp.local', type: 'PTR', ttl: 4_500, flush: false, data: names.instance },
      { name: browseName(self.mesh), type: 'PTR', data: names.instance },
      { name: names.instance, type: 'SRV', ttl: 120, flush: true, data: { port: 7 } },
      { name: names.instance, type: 'TXT', ttl: 4_500, flush: true },
      { name: names.host, type: 'A', ttl: 120, data: '10.0.0.1' },
    ])
    expect(read).toMatchObject({ flag_qr: true, flag_aa: true, flag_tc: false })
  })

  it('are read by us as dns-packet writes them, names in lower case', () => {
    const bytes = encode({ ...decode(encodePacket(announcement)), type: 'response' })
    const upper = encode({ type: 'query', questions: [{ name: 'ES-1.Local', type: 'HINFO' }] })
    expect(decodePacket(bytes)?.answers).toEqual(decodePacket(encodePacket(announcement))?.answers)
    const [question] = decodePacket(upper)?.questions ?? []
    expect(question).toEqual({ name: 'es-1.local', type: 'TYPE13', unicast: false })
  })

  it('are smaller than those of dns-packet, which writes each name in full', () => {
    const bytes = encodePacket(announcement)
    const full = encode(decode(bytes))
    expect(bytes.length).toBeLessThan(330)
    expect(full.length - bytes.length).toBeGreaterThan(150)
  })

  it('keep the target of a service in full for resolvers of old', () => {
    const questions = [{ name: names.instance, type: 'SRV' }]
    const [service, , host] = unique
    const answers = [host, service].filter((record) => record !== undefined)
    const bytes = encodePacket(response({ id: 5, questions, answers }))
    expect(bytes.indexOf(`es-${self.id.slice(0, 16)}`)).toBeGreaterThan(0)
    expect(bytes.lastIndexOf(`es-${self.id.slice(0, 16)}`)).toBeGreaterThan(
      bytes.indexOf(`es-${self.id.slice(0, 16)}`),
    )
    expect(decodePacket(bytes)?.answers).toHaveLength(2)
  })

  it('come back the same, whatever part a record is in', () => {
    const questions = [{ name: names.instance, type: 'ANY', unicast: false }]
    const sent = query({ questions, truncated: true, answers: shared, authorities: unique })
    expect(decodePacket(encodePacket(sent))).toMatchObject(sent)
  })
})

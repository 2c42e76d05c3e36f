import { beforeEach, describe, expect, it } from 'vitest'
import { browseName } from '../../../src/discovery/mdns/names.ts'
import { type DnsRecord, query, response } from '../../../src/discovery/mdns/packet.ts'
import { Ether, type Host } from './ether.ts'

const browse = { name: browseName('shop'), type: 'PTR' }

describe('what a name has not', () => {
  let ether: Ether
  let host: Host
  let asker: Host
  beforeEach(async () => {
    ether = new Ether()
    host = ether.host()
    asker = ether.host()
    host.announce()
    await ether.clock.advance(5_000)
    ether.sent.length = 0
  })
  const answersTo = async (name: string, type: string) => {
    asker.speak(query({ questions: [{ name, type }] }))
    await ether.clock.advance(1)
    return ether.group((packet) => packet.kind === 'response').flatMap((one) => one.packet.answers)
  }
  const hostOf = () => `es-${host.self.id.slice(0, 16)}.local`

  it.each(['AAAA', 'TXT', 'TYPE13'])('is denied at once: a host has no %s', async (type) => {
    expect(await answersTo(hostOf(), type)).toEqual([
      { type: 'NSEC', name: hostOf(), ttlSeconds: 120, flush: true, data: ['A'] },
    ])
  })

  it('is denied of the service, which has SRV and TXT alone', async () => {
    const data = ['SRV', 'TXT']
    const [denial] = await answersTo(host.responder.instance, 'A')
    expect(denial?.type === 'NSEC' && [...denial.data].sort()).toEqual(data)
  })

  it('is not denied of names of others, nor of shared ones, nor when all is asked', async () => {
    expect(await answersTo(browse.name, 'SRV')).toEqual([])
    expect(await answersTo('es-0.local', 'AAAA')).toEqual([])
    const all = await answersTo(hostOf(), 'ANY')
    expect(all.map(({ type }) => type)).toEqual(['A'])
  })

  it('is not denied to a resolver of old, which would not know what that is', async () => {
    asker.speak(query({ questions: [{ name: hostOf(), type: 'AAAA' }] }), 40_001)
    await ether.clock.advance(200)
    expect(ether.sent.filter(({ packet }) => packet.kind === 'response')).toEqual([])
  })

  it('is not asked for again by a browser that was told', async () => {
    asker.browse()
    await ether.clock.advance(5_000)
    const instance = `other-00000000._earshot._tcp.local`
    const pointer = { type: 'PTR', name: browse.name, ttlSeconds: 4_500, data: instance } as const
    const service = { name: instance, ttlSeconds: 120, flush: true } as const
    ether.sent.length = 0
    const denial: DnsRecord = { ...service, type: 'NSEC', data: ['SRV'] }
    const data = { port: 7, target: 'other.local' }
    host.speak(response({ answers: [pointer, denial, { ...service, type: 'SRV', data }] }))
    await ether.clock.advance(5_000)
    const asked = ether
      .group(({ kind }) => kind === 'query')
      .flatMap(({ packet }) => packet.questions)
    expect(asked.filter(({ type }) => type === 'TXT')).toEqual([])
    expect(asked.filter(({ name, type }) => name === 'other.local' && type === 'A')).toHaveLength(3)
  })
})

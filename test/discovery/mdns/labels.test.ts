// Labels are bytes: dots, backslashes and what is no text come back as they were.

import { describe, expect, it } from 'vitest'
import { decodePacket } from '../../../src/discovery/mdns/decode.ts'
import { encodePacket } from '../../../src/discovery/mdns/encode.ts'
import { bytesOfLabel, labelEnd, textOfLabel } from '../../../src/discovery/mdns/labels.ts'
import { browseName } from '../../../src/discovery/mdns/names.ts'
import { Ether } from './ether.ts'

const odd = [
  ['a dot', Buffer.from('dr. who'), 'dr\\. who'],
  ['a backslash at its end', Buffer.from('c:\\'), 'c:\\\\'],
  ['both', Buffer.from('\\.\\'), '\\\\\\.\\\\'],
  ['text that is not ASCII', Buffer.from('grüße'), 'grüße'],
  ['bytes that are no text', Buffer.from([0xff, 0x2e, 0x41, 0, 0x5c]), '\\255\\.a\\000\\\\'],
  ['what looks like an escape', Buffer.from('\\046'), '\\\\046'],
] as const

/** A question for a name of one odd label and of `rest`. */
function questionFor(label: Buffer, ...rest: string[]): Buffer {
  const labels = [label, ...rest.map((one) => Buffer.from(one))]
  const name = labels.flatMap((one) => [Buffer.of(one.length), one])
  const head = Buffer.alloc(12)
  head.writeUInt16BE(1, 4)
  return Buffer.concat([head, ...name, Buffer.of(0, 0, 33, 0, 1)])
}

describe('a label', () => {
  it.each(odd)('with %s is one label, and the same bytes when it is sent', (_what, bytes, text) => {
    expect(textOfLabel(bytes)).toBe(text)
    const lower = Buffer.from(bytes.map((one) => (one === 0x41 ? 0x61 : one)))
    expect(bytesOfLabel(text)).toEqual(lower)
    const name = `${text}._earshot._tcp.local`
    expect(labelEnd(name)).toBe(text.length)
    const packet = decodePacket(questionFor(bytes, '_earshot', '_tcp', 'local'))
    expect(packet?.questions).toEqual([{ name, type: 'SRV', unicast: false }])
    const again = encodePacket({ ...(packet as NonNullable<typeof packet>), id: 0 })
    expect(again).toEqual(questionFor(lower, '_earshot', '_tcp', 'local'))
  })

  it('with a dot is not taken for the labels of another name', () => {
    const one = decodePacket(questionFor(Buffer.from('x.local')))?.questions[0]?.name
    const two = decodePacket(questionFor(Buffer.from('x'), 'local'))?.questions[0]?.name
    expect([one, two]).toEqual(['x\\.local', 'x.local'])
  })

  it('with a dot is asked for as it was told', async () => {
    const ether = new Ether()
    const host = ether.host()
    const newcomer = ether.host()
    newcomer.browse()
    const data = 'dr\\. who._earshot._tcp.local'
    const pointer = { type: 'PTR', name: browseName('shop'), ttlSeconds: 120, data } as const
    host.speak({
      ...{ kind: 'response', questions: [], authorities: [], additionals: [] },
      answers: [pointer],
    })
    await ether.clock.advance(500)
    const asked = ether.group().flatMap(({ packet }) => packet.questions)
    expect(asked).toContainEqual(expect.objectContaining({ name: data, type: 'SRV' }))
    const bytes = encodePacket({
      ...ether.sent[0]?.packet,
      questions: [{ name: data, type: 'SRV' }],
    } as never)
    expect(bytes.includes(Buffer.from('\x07dr. who\x08_earshot'))).toBe(true)
  })
})

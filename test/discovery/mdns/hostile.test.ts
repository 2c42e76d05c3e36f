// Owns what strangers may send: every packet here must be dropped, counted, and cost little.

import { createSocket } from 'node:dgram'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodePacket } from '../../../src/discovery/mdns/decode.ts'
import { encodePacket } from '../../../src/discovery/mdns/encode.ts'
import { type MdnsDiscovery, mdns } from '../../../src/discovery/mdns/mdns.ts'
import { browseName } from '../../../src/discovery/mdns/names.ts'
import { type DnsPacket, query, response } from '../../../src/discovery/mdns/packet.ts'
import { aRecord, eventually, randomMesh, Watch } from '../support.ts'

const head = (questions: number, answers: number, flags = 0x8400) => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt16BE(questions, 4)
  bytes.writeUInt16BE(answers, 6)
  return bytes
}
const fixed = (type: number, length: number) => {
  const bytes = Buffer.alloc(10)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(1, 2)
  bytes.writeUInt16BE(length, 8)
  return bytes
}
const pointer = (to: number) => Buffer.of(0xc0 | (to >> 8), to & 0xff)
const packet = (...parts: readonly Uint8Array[]) => Buffer.concat(parts)

/** 4,400 pointers, each to the one before: what decoders walk through again and again. */
function chain(): Buffer {
  const parts: Buffer[] = [head(0, 2), Buffer.of(0), fixed(99, 8_800)]
  const start = 12 + 11
  parts.push(Buffer.of(0, 0))
  for (let i = 1; i < 4_400; i++) parts.push(pointer(Math.max(start, start + 2 * (i - 1))))
  parts.push(pointer(start + 2 * 4_399), fixed(1, 4), Buffer.of(1, 2, 3, 4))
  return packet(...parts)
}

const hostile: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', Buffer.alloc(0)],
  ['eleven bytes', Buffer.alloc(11)],
  ['9,001 bytes', packet(head(0, 0), Buffer.alloc(9_001 - 12))],
  ['65,535 questions in twelve bytes', head(65_535, 0)],
  ['65,535 answers in 9,000 bytes', packet(head(0, 65_535), Buffer.alloc(8_988))],
  ['a name that points to itself', packet(head(1, 0), pointer(12), Buffer.alloc(4))],
  ['a name that points forward', packet(head(1, 0), pointer(14), Buffer.alloc(6))],
  ['two names that point to each other', packet(head(1, 0), pointer(14), pointer(12))],
  ['a chain of 4,400 pointers', chain()],
  ['a label that runs out', packet(head(1, 0), Buffer.of(63, 1, 2))],
  ['a label of an unknown kind', packet(head(1, 0), Buffer.of(0x80, 0, 0, 1, 0, 1))],
  ['a name of 300 bytes', packet(head(1, 0), Buffer.alloc(320, 1), Buffer.alloc(5))],
  ['a record that is cut', packet(head(0, 1), Buffer.of(0), Buffer.alloc(9))],
  ['data longer than the packet', packet(head(0, 1), Buffer.of(0), fixed(16, 500))],
  ['an address of three bytes', packet(head(0, 1), Buffer.of(0), fixed(1, 3), Buffer.alloc(3))],
  ['TXT beyond its data', packet(head(0, 1), Buffer.of(0), fixed(16, 2), Buffer.of(200, 1))],
  ['SRV without a name', packet(head(0, 1), Buffer.of(0), fixed(33, 6), Buffer.alloc(6))],
  ['PTR with more than a name', packet(head(0, 1), Buffer.of(0), fixed(12, 3), Buffer.alloc(3))],
  ['a denial beyond its data', packet(head(0, 1), Buffer.of(0), fixed(47, 3), Buffer.of(0, 0, 9))],
]

describe('hostile bytes', () => {
  it.each(hostile)('%s are refused within 5 ms', (_what, bytes) => {
    // The quickest of several: whatever else this machine does is not the packet's doing.
    const tookMs = Array.from({ length: 5 }, () => {
      const startMs = performance.now()
      expect(decodePacket(bytes)).toBeUndefined()
      return performance.now() - startMs
    })
    expect(Math.min(...tookMs)).toBeLessThan(5)
  })

  it('of every length of a good packet do no harm', () => {
    const bytes = encodePacket(good('shop'))
    for (let length = 0; length < bytes.length; length++) {
      expect(decodePacket(bytes.subarray(0, length))).toBeUndefined()
    }
    expect(decodePacket(bytes)).toBeDefined()
  })

  it('that are random or changed at random never throw', () => {
    const random = generator(1)
    const bytes = encodePacket(good('shop'))
    for (let i = 0; i < 20_000; i++) {
      const copy = Buffer.from(bytes)
      for (let flips = random() % 8; flips >= 0; flips--) {
        copy[random() % copy.length] = random() % 256
      }
      decodePacket(copy)
      const noise = Buffer.from(Array.from({ length: random() % 64 }, () => random() % 256))
      decodePacket(packet(head(random() % 3, random() % 3), noise))
    }
  })

  it('of types that we do not use leave the rest of the packet readable', () => {
    const aaaa = packet(Buffer.of(1, 120, 0), fixed(28, 16), Buffer.alloc(16))
    const soa = packet(Buffer.of(0), fixed(6, 2), Buffer.of(192, 200))
    const a = packet(Buffer.of(1, 120, 0), fixed(1, 4), Buffer.of(10, 0, 0, 1))
    const opt = packet(Buffer.of(0), Buffer.of(0, 41, 5, 160, 0, 0, 17, 148, 0, 0))
    const read = decodePacket(packet(head(0, 4), aaaa, soa, a, opt))
    expect(read?.answers).toEqual([
      { type: 'AAAA', name: 'x', ttlSeconds: 0, flush: false, data: '::' },
      { type: 'A', name: 'x', ttlSeconds: 0, flush: false, data: '10.0.0.1' },
    ])
  })

  it('reads which types a name has', () => {
    const nsec = packet(
      Buffer.of(1, 88, 0),
      fixed(47, 10),
      Buffer.of(1, 88, 0, 0, 5, 64, 0, 0, 0, 64),
    )
    const data = ['A', 'SRV']
    expect(decodePacket(packet(head(0, 1), nsec))?.answers).toMatchObject([
      { type: 'NSEC', name: 'x', data },
    ])
  })

  it('reads the wish for a unicast answer from a question', () => {
    const bytes = packet(head(1, 0, 0), Buffer.of(1, 120, 0, 0, 12, 0x80, 1))
    expect(decodePacket(bytes)?.questions).toEqual([{ name: 'x', type: 'PTR', unicast: true }])
  })

  it('brings back what was written', () => {
    const sent = good('shop')
    expect(decodePacket(encodePacket(sent))).toMatchObject(sent)
  })
})

describe('a provider among strangers', () => {
  const socket = createSocket('udp4')
  let provider: MdnsDiscovery
  let watching: Watch
  const mesh = randomMesh()
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(bytes, 5_353, '224.0.0.251', () => resolve()))

  beforeEach(async () => {
    provider = mdns()
    await provider.announce(aRecord({ mesh }), { signal: new AbortController().signal })
    watching = new Watch((signal) => provider.watch(mesh, { signal }))
    await watching.until('synced')
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    socket.setMulticastInterface('127.0.0.1')
  })
  afterAll(() => {
    socket.close()
  })
  afterEach(async () => {
    await watching.stop()
    await provider.close()
  })

  it('counts each of their packets, takes none, and still finds peers', async () => {
    const before = provider.stats()
    // Others on this host may speak, too: that the count is exact is shown in a namespace.
    for (const [, bytes] of hostile) await send(bytes)
    await eventually(() => provider.stats().malformed >= before.malformed + hostile.length)
    const other = mdns()
    await other.announce(aRecord({ mesh }), { signal: new AbortController().signal })
    const late = new Watch((signal) => other.watch(mesh, { signal }))
    await late.until('up')
    await late.stop()
    await other.close()
    expect(watching.seen.filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('takes no answer that does not come from port 5353', async () => {
    const before = provider.stats().wrongPort
    await send(encodePacket(good(mesh)))
    await eventually(() => provider.stats().wrongPort === before + 1)
    expect(watching.seen.filter(({ type }) => type === 'up')).toEqual([])
  })

  it('stays alive in a flood of 5,000 random packets', async () => {
    const random = generator(7)
    const before = provider.stats()
    for (let i = 0; i < 5_000; i++) {
      const length = random() % 200
      await send(Buffer.from(Array.from({ length }, () => random() % 256)))
    }
    await send(encodePacket(query({ questions: [{ name: browseName(mesh), type: 'PTR' }] })))
    await eventually(() => provider.stats().received > before.received)
    expect(watching.seen.filter(({ type }) => type === 'fault')).toEqual([])
  })
})

function good(mesh: string): DnsPacket {
  const name = 'orders-01234567._earshot._tcp.local'
  return response({
    answers: [
      { type: 'PTR', name: browseName(mesh), ttlSeconds: 4_500, flush: false, data: name },
      { type: 'TXT', name, ttlSeconds: 4_500, flush: true, data: [Buffer.from('v=1')] },
    ],
    additionals: [
      {
        type: 'SRV',
        name,
        ttlSeconds: 120,
        flush: true,
        data: { port: 4_711, target: 'es-0.local' },
      },
      { type: 'A', name: 'es-0.local', ttlSeconds: 120, flush: true, data: '10.0.0.1' },
    ],
  })
}

function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 0x7fff_ffff
    return state
  }
}

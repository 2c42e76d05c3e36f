// Owns how packets are read: every name, length and count within bounds, and of the records only
// what matters to us. Never throws for what came from the network, and reads the same bytes once.

import { dropOldest } from '../../base/drop-oldest.ts'
import { ipv6Text } from './ipv6.ts'
import { textOfLabel } from './labels.ts'
import { splitStrings } from './names.ts'
import { type DnsPacket, type DnsQuestion, type DnsRecord, typeName } from './packet.ts'

/** The largest packet of multicast DNS. Source: RFC 6762, 17. */
const maxPacketBytes = 9_000
const HEADER_BYTES = 12
const MAX_RECORDS = 512
const MAX_POINTERS = 16
const MAX_NAME_BYTES = 255
const RESPONSE = 0x8000
const TRUNCATED = 0x200
/** Of a record's class: forget what was known. Of a question's: answer me alone. */
const TOP_BIT = 0x8000
const CLASS_IN = 1

const lately = new Map<string, DnsPacket | undefined>()
const MAX_LATELY = 256
/** A stranger's largest packets are not worth their memory. */
const MAX_LATELY_BYTES = 1_500

/**
 * Undefined for everything that is not a sound packet; types we do not use are left out. Names are
 * in lower case, as far as DNS knows it. The same packet is read once: what matters is said two or
 * three times, and all peers of a process hear it.
 */
export function decodePacket(bytes: Uint8Array): DnsPacket | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length > MAX_LATELY_BYTES) return new Reader(buffer).packet()
  const key = buffer.toString('latin1')
  const known = lately.get(key)
  if (known || lately.has(key)) return known
  const packet = new Reader(buffer).packet()
  lately.set(key, packet)
  dropOldest(lately, MAX_LATELY)
  return packet
}

interface Name {
  readonly text: string
  readonly bytes: number
}

/** `at` is negative from the first thing on that is not sound. */
class Reader {
  readonly #bytes: Buffer
  /** By where they begin: most names are written once and pointed to. */
  readonly #names = new Map<number, Name>()
  #at = HEADER_BYTES

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  packet(): DnsPacket | undefined {
    const bytes = this.#bytes
    if (bytes.length < HEADER_BYTES || bytes.length > maxPacketBytes) return undefined
    const [id, flags, asked, answered, claimed, added] = [0, 2, 4, 6, 8, 10].map((at) =>
      bytes.readUInt16BE(at),
    ) as [number, number, number, number, number, number]
    if (asked + answered + claimed + added > MAX_RECORDS) return undefined
    const questions = this.#questions(asked)
    const answers = this.#records(answered)
    const authorities = this.#records(claimed)
    const additionals = this.#records(added)
    if (this.#at < 0) return undefined
    const kind = (flags & RESPONSE) === 0 ? 'query' : 'response'
    const truncated = (flags & TRUNCATED) !== 0
    return { id, kind, truncated, questions, answers, authorities, additionals }
  }

  #questions(count: number): DnsQuestion[] {
    const questions: DnsQuestion[] = []
    for (let i = 0; i < count && this.#at >= 0; i++) {
      const name = this.#name()
      const rest = this.#take(4)
      if (rest < 0) break
      const type = typeName(this.#bytes.readUInt16BE(rest))
      const unicast = (this.#bytes.readUInt16BE(rest + 2) & TOP_BIT) !== 0
      questions.push({ name, type, unicast })
    }
    return questions
  }

  #records(count: number): DnsRecord[] {
    const records: DnsRecord[] = []
    for (let i = 0; i < count && this.#at >= 0; i++) {
      const record = this.#record()
      if (record) records.push(record)
    }
    return records
  }

  /** Undefined for a record that is none of our business. */
  #record(): DnsRecord | undefined {
    const name = this.#name()
    const fixed = this.#take(10)
    if (fixed < 0) return undefined
    const bytes = this.#bytes
    const type = typeName(bytes.readUInt16BE(fixed))
    const classOf = bytes.readUInt16BE(fixed + 2)
    const length = bytes.readUInt16BE(fixed + 8)
    const data = this.#take(length)
    if (data < 0 || (classOf & ~TOP_BIT) !== CLASS_IN) return undefined
    const flush = (classOf & TOP_BIT) !== 0
    const head = { name, ttlSeconds: bytes.readUInt32BE(fixed + 4), flush }
    const end = this.#at
    this.#at = data
    const record = this.#withData(head, type, data, end)
    if (this.#at !== end) this.#at = -1
    return record
  }

  #withData(
    head: Pick<DnsRecord, 'name' | 'ttlSeconds' | 'flush'>,
    type: string,
    data: number,
    end: number,
  ): DnsRecord | undefined {
    const bytes = this.#bytes
    switch (type) {
      case 'A':
        this.#take(4)
        return { ...head, type, data: bytes.subarray(data, data + 4).join('.') }
      case 'AAAA':
        this.#take(16)
        return { ...head, type, data: ipv6Text(bytes.subarray(data, data + 16)) }
      case 'PTR':
        return { ...head, type, data: this.#name() }
      case 'SRV': {
        const fixed = this.#take(6)
        if (fixed < 0) return undefined
        const port = bytes.readUInt16BE(fixed + 4)
        return { ...head, type, data: { port, target: this.#name() } }
      }
      case 'TXT': {
        const strings = splitStrings(bytes.subarray(data, end))
        this.#take(strings.reduce((sum, { length }) => sum + length + 1, 0))
        return { ...head, type, data: strings }
      }
      case 'NSEC':
        this.#name()
        return { ...head, type, data: this.#types(end) }
      default:
        this.#at = end
        return undefined
    }
  }

  /** The bit map of types, of which multicast DNS has the first block alone. RFC 6762, 6.1. */
  #types(end: number): string[] {
    const types: string[] = []
    while (this.#at >= 0 && this.#at < end) {
      const block = this.#take(2)
      if (block < 0) break
      const bits = this.#take(this.#bytes[block + 1] as number)
      if (bits < 0 || this.#bytes[block] !== 0) continue
      for (let bit = 0; bit < (this.#at - bits) * 8; bit++) {
        const byte = this.#bytes[bits + (bit >> 3)] as number
        if ((byte & (0x80 >> (bit & 7))) !== 0) types.push(typeName(bit))
      }
    }
    return types
  }

  /** Where the next bytes begin; negative when there are not so many. */
  #take(count: number): number {
    const from = this.#at
    this.#at = from < 0 || from + count > this.#bytes.length ? -1 : from + count
    return this.#at < 0 ? -1 : from
  }

  #name(): string {
    const start = this.#at
    if (start < 0) return ''
    const name = this.#nameAt(start, start, MAX_POINTERS)
    if (!name) {
      this.#at = -1
      return ''
    }
    let end = start
    for (let length = this.#bytes[end] ?? 0; length > 0 && length < 64; ) {
      end += length + 1
      length = this.#bytes[end] ?? 0
    }
    this.#at = end + ((this.#bytes[end] ?? 0) === 0 ? 1 : 2)
    return name.text
  }

  /** Pointers lead ever further to the front, so that none runs in circles. */
  #nameAt(at: number, lowest: number, pointers: number): Name | undefined {
    const known = this.#names.get(at)
    if (known) return known
    const bytes = this.#bytes
    const length = bytes[at]
    if (length === undefined) return undefined
    if (length === 0) return { text: '', bytes: 1 }
    let name: Name | undefined
    if (length < 64) {
      const rest = this.#nameAt(at + length + 1, lowest, pointers)
      if (!rest || rest.bytes + length + 1 > MAX_NAME_BYTES) return undefined
      const label = textOfLabel(bytes.subarray(at + 1, at + 1 + length))
      name = {
        text: rest.text === '' ? label : `${label}.${rest.text}`,
        bytes: rest.bytes + length + 1,
      }
    } else {
      const low = bytes[at + 1]
      if (length < 0xc0 || low === undefined || pointers === 0) return undefined
      const target = ((length & 0x3f) << 8) | low
      if (target >= lowest) return undefined
      name = this.#nameAt(target, target, pointers - 1)
    }
    if (name) this.#names.set(at, name)
    return name
  }
}

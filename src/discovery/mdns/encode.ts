// Owns the bytes of the packets that we send: names are written once and pointed to afterwards,
// which halves what a crowded network carries. Never decides what is sent.

import { ipv6Bytes } from './ipv6.ts'
import { bytesOfLabel, labelEnd } from './labels.ts'
import { type DnsPacket, type DnsQuestion, type DnsRecord, typeNumber } from './packet.ts'

const HEADER_BYTES = 12
const TRUNCATED = 0x200
const AUTHORITATIVE = 0x400
const RESPONSE = 0x8000
/** Of a record's class: forget what was known. Of a question's: answer me alone. */
const TOP_BIT = 0x8000
const CLASS_IN = 1
/** Pointers have 14 bits. */
const MAX_POINTER = 0x3fff

/** Bytes of a packet that we built; its names must be made of labels of up to 63 bytes. */
export function encodePacket(packet: DnsPacket): Buffer {
  const { kind, truncated, questions, answers, authorities, additionals } = packet
  const records = [...answers, ...authorities, ...additionals]
  let size = HEADER_BYTES
  for (const { name } of questions) size += name.length * 3 + 6
  for (const record of records) size += mostBytes(record)
  // Resolvers of old, who are answered with their question, may not expect it in SRV.
  const writer = new Writer(size, kind === 'query' || questions.length === 0)
  const flags = (truncated ? TRUNCATED : 0) | (kind === 'response' ? RESPONSE | AUTHORITATIVE : 0)
  for (const part of [packet.id ?? 0, flags]) writer.u16(part)
  for (const { length } of [questions, answers, authorities, additionals]) writer.u16(length)
  for (const question of questions) writer.question(question)
  for (const record of records) writer.record(record)
  return writer.bytes()
}

/** What one more pointer record takes in a packet that has the same name already. */
export function pointerBytes(instance: string): number {
  return 2 + 10 + 1 + Buffer.byteLength(instance.slice(0, labelEnd(instance))) + 2
}

function mostBytes(record: DnsRecord): number {
  const head = record.name.length * 3 + 2 + 10
  if (record.type === 'A') return head + 4
  if (record.type === 'PTR') return head + record.data.length * 3 + 2
  if (record.type === 'SRV') return head + 6 + record.data.target.length * 3 + 2
  if (record.type === 'AAAA') return head + 16
  if (record.type === 'NSEC') return head + record.name.length * 3 + 2 + 2 + 32
  return head + 1 + record.data.reduce((sum, { length }) => sum + length + 1, 0)
}

class Writer {
  readonly #buffer: Buffer
  readonly #names = new Map<string, number>()
  readonly #mayCompressService: boolean
  #at = 0

  constructor(size: number, mayCompressService: boolean) {
    this.#buffer = Buffer.alloc(size)
    this.#mayCompressService = mayCompressService
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  u16(value: number): void {
    this.#at = this.#buffer.writeUInt16BE(value, this.#at)
  }

  question({ name, type, unicast }: DnsQuestion): void {
    this.#name(name)
    this.u16(typeNumber(type))
    this.u16(CLASS_IN | (unicast ? TOP_BIT : 0))
  }

  record(record: DnsRecord): void {
    this.#name(record.name)
    this.u16(typeNumber(record.type))
    this.u16(CLASS_IN | (record.flush ? TOP_BIT : 0))
    this.#at = this.#buffer.writeUInt32BE(record.ttlSeconds, this.#at)
    const lengthAt = this.#at
    this.#at += 2
    this.#data(record)
    this.#buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt)
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        for (const part of record.data.split('.')) this.#u8(Number(part))
        break
      case 'AAAA':
        for (const byte of ipv6Bytes(record.data)) this.#u8(byte)
        break
      case 'PTR':
        this.#name(record.data)
        break
      case 'SRV':
        for (const part of [0, 0, record.data.port]) this.u16(part)
        this.#name(record.data.target, this.#mayCompressService)
        break
      case 'NSEC':
        this.#name(record.name)
        this.#types(record.data)
        break
      case 'TXT':
        // A TXT record without strings has one that is empty. Source: RFC 6763, 6.1.
        for (const text of record.data.length > 0 ? record.data : [Buffer.alloc(0)]) {
          this.#u8(text.length)
          this.#buffer.set(text, this.#at)
          this.#at += text.length
        }
    }
  }

  #types(types: readonly string[]): void {
    const numbers = types.map(typeNumber)
    const bits = Buffer.alloc((Math.max(...numbers) >> 3) + 1)
    for (const number of numbers) {
      const byte = number >> 3
      bits[byte] = (bits[byte] as number) | (0x80 >> (number & 7))
    }
    for (const byte of [0, bits.length, ...bits]) this.#u8(byte)
  }

  #name(name: string, mayCompress = true): void {
    for (let rest = name; rest !== ''; ) {
      const known = mayCompress ? this.#names.get(rest) : undefined
      if (known !== undefined) {
        this.u16(0xc000 | known)
        return
      }
      if (this.#at <= MAX_POINTER) this.#names.set(rest, this.#at)
      const end = labelEnd(rest)
      const label = rest.slice(0, end)
      const isPlain = !label.includes('\\')
      const length = isPlain
        ? this.#buffer.write(label, this.#at + 1)
        : bytesOfLabel(label).copy(this.#buffer, this.#at + 1)
      this.#u8(length)
      this.#at += length
      rest = rest.slice(end + 1)
    }
    this.#u8(0)
  }

  #u8(value: number): void {
    this.#at = this.#buffer.writeUInt8(value, this.#at)
  }
}

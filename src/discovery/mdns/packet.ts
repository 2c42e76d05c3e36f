// Owns DNS packets and how they are read: by dns-packet, with a guard before it.
// Never throws for what came from the network, and never follows more than a few pointers.

import { decode, type Packet } from 'dns-packet'
import { ipv6Bytes } from './ipv6.ts'
import { nameKey } from './names.ts'

/** The largest packet of multicast DNS. Source: RFC 6762, 17. */
const maxPacketBytes = 9_000
/** What fits into one Ethernet frame. */
export const maxFrameBytes = 1_440

const HEADER_BYTES = 12
const MAX_RECORDS = 512
const MAX_POINTERS = 16
const MAX_NAME_BYTES = 255
const UNICAST_CLASS = 'UNKNOWN_32769'

const A = 1
const PTR = 12
const AAAA = 28
const SRV = 33
/** CNAME, PTR, DNAME, NSEC: their data begins with a name. */
const NAME_FIRST = new Set([5, PTR, 39, 47])
/** Types with names elsewhere in their data (NS, SOA, MX, RP, …): no business of mDNS. */
const UNWANTED = new Set([2, 6, 15, 17, 18, 24, 26, 35, 36, 43, 46, 48, 50, 257])

export interface DnsQuestion {
  readonly name: string
  /** `PTR`, `SRV`, `TXT`, `A`, `AAAA`, `ANY`, or another type that we hold nothing of. */
  readonly type: string
  /** The asker would like the answer for itself alone. */
  readonly unicast?: boolean
}

interface RecordHead {
  readonly name: string
  readonly ttlSeconds: number
  /** This is all there is of the name and type: forget what was known before. */
  readonly flush?: boolean
}

export type DnsRecord = RecordHead &
  (
    | { readonly type: 'PTR'; readonly data: string }
    | { readonly type: 'SRV'; readonly data: { readonly port: number; readonly target: string } }
    | { readonly type: 'TXT'; readonly data: readonly Uint8Array[] }
    | { readonly type: 'A'; readonly data: string }
    | { readonly type: 'AAAA'; readonly data: string }
  )

export interface DnsPacket {
  readonly id?: number
  readonly kind: 'query' | 'response'
  /** More known answers follow in the next packet. */
  readonly truncated?: boolean
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecord[]
  readonly authorities: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

const empty = { questions: [], answers: [], authorities: [], additionals: [] }

export function query(parts: Partial<Omit<DnsPacket, 'kind'>>): DnsPacket {
  return { ...empty, ...parts, kind: 'query' }
}

export function response(parts: Partial<Omit<DnsPacket, 'kind'>>): DnsPacket {
  return { ...empty, ...parts, kind: 'response' }
}

/** Packets that were read lately, by their bytes. */
const lately = new Map<string, DnsPacket | undefined>()
const MAX_LATELY = 64
/** A stranger's largest packets are not worth their memory. */
const MAX_LATELY_BYTES = 1_500

/**
 * Undefined for everything that is not a sound packet; types we do not use are left out. The same
 * packet is read once: all ask for the same, what matters is said two or three times, and all
 * peers of a process hear it.
 */
export function decodePacket(bytes: Uint8Array): DnsPacket | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length > MAX_LATELY_BYTES) return read(buffer)
  const key = buffer.toString('latin1')
  if (lately.has(key)) return lately.get(key)
  const packet = read(buffer)
  for (const oldest of lately.keys()) {
    if (lately.size < MAX_LATELY) break
    lately.delete(oldest)
  }
  lately.set(key, packet)
  return packet
}

function read(buffer: Buffer): DnsPacket | undefined {
  if (!isSound(buffer)) return undefined
  let raw: ReturnType<typeof decode>
  try {
    raw = decode(buffer)
  } catch {
    return undefined
  }
  return {
    id: raw.id ?? 0,
    kind: raw.flag_qr ? 'response' : 'query',
    truncated: raw.flag_tc,
    questions: (raw.questions ?? []).map(fromWireQuestion),
    answers: fromWire(raw.answers),
    authorities: fromWire(raw.authorities),
    additionals: fromWire(raw.additionals),
  }
}

/** Equal name, type and data; lifetimes do not matter. */
export function recordKey(record: DnsRecord): string {
  return `${record.type} ${nameKey(record.name)} ${dataKey(record)}`
}

/** The data alone, comparable. */
export function dataKey(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
      return record.data
    case 'AAAA':
      return Buffer.from(ipv6Bytes(record.data)).toString('hex')
    case 'PTR':
      return nameKey(record.data)
    case 'SRV':
      return `${record.data.port} ${nameKey(record.data.target)}`
    case 'TXT':
      return Buffer.concat(record.data.flatMap((s) => [Buffer.of(s.length), s])).toString('latin1')
  }
}

type WireAnswer = NonNullable<Packet['answers']>[number]

function fromWireQuestion(question: { name: string; type: string; class?: string | undefined }) {
  // dns-packet does not know the bit that asks for a unicast answer, and shows the class raw.
  const unicast = question.class === UNICAST_CLASS
  return { name: question.name, type: question.type, unicast }
}

function fromWire(answers: readonly WireAnswer[] | undefined): DnsRecord[] {
  const records: DnsRecord[] = []
  for (const answer of answers ?? []) {
    if (!('ttl' in answer) || answer.class !== 'IN') continue
    const head = { name: answer.name, ttlSeconds: answer.ttl ?? 0, flush: answer.flush ?? false }
    if (answer.type === 'A' || answer.type === 'AAAA' || answer.type === 'PTR') {
      records.push({ ...head, type: answer.type, data: answer.data })
    } else if (answer.type === 'SRV') {
      const { port, target } = answer.data
      records.push({ ...head, type: 'SRV', data: { port, target } })
    } else if (answer.type === 'TXT' && Array.isArray(answer.data)) {
      const strings = answer.data.map((s) => (typeof s === 'string' ? Buffer.from(s) : s))
      records.push({ ...head, type: 'TXT', data: strings })
    }
  }
  return records
}

/**
 * Walks the whole packet before dns-packet sees it: sizes, counts, and no chains of pointers.
 * A packet of 9,000 bytes of pointers would otherwise cost it millions of steps.
 */
function isSound(bytes: Buffer): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > maxPacketBytes) return false
  const questions = bytes.readUInt16BE(4)
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10)
  if (questions + records > MAX_RECORDS) return false
  let offset = HEADER_BYTES
  for (let i = 0; i < questions; i++) {
    offset = skipName(bytes, offset) + 4
    if (offset < HEADER_BYTES || offset > bytes.length) return false
  }
  for (let i = 0; i < records; i++) {
    offset = skipRecord(bytes, offset)
    if (offset < 0) return false
  }
  return true
}

const BAD = -100

/** The offset after the record; negative when it is not sound. */
function skipRecord(bytes: Buffer, offset: number): number {
  const head = skipName(bytes, offset)
  if (head < 0 || head + 10 > bytes.length) return BAD
  const type = bytes.readUInt16BE(head)
  const data = head + 10
  const end = data + bytes.readUInt16BE(head + 8)
  if (end > bytes.length || UNWANTED.has(type)) return BAD
  if (type === A && end - data !== 4) return BAD
  if (type === AAAA && end - data !== 16) return BAD
  if (NAME_FIRST.has(type)) {
    const after = skipName(bytes, data)
    if (after < 0 || after > end || (type === PTR && after !== end)) return BAD
  }
  if (type === SRV && (end - data < 7 || skipName(bytes, data + 6) !== end)) return BAD
  return end
}

/** The offset after the name as it stands; negative when it is too long or runs in circles. */
function skipName(bytes: Buffer, start: number): number {
  let offset = start
  let end = BAD
  let pointers = 0
  let total = 0
  let lowest = start
  for (;;) {
    const length = bytes[offset]
    if (length === undefined) return BAD
    if (length === 0) return end === BAD ? offset + 1 : end
    if (length < 64) {
      total += length + 1
      offset += length + 1
      if (total > MAX_NAME_BYTES || offset > bytes.length) return BAD
    } else {
      const low = bytes[offset + 1]
      if (length < 0xc0 || low === undefined || ++pointers > MAX_POINTERS) return BAD
      if (end === BAD) end = offset + 2
      const target = ((length & 0x3f) << 8) | low
      if (target >= lowest) return BAD
      lowest = target
      offset = target
    }
  }
}

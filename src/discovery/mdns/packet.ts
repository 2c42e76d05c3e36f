// Owns what DNS packets are to us, and how records are told apart.
// Never reads or writes their bytes.

import { ipv6Bytes } from './ipv6.ts'
import { nameKey } from './names.ts'

/** What fits into one Ethernet frame. */
export const maxFrameBytes = 1_440

/** The types that we know, by their numbers in DNS. */
const typeNumbers: Readonly<Record<string, number>> = {
  A: 1,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NSEC: 47,
  ANY: 255,
}
const typeNames = new Map(Object.entries(typeNumbers).map(([name, number]) => [number, name]))

export function typeNumber(type: string): number {
  return typeNumbers[type] ?? Number(type.slice('TYPE'.length))
}

/** `TYPE13` for those that we do not know. Source: RFC 3597, 5. */
export function typeName(number: number): string {
  return typeNames.get(number) ?? `TYPE${number}`
}

export interface DnsQuestion {
  readonly name: string
  /** `PTR`, `SRV`, `TXT`, `A`, `AAAA`, `ANY`, or another that we hold nothing of: `TYPE13`. */
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
    /** The types that the name has; it has no others. Source: RFC 6762, 6.1. */
    | { readonly type: 'NSEC'; readonly data: readonly string[] }
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
    case 'NSEC':
      return record.data.join(' ')
    case 'TXT':
      return Buffer.concat(record.data.flatMap((s) => [Buffer.of(s.length), s])).toString('latin1')
  }
}

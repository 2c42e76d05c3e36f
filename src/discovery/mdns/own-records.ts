// Owns the DNS records by which we announce ourselves on one interface.
// Never decides when they are sent.

import { isIPv4, isIPv6 } from 'node:net'
import type { PeerRecord } from '../provider.ts'
import { ipv6Bytes } from './ipv6.ts'
import { bytesOfLabel, labelEnd } from './labels.ts'
import {
  browseName,
  encodeTxt,
  isPort,
  nameKey,
  sameName,
  serviceType,
  typesName,
} from './names.ts'
import { type DnsQuestion, type DnsRecord, dataKey, recordKey, typeNumber } from './packet.ts'

/** What names a host or may change soon; the rest. Source: RFC 6762, 10. */
const HOST_TTL_SECONDS = 120
const OTHER_TTL_SECONDS = 4_500

const ENDPOINT = /^tcp:\/\/([^/\s]+):(\d{1,5})$/

export interface OwnNames {
  readonly instance: string
  readonly host: string
}

export interface OwnRecords {
  /** PTR records: others may have the same names. */
  readonly shared: readonly DnsRecord[]
  /** SRV, TXT, A and AAAA: nobody else may have these. */
  readonly unique: readonly DnsRecord[]
  /** For each name of `unique`: that it has no other types. */
  readonly denials: readonly DnsRecord[]
  /** Answers the question which types of service exist; never announced. */
  readonly types: DnsRecord
}

/** More than any honest host has on one interface. */
const MAX_ADDRESSES = 4

/**
 * The records for the interface with these addresses; undefined when the peer has no TCP inbox
 * that can be reached there.
 */
export function ownRecords(
  self: PeerRecord,
  names: OwnNames,
  addresses: readonly string[],
): OwnRecords | undefined {
  const place = self.behalf ? foreignPlace(self.inbox, addresses) : ownPlace(self.inbox, addresses)
  if (!place) return undefined
  const { port, hosts } = place
  const { instance, host } = names
  const pointer = { type: 'PTR', ttlSeconds: OTHER_TTL_SECONDS, data: instance } as const
  const unique = { flush: true, name: instance } as const
  const doors = addresses.map((address) => portAt(self.door, address))
  const txt = encodeTxt(
    self,
    doors.find((door) => door !== undefined),
  )
  // The same over both families, so that the same packet is read but once.
  const sorted = hosts.slice(0, MAX_ADDRESSES).sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)))
  const located = sorted.map((data): DnsRecord => {
    const type = isIPv4(data) ? 'A' : 'AAAA'
    return { ...unique, name: host, type, ttlSeconds: HOST_TTL_SECONDS, data }
  })
  const main = [
    { ...unique, type: 'SRV', ttlSeconds: HOST_TTL_SECONDS, data: { port, target: host } },
    { ...unique, type: 'TXT', ttlSeconds: OTHER_TTL_SECONDS, data: txt },
  ] as const
  return {
    shared: [
      { ...pointer, name: serviceType },
      { ...pointer, name: browseName(self.mesh) },
    ],
    unique: [...main, ...located],
    denials: [denial(instance, main), denial(host, located)],
    types: { type: 'PTR', name: typesName, ttlSeconds: OTHER_TTL_SECONDS, data: serviceType },
  }
}

/** Says of a name that it has these types and no others. Source: RFC 6762, 6.1. */
function denial(name: string, records: readonly DnsRecord[]): DnsRecord {
  const data = [...new Set(records.map(({ type }) => type))]
  const ttlSeconds = Math.min(...records.map((record) => record.ttlSeconds))
  return { name, type: 'NSEC', ttlSeconds, flush: true, data }
}

/** DNS has room for one port: the addresses with another one are left out. */
function ownPlace(inbox: readonly string[], addresses: readonly string[]) {
  const ports = addresses.map((address) => portAt(inbox, address))
  const port = ports.find((one) => one !== undefined)
  if (port === undefined) return undefined
  return { port, hosts: addresses.filter((_, index) => ports[index] === port) }
}

/** Where another is reached for whom we speak: what is on loopback is of use there alone. */
function foreignPlace(inbox: readonly string[], [here = '']: readonly string[]) {
  for (const endpoint of inbox) {
    const [, host = '', port] = ENDPOINT.exec(endpoint) ?? []
    if (!isIPv4(host) || host.startsWith('127.') !== here.startsWith('127.')) continue
    if (isPort(Number(port))) return { port: Number(port), hosts: [host] }
  }
  return undefined
}

/** The port under which an endpoint in the list is reached at this address. */
function portAt(endpoints: readonly string[], address: string): number | undefined {
  for (const endpoint of endpoints) {
    const [, written = '', port] = ENDPOINT.exec(endpoint) ?? []
    const [host] = written.replaceAll(/[[\]]/g, '').split('%')
    const isAny4 = isIPv4(address) && (host === '0.0.0.0' || host === '*')
    const isHere = host === address || host === '::' || isAny4
    if (isHere && isPort(Number(port))) return Number(port)
  }
  return undefined
}

/**
 * Who keeps a name when two claim it at once: positive when `ours` wins, 0 when both say the
 * same. Source: RFC 6762, 8.2.1.
 */
export function compareClaims(ours: readonly DnsRecord[], theirs: readonly DnsRecord[]): number {
  const a = ours.map(claimBytes).sort(Buffer.compare)
  const b = theirs.map(claimBytes).sort(Buffer.compare)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = Buffer.compare(a[i] as Buffer, b[i] as Buffer)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function claimBytes(record: DnsRecord): Buffer {
  return Buffer.concat([Buffer.of(0, 1, 0, typeNumber(record.type)), dataBytes(record)])
}

function dataBytes(record: DnsRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.data.split('.').map(Number))
    case 'AAAA':
      return Buffer.from(ipv6Bytes(record.data))
    case 'PTR':
      return nameBytes(record.data)
    case 'SRV': {
      const head = Buffer.alloc(6)
      head.writeUInt16BE(record.data.port, 4)
      return Buffer.concat([head, nameBytes(record.data.target)])
    }
    case 'TXT':
    case 'NSEC':
      return Buffer.from(dataKey(record), 'latin1')
  }
}

function nameBytes(name: string): Buffer {
  const parts: Buffer[] = []
  for (let rest = name; rest !== ''; ) {
    const end = labelEnd(rest)
    const bytes = bytesOfLabel(rest.slice(0, end))
    parts.push(Buffer.of(bytes.length & 0xff), bytes)
    rest = rest.slice(end + 1)
  }
  return Buffer.concat([...parts, Buffer.of(0)])
}

/**
 * Our records, to be found among what others say. Most of what is heard is about others: that is
 * told by a name alone.
 */
export class OwnIndex {
  readonly records: OwnRecords
  readonly all: readonly DnsRecord[]
  readonly #byKey: ReadonlyMap<string, DnsRecord>
  readonly #names: ReadonlySet<string>
  readonly #targets: ReadonlySet<string>

  constructor(records: OwnRecords) {
    this.records = records
    this.all = [...records.shared, ...records.unique, records.types]
    this.#byKey = new Map(this.all.map((record) => [recordKey(record), record]))
    this.#names = new Set(this.all.map(({ name }) => nameKey(name)))
    const pointers = [...records.shared, records.types]
    this.#targets = new Set(pointers.map((record) => dataKey(record)))
  }

  /** `name` in lower case, as all that is read. */
  hasName(name: string): boolean {
    return this.#names.has(name)
  }

  /** A record under one of our names; of those that we share, ours alone. */
  concerns(record: DnsRecord): boolean {
    if (!this.#names.has(record.name)) return false
    return record.type !== 'PTR' || this.#targets.has(record.data)
  }

  /** The one of ours that says the same. */
  same(record: DnsRecord): DnsRecord | undefined {
    return this.concerns(record) ? this.#byKey.get(recordKey(record)) : undefined
  }

  /** What answers the questions; with a denial for each type that a name of ours has not. */
  answersTo(questions: readonly DnsQuestion[]): DnsRecord[] {
    const asked = questions.filter(({ name }) => this.hasName(name))
    if (asked.length === 0) return []
    const { denials } = this.records
    const found = this.all.filter((record) => asked.some((one) => asksFor(one, record)))
    const denied = denials.filter((denial) =>
      asked.some((one) => {
        return sameName(one.name, denial.name) && !found.some((record) => asksFor(one, record))
      }),
    )
    return [...found, ...denied]
  }

  /** What an asker will want to know next, when told these. */
  companions(told: readonly DnsRecord[]): DnsRecord[] {
    const { shared, unique, denials } = this.records
    const located = unique.filter(isAddress)
    const hasBoth = new Set(located.map(({ type }) => type)).size === 2
    // Who has one family says that it has not the other. Source: RFC 6762, 6.2.
    const host = hasBoth ? [] : denials.filter(({ name }) => name === located[0]?.name)
    if (told.some((record) => shared.includes(record))) return [...unique, ...host]
    const isLocating = told.some((record) => record.type === 'SRV' || isAddress(record))
    return isLocating ? [...located, ...host] : []
  }
}

export function isAddress(record: DnsRecord): record is Extract<DnsRecord, { type: 'A' | 'AAAA' }> {
  return record.type === 'A' || record.type === 'AAAA'
}

export function asksFor({ name, type }: DnsQuestion, record: DnsRecord): boolean {
  return (type === record.type || type === 'ANY') && sameName(name, record.name)
}

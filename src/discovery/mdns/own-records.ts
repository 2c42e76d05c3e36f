// Owns the DNS records by which we announce ourselves on one interface.
// Never decides when they are sent.

import { isIPv4 } from 'node:net'
import type { PeerRecord } from '../provider.ts'
import { typeNumber } from './encode.ts'
import { ipv6Bytes } from './ipv6.ts'
import { browseName, encodeTxt, isPort, serviceType, typesName } from './names.ts'
import { type DnsRecord, dataKey } from './packet.ts'

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
  const located = hosts.slice(0, MAX_ADDRESSES).map((data): DnsRecord => {
    const type = isIPv4(data) ? 'A' : 'AAAA'
    return { ...unique, name: host, type, ttlSeconds: HOST_TTL_SECONDS, data }
  })
  return {
    shared: [
      { ...pointer, name: serviceType },
      { ...pointer, name: browseName(self.mesh) },
    ],
    unique: [
      { ...unique, type: 'SRV', ttlSeconds: HOST_TTL_SECONDS, data: { port, target: host } },
      { ...unique, type: 'TXT', ttlSeconds: OTHER_TTL_SECONDS, data: txt },
      ...located,
    ],
    types: { type: 'PTR', name: typesName, ttlSeconds: OTHER_TTL_SECONDS, data: serviceType },
  }
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
      return Buffer.from(dataKey(record), 'latin1')
  }
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => {
    const bytes = Buffer.from(label)
    return [Buffer.of(bytes.length & 0xff), bytes]
  })
  return Buffer.concat([...labels, Buffer.of(0)])
}

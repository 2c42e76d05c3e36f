// Owns the DNS records by which we announce ourselves on one interface.
// Never decides when they are sent.

import { isIPv4 } from 'node:net'
import type { PeerRecord } from '../provider.ts'
import { typeNumber } from './encode.ts'
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
  /** SRV, TXT and A: nobody else may have these. */
  readonly unique: readonly DnsRecord[]
  /** Answers the question which types of service exist; never announced. */
  readonly types: DnsRecord
}

/**
 * The records for the interface with this IPv4 address; undefined when the peer has no TCP
 * inbox that can be reached there.
 */
export function ownRecords(
  self: PeerRecord,
  names: OwnNames,
  address: string,
): OwnRecords | undefined {
  const place = self.behalf ? foreignPlace(self.inbox, address) : ownPlace(self.inbox, address)
  if (!place) return undefined
  const { port, host: data } = place
  const { instance, host } = names
  const pointer = { type: 'PTR', ttlSeconds: OTHER_TTL_SECONDS, data: instance } as const
  const unique = { flush: true, name: instance } as const
  const txt = encodeTxt(self, portAt(self.door, address))
  return {
    shared: [
      { ...pointer, name: serviceType },
      { ...pointer, name: browseName(self.mesh) },
    ],
    unique: [
      { ...unique, type: 'SRV', ttlSeconds: HOST_TTL_SECONDS, data: { port, target: host } },
      { ...unique, type: 'TXT', ttlSeconds: OTHER_TTL_SECONDS, data: txt },
      { ...unique, name: host, type: 'A', ttlSeconds: HOST_TTL_SECONDS, data },
    ],
    types: { type: 'PTR', name: typesName, ttlSeconds: OTHER_TTL_SECONDS, data: serviceType },
  }
}

function ownPlace(inbox: readonly string[], address: string) {
  const port = portAt(inbox, address)
  return port === undefined ? undefined : { port, host: address }
}

/** Where another is reached for whom we speak: what is on loopback is of use there alone. */
function foreignPlace(inbox: readonly string[], address: string) {
  for (const endpoint of inbox) {
    const [, host = '', port] = ENDPOINT.exec(endpoint) ?? []
    if (!isIPv4(host) || host.startsWith('127.') !== address.startsWith('127.')) continue
    if (isPort(Number(port))) return { port: Number(port), host }
  }
  return undefined
}

/** The port under which an endpoint in the list is reached at this address. */
function portAt(endpoints: readonly string[], address: string): number | undefined {
  for (const endpoint of endpoints) {
    const [, host, port] = ENDPOINT.exec(endpoint) ?? []
    const isHere = host === address || host === '0.0.0.0' || host === '*'
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

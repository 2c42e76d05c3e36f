// Owns how the records of an instance become a peer with endpoints that can be dialled.
// Never believes more than that somebody may exist.

import type { PeerRecord } from '../provider.ts'
import type { Instance } from './cache.ts'
import { isLinkLocal6, zoneOf } from './ipv6.ts'

/** The peer that an instance stands for, once all of its records are known. */
export function peerOf(instance: Instance, mesh: string): PeerRecord | undefined {
  const { facts, service, hosts } = instance
  if (!facts || !service || hosts.size === 0) return undefined
  const { id, epoch, seq, name, doorPort, meta } = facts
  const zone = zoneOf(instance.address)
  const at = (port: number) => [...hosts.keys()].map((host) => endpointAt(host, port, zone))
  return {
    id,
    epoch,
    seq,
    mesh,
    ...(name === undefined ? {} : { name }),
    inbox: at(service.record.data.port),
    door: doorPort === undefined ? [] : at(doorPort),
    ...(meta === undefined ? {} : { meta }),
  }
}

function endpointAt(host: string, port: number, zone: string | undefined): string {
  if (!host.includes(':')) return `tcp://${host}:${port}`
  return `tcp://[${host}${isLinkLocal6(host) ? `%${zone}` : ''}]:${port}`
}

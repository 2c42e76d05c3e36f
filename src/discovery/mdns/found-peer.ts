// Owns how the records of an instance become a peer with endpoints that can be dialled.
// Never believes more than that somebody may exist.

import { tcpEndpoint } from '../../base/address.ts'
import { inTurn, isNewer } from '../merge.ts'
import type { PeerRecord } from '../provider.ts'
import type { Instance } from './instance.ts'
import { isLinkLocal6 } from './ipv6.ts'

/**
 * One record of all links. What is told of a peer but its addresses is that of its newest
 * incarnation; addresses count whatever incarnation is told along with them, for anybody can tell
 * of a later one: who is dialled says which it is.
 */
export function mergedPeer(
  instances: Iterable<Instance>,
  meshHash: string,
  mesh: string,
): PeerRecord | undefined {
  const seen: PeerRecord[] = []
  for (const instance of instances) {
    const peer = instance.facts?.meshHash === meshHash ? peerOf(instance, mesh) : undefined
    if (peer) seen.push(peer)
  }
  const newest = seen.reduce<PeerRecord | undefined>(
    (best, one) => (!best || isNewer(one, best) ? one : best),
    undefined,
  )
  if (!newest || seen.length === 1) return newest
  const tellers = [...new Set(seen.flatMap((peer) => peer.tellers ?? []))]
  const inbox = inTurn(seen.map((peer) => peer.inbox))
  const door = inTurn(seen.map((peer) => peer.door))
  return { ...newest, inbox, door, tellers }
}

/** The peer that an instance stands for, once all of its records are known. */
function peerOf(instance: Instance, mesh: string): PeerRecord | undefined {
  const { facts, service, hosts } = instance
  if (!facts || !service || hosts.size === 0) return undefined
  const { id, epoch, seq, name, doorPort, meta } = facts
  const { zone } = instance.link
  const at = (port: number) => [...hosts.keys()].map((host) => endpointAt(host, port, zone))
  return {
    id,
    epoch,
    seq,
    mesh,
    ...(name === undefined ? {} : { name }),
    inbox: at(service.record.data.port),
    door: doorPort === undefined ? [] : at(doorPort),
    tellers: [instance.source],
    ...(meta === undefined ? {} : { meta }),
  }
}

function endpointAt(host: string, port: number, zone: string | undefined): string {
  return tcpEndpoint(isLinkLocal6(host) ? `${host}%${zone}` : host, port)
}

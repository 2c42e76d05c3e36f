// Owns the way of gossip over the links: who is linked, and the records that carry it.
// Never reads what is said.

import { EarshotError } from '../base/errors.ts'
import type { LinkedDiscovery, PeerRecord } from '../discovery/provider.ts'
import { nearestFirst } from '../transport/transport.ts'
import { Kind } from '../wire/record.ts'
import type { Mesh } from './mesh.ts'

/** Lets a provider speak with the peers that are up. Called once, before the first link. */
export function joinGossip(gossip: LinkedDiscovery, { inbound, membership, parts }: Mesh): void {
  const { clock, limits, host, random } = parts
  const hostOf = (id: string) => membership.remotes.get(id)?.hello.host ?? host
  gossip.over({
    clock,
    limits,
    random,
    send: (to, bytes) => membership.remotes.get(to)?.link?.outbound.control(Kind.gossip, bytes),
    seenFrom: (to, record: PeerRecord) => {
      const sameHost = hostOf(to) === hostOf(record.id)
      const [inbox, door] = [record.inbox, record.door].map((all) => nearestFirst(all, sameHost))
      return { ...record, inbox: inbox ?? [], door: door ?? [] }
    },
  })
  membership.onUp.push(({ id }) => gossip.linked(id))
  membership.onDown.push(({ id }) => gossip.unlinked(id))
  inbound.on(Kind.gossip, ({ remote }, { buffer, start, end }) => {
    if (!remote) throw new EarshotError('EARSHOT_BYTES_INVALID', 'gossip before a hello')
    gossip.hear(remote.id, buffer.subarray(start, end))
    return true
  })
}

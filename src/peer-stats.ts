// Owns what a peer tells of itself in numbers: to its user by `stats()`, to tools at the door.
// Never counts: the parts do.

import type { Limits } from './base/limits.ts'
import type { ChannelCounts, Counters, LinkCounts } from './mesh/counters.ts'
import type { Mesh } from './mesh/mesh.ts'
import type { Requests } from './patterns/request.ts'
import type { Serving } from './patterns/serving.ts'
import type { Talks } from './patterns/talks.ts'
import type { TicketServing } from './patterns/ticket-serving.ts'
import type { Tickets } from './patterns/tickets.ts'

/** One channel, counted from the start of the peer. */
export interface ChannelStats extends Readonly<ChannelCounts> {
  /** `shop.orders/1/placed` */
  readonly channel: string
}

/** One link, counted from its hello. */
export interface LinkStats extends Readonly<LinkCounts> {
  readonly peer: { readonly id: string; readonly name: string }
  readonly endpoint: string
  /** What its peer has to do for us, as balance weighs it: under way there, or failed lately. */
  readonly load: number
  /** Since the last frame came by it, and how much of that ends it. */
  readonly silentForMs: number
  readonly givenUpAfterMs: number
  /** Written, and waiting for the other side's credit or for the end of the turn. */
  readonly waitingBytes: number
}

/** Counters and gauges of a peer: plain data, a snapshot. */
export interface PeerStats {
  readonly counters: Readonly<Counters>
  readonly limits: Limits
  readonly pendingRequests: number
  readonly runningHandlers: number
  /** Streams and duplex talks under way, read and served. */
  readonly openStreams: number
  /** Tickets asked for here and not yet fetched, and kept here for others. */
  readonly openTickets: number
  readonly keptTickets: number
  /** Over all links. */
  readonly waitingBytes: number
  readonly channels: readonly ChannelStats[]
  readonly links: readonly LinkStats[]
}

export interface CountedParts {
  readonly mesh: Mesh
  readonly requests: Requests
  readonly serving: Serving
  readonly talks: Talks
  readonly tickets: Tickets
  readonly ticketServing: TicketServing
}

export function statsOf(parts: CountedParts): PeerStats {
  const { mesh, requests, serving, talks, tickets, ticketServing } = parts
  const { catalog, clock, counters, limits } = mesh.parts
  const nowMs = clock.nowMs()
  const links = mesh.membership.links().map((link) => ({
    peer: link.remote?.label ?? { id: '', name: '' },
    endpoint: link.frames.endpoint,
    load: link.remote?.load ?? 0,
    waitingBytes: link.outbound.waitingBytes,
    silentForMs: Math.max(0, Math.round(nowMs - link.lastHeardMs)),
    givenUpAfterMs: Math.round(link.givenUpAfterMs),
    ...link.counts,
  }))
  return {
    counters: { ...counters },
    limits,
    pendingRequests: requests.pending,
    runningHandlers: serving.running,
    openStreams: talks.size,
    openTickets: tickets.size,
    keptTickets: ticketServing.size,
    waitingBytes: links.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
    channels: [...catalog.locals()].map(({ channel, counts }) => ({
      channel: channel.key,
      ...counts,
    })),
    links,
  }
}

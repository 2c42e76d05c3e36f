// Owns what a discovery provider is: it announces us and reports who may exist.
// Never decides that a peer is up: only an answered hello does.

import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'

export interface PeerRecord {
  /** 32 hex digits; `?<endpoint>` where only an endpoint is known until the hello names it. */
  readonly id: string
  /** Incarnation: larger wins. ms since 1970 at the start of the peer. */
  readonly epoch: number
  /** Order of records within an epoch: larger wins. */
  readonly seq: number
  readonly mesh: string
  readonly name?: string
  /** ZeroMQ endpoints of the inbox, best first: `ipc://…`, `tcp://127.0.0.1:4711`. */
  readonly inbox: readonly string[]
  /** Endpoints of the door, for those who are no peers (the CLI, other languages). */
  readonly door: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
  /**
   * Who told of it, where a provider can say so: of all that is told each teller has its turn, so
   * that one who tells of thousands holds up nobody else. Never sent.
   */
  readonly tellers?: readonly string[]
  /** Announced for somebody else, by whom it is: never sent, and never read from anywhere. */
  readonly behalf?: boolean
}

export type DiscoveryEvent =
  | { readonly type: 'up' | 'change'; readonly peer: PeerRecord; readonly leaseMs?: number }
  | {
      readonly type: 'down'
      readonly id: string
      readonly epoch: number
      readonly reason: 'goodbye' | 'expired' | 'withdrawn'
    }
  /** The first full view has been delivered. */
  | { readonly type: 'synced' }
  /** A provider never throws out of its iterator: it reports, and goes on if it can. */
  | { readonly type: 'fault'; readonly error: Error; readonly retryInMs?: number }

export interface Announcement {
  update(change: Partial<PeerRecord>): Promise<void>
  /** Says goodbye. Resolves when it has been handed to the network or the disk. */
  withdraw(): Promise<void>
}

/** What a peer tells the providers that it uses. */
export interface PeerPlace {
  /** Of the peer that the provider was given to. */
  readonly id: string
  readonly mesh: string
  /** Nobody beyond this host can reach the peer. */
  readonly local: boolean
  /** Announces somebody else through all of the peer's providers. */
  readonly announce: (record: PeerRecord) => Promise<Announcement>
}

export interface Discovery {
  readonly name: string
  /** Settles what its options left to the peer. Called once, before all else, or never. */
  prepare?(place: PeerPlace): void
  announce(self: PeerRecord, options: { signal: AbortSignal }): Promise<Announcement>
  /** Ends when `signal` aborts. Own announcements are not reported. */
  watch(mesh: string, options: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent>
  /** Frees sockets, watchers and timers. Idempotent. */
  close(): Promise<void>
}

/** What the links do for a provider that works over them; ids are those of peers that are up. */
export interface GossipLinks {
  readonly clock: Clock
  readonly limits: Pick<Limits, 'maxGossipBytes' | 'maxGossipPeers'>
  readonly random: () => number
  send(to: string, bytes: Buffer): void
  /** The record with the endpoints that lead from `to` to it. */
  seenFrom(to: string, record: PeerRecord): PeerRecord
}

/** A provider that learns from the links that others have found. */
export interface LinkedDiscovery extends Discovery {
  /** Called once, before the first link. */
  over(links: GossipLinks): void
  linked(id: string): void
  unlinked(id: string): void
  /** @throws EARSHOT_BYTES_INVALID naming the field */
  hear(from: string, bytes: Buffer): void
}

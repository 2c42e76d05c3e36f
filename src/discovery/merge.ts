// Owns what several providers together know of one peer: who holds it, and the union of it.
// Never tells time and never reports: the aggregator does.

import type { Timer } from '../base/clock.ts'
import type { PeerRecord } from './provider.ts'

/** More addresses than any honest peer has; a liar must not make us dial for ever. */
const MAX_ENDPOINTS = 16

/** What one provider said of a peer, until it takes it back or the lease ends. */
export interface Holding {
  readonly record: PeerRecord
  /** Which run of the provider's watch said so. */
  readonly run: number
  readonly lease: Timer | undefined
}

/** All that is known of one peer. `reported` is what the consumer was told last. */
export interface Known {
  readonly holdings: Map<string, Holding>
  reported: PeerRecord | undefined
}

/** Larger wins, epoch before seq. */
export function isNewer(a: PeerRecord, b: PeerRecord): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq)
}

/** Nearest first: what never leaves the host is quickest and safest. */
function rankEndpoint(endpoint: string): number {
  if (endpoint.startsWith('ipc://')) return 0
  return /^tcp:\/\/(?:127\.|\[::1\]|localhost:)/.test(endpoint) ? 1 : 2
}

/**
 * The newest record, with the endpoints that any provider gave, of whatever epoch: some providers
 * anybody can speak through, and a stranger who tells of a later epoch must not hide what others
 * know. Of one provider the last word counts.
 */
export function mergeHoldings(holdings: ReadonlyMap<string, Holding>): PeerRecord | undefined {
  const records = [...holdings.values()].map(({ record }) => record)
  const [first] = records
  if (!first) return undefined
  const newest = records.reduce((best, one) => (isNewer(one, best) ? one : best), first)
  const all = [newest, ...records.filter((record) => record !== newest)]
  const meta = Object.assign({}, ...all.map((record) => record.meta).reverse())
  // Who is known by a provider that names nobody has the turn of those, too.
  const tellers = all.flatMap((record) => record.tellers ?? [''])
  const name = newest.name ?? all.find((record) => record.name !== undefined)?.name
  return {
    ...newest,
    ...(name === undefined ? {} : { name }),
    inbox: union(all.map((record) => record.inbox)),
    door: union(all.map((record) => record.door)),
    ...(tellers.some((teller) => teller !== '') && { tellers }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
  }
}

/** One of each, then the next of each: who tells many addresses hides none of another's. */
export function inTurn(lists: readonly (readonly string[])[]): string[] {
  const most = Math.max(...lists.map(({ length }) => length))
  const all = Array.from({ length: most }, (_, at) => lists.flatMap((list) => list[at] ?? []))
  return [...new Set(all.flat())]
}

function union(lists: readonly (readonly string[])[]): string[] {
  const all = inTurn(lists)
  // The sort is stable: among equals the newest record's own order stays.
  return all.sort((a, b) => rankEndpoint(a) - rankEndpoint(b)).slice(0, MAX_ENDPOINTS)
}

/** True when nothing that a consumer could act on differs. */
export function sameRecord(a: PeerRecord, b: PeerRecord): boolean {
  return (
    a.epoch === b.epoch &&
    a.seq === b.seq &&
    a.name === b.name &&
    sameList(a.inbox, b.inbox) &&
    sameList(a.door, b.door) &&
    sameMeta(a.meta ?? {}, b.meta ?? {})
  )
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

function sameMeta(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

// Owns what is known of one service instance on one link, and how long each part of it counts.
// Never decides which instances are kept.

import type { TxtFacts } from './names.ts'
import { type DnsRecord, dataKey } from './packet.ts'

const MAX_ADDRESSES = 8
/** How often the missing records of an instance are asked for before it is given up. */
export const maxResolves = 3
/** Nobody needs longer; a liar's century must not fill the cache. */
const MAX_TTL_SECONDS = 4_500
/** Others of the same name that are older than this go when one asks to flush. */
const FLUSH_GRACE_MS = 1_000
/**
 * One record alone that is taken back counts so long: who holds it says so again within 1.1 s.
 * Source: RFC 6762, 10.1.
 */
const TAKEN_BACK_MS = 2_000
/** When to ask again, as parts of the lifetime. Source: RFC 6762, 5.2. */
const REFRESH_AT = [0.8, 0.85, 0.9, 0.95]
const REFRESH_SPREAD = 0.02
/** From here on it is asked along with what is due. */
const REFRESH_ALONG_AT = 0.6

export type Of<T extends DnsRecord['type']> = Extract<DnsRecord, { type: T }>

export interface Entry<R extends DnsRecord = DnsRecord> {
  readonly record: R
  readonly heardAtMs: number
  readonly ttlMs: number
  /** How often it has been asked for again. */
  refreshes: number
}

/** Where something was heard: an interface, over whatever family. */
export interface Link {
  readonly key: string
  /** The interface's name, where it has IPv6: what is link-local counts there alone. */
  zone: string | undefined
  /** By name, in lower case. */
  readonly instances: Map<string, Instance>
  /** By the host that their service names. */
  readonly byHost: Index
  /** 0 to 1, anew each time that we ask: so that of many one asks for all. */
  spread: number
}

export interface Instance {
  readonly link: Link
  readonly name: string
  /** Who was the first to tell of it: an address. */
  readonly source: string
  pointer: Entry<Of<'PTR'>>
  service: Entry<Of<'SRV'>> | undefined
  text: Entry<Of<'TXT'>> | undefined
  readonly hosts: Map<string, Entry<Of<'A' | 'AAAA'>>>
  facts: TxtFacts | undefined
  /** How often its missing records were asked for. */
  resolves: number
  /** What its host, or itself, has said not to have, and until when that counts. */
  readonly absent: Map<string, number>
}

export class Index {
  readonly #sets = new Map<string, Set<Instance>>()

  of(key: string): Iterable<Instance> {
    return this.#sets.get(key) ?? []
  }

  add(key: string, instance: Instance): void {
    const known = this.#sets.get(key)
    if (known) known.add(instance)
    else this.#sets.set(key, new Set([instance]))
  }

  remove(key: string, instance: Instance): void {
    const known = this.#sets.get(key)
    if (known?.delete(instance) && known.size === 0) this.#sets.delete(key)
  }
}

export function newLink(key: string, zone: string | undefined, spread: number): Link {
  return { key, zone, instances: new Map(), byHost: new Index(), spread }
}

export function entryOf<R extends DnsRecord>(record: R, nowMs: number): Entry<R> {
  const ttlMs = Math.min(record.ttlSeconds, MAX_TTL_SECONDS) * 1_000
  return { record, heardAtMs: nowMs, ttlMs, refreshes: 0 }
}

export function isComplete({ service, text, hosts }: Instance): boolean {
  return service !== undefined && text !== undefined && hosts.size > 0
}

/** Whole, and with more than half of its life left. */
export function isKnown(instance: Instance, nowMs: number): boolean {
  const { heardAtMs, ttlMs } = instance.pointer
  return isComplete(instance) && (heardAtMs + ttlMs - nowMs) * 2 >= ttlMs
}

/** Takes out addresses that have run out; true when all of it is over. */
export function hasRunOut(instance: Instance, nowMs: number): boolean {
  const { pointer, service, text, hosts, resolves } = instance
  const wasLocated = hosts.size > 0
  for (const [host, entry] of hosts) if (hasExpired(entry, nowMs)) hosts.delete(host)
  if ([pointer, service, text].some((entry) => entry && hasExpired(entry, nowMs))) return true
  return (wasLocated && hosts.size === 0) || (!isComplete(instance) && resolves >= maxResolves)
}

/** Before that, nothing of the instance is due to be asked for, or over. */
export function restsUntil(instance: Instance): number {
  if (!isComplete(instance)) return -Infinity
  let earliestMs = Infinity
  for (const group of refreshedTogether(instance)) {
    for (const { heardAtMs, ttlMs, refreshes } of group) {
      earliestMs = Math.min(earliestMs, heardAtMs + ttlMs * (REFRESH_AT[refreshes] ?? 1))
    }
  }
  return earliestMs
}

/** Records of an instance that one answer brings. */
export function refreshedTogether(instance: Instance): [Entry, ...Entry[]][] {
  const { pointer, service, text, hosts } = instance
  const groups: [Entry, ...Entry[]][] = [[pointer]]
  if (text) groups.push([text])
  if (service) groups.push([service, ...hosts.values()])
  return groups
}

export function isDueForRefresh(entry: Entry, nowMs: number, spread: number): boolean {
  const { heardAtMs, ttlMs, refreshes } = entry
  const part = REFRESH_AT[refreshes]
  if (part === undefined) return false
  return nowMs >= heardAtMs + ttlMs * (part + spread * REFRESH_SPREAD)
}

/** Not due, but soon: whoever asks for others asks for it as well. */
export function isSoonDue({ heardAtMs, ttlMs, refreshes }: Entry, nowMs: number): boolean {
  return refreshes === 0 && nowMs >= heardAtMs + ttlMs * REFRESH_ALONG_AT
}

export function sameText(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a === b) return true
  return a.length === b.length && a.every((one, at) => Buffer.compare(one, b[at] ?? one) === 0)
}

export function sameData(a: DnsRecord, b: DnsRecord): boolean {
  return a === b || dataKey(a) === dataKey(b)
}

/** As it was taken back: it counts a moment longer, unless it is said again. */
export function lastWord<R extends DnsRecord>(entry: Entry<R>, nowMs: number): Entry<R> {
  const leftMs = entry.heardAtMs + entry.ttlMs - nowMs
  const refreshes = REFRESH_AT.length
  return { ...entry, heardAtMs: nowMs, ttlMs: Math.min(leftMs, TAKEN_BACK_MS), refreshes }
}

/** True when the set of addresses has changed. */
export function placeHost({ hosts }: Instance, entry: Entry<Of<'A' | 'AAAA'>>): boolean {
  const { data: address, type, ttlSeconds, flush } = entry.record
  if (ttlSeconds === 0) {
    const known = hosts.get(address)
    if (known) hosts.set(address, lastWord(known, entry.heardAtMs))
    return false
  }
  let isChanged = !hosts.has(address)
  if (flush) {
    for (const [other, { record, heardAtMs }] of hosts) {
      const isOld = entry.heardAtMs - heardAtMs > FLUSH_GRACE_MS
      if (other === address || record.type !== type || !isOld) continue
      hosts.delete(other)
      isChanged = true
    }
  }
  if (isChanged && !hosts.has(address) && hosts.size >= MAX_ADDRESSES) return false
  hosts.set(address, entry)
  return isChanged
}

function hasExpired({ heardAtMs, ttlMs }: Entry, nowMs: number): boolean {
  return nowMs >= heardAtMs + ttlMs
}

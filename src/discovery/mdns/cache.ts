// Owns what the network has said about peers of one mesh, per interface, and how long it counts.
// Never keeps a record that does not lead to a peer, and never more than 4,096 of them.

import { isIP } from 'node:net'
import { isLinkLocal6, zoneOf } from './ipv6.ts'
import { decodeTxt, isPort, nameKey, sameName, serviceType, type TxtFacts } from './names.ts'
import type { DnsQuestion, DnsRecord } from './packet.ts'
import { dataKey } from './packet.ts'

const MAX_RECORDS = 4_096
const MAX_ADDRESSES = 8
/** How often the missing records of an instance are asked for before it is given up. */
export const maxResolves = 3
/** Nobody needs longer; a liar's century must not fill the cache. */
const MAX_TTL_SECONDS = 4_500
/** Others of the same name that are older than this go when one asks to flush. */
const FLUSH_GRACE_MS = 1_000
/** When to ask again, as parts of the lifetime. Source: RFC 6762, 5.2. */
const REFRESH_AT = [0.8, 0.85, 0.9, 0.95]
const REFRESH_SPREAD = 0.02

type Of<T extends DnsRecord['type']> = Extract<DnsRecord, { type: T }>

export interface Entry<R extends DnsRecord = DnsRecord> {
  readonly record: R
  readonly heardAtMs: number
  readonly ttlMs: number
  /** How often it has been asked for again. */
  refreshes: number
  /** 0 to 1: spreads the askers. */
  readonly spread: number
}

/** One service instance, as seen on one interface. */
export interface Instance {
  readonly address: string
  readonly name: string
  pointer: Entry<Of<'PTR'>>
  service: Entry<Of<'SRV'>> | undefined
  text: Entry<Of<'TXT'>> | undefined
  readonly hosts: Map<string, Entry<Of<'A' | 'AAAA'>>>
  facts: TxtFacts | undefined
  /** The host that `service` names, to be found by its addresses. */
  hostKey: string
  /** How often its missing records were asked for. */
  resolves: number
}

export interface Learned {
  /** Instances of which something new is known. */
  readonly touched: ReadonlySet<Instance>
  /** Instances that said goodbye. */
  readonly gone: ReadonlySet<Instance>
}

export class PeerCache {
  readonly #browse: string
  readonly #random: () => number
  readonly #instances = new Map<string, Instance>()
  readonly #byPeer = new Map<string, Set<Instance>>()
  #refused = 0

  constructor(browse: string, random: () => number) {
    this.#browse = browse
    this.#random = random
  }

  /** Records that found no room. */
  get refused(): number {
    return this.#refused
  }

  get size(): number {
    let size = 0
    for (const { hosts, service, text } of this.#instances.values()) {
      size += 1 + (service ? 1 : 0) + (text ? 1 : 0) + hosts.size
    }
    return size
  }

  all(): IterableIterator<Instance> {
    return this.#instances.values()
  }

  /** Takes what one packet says; pointers first, since they say which of the rest matters. */
  learn(address: string, records: readonly DnsRecord[], nowMs: number): Learned {
    const touched = new Set<Instance>()
    const gone = new Set<Instance>()
    for (const record of records) {
      if (record.type !== 'PTR' || !sameName(record.name, this.#browse)) continue
      const instance = this.#point(address, record, nowMs)
      if (instance) (record.ttlSeconds === 0 ? gone : touched).add(instance)
    }
    for (const record of records) {
      if (record.type !== 'SRV' && record.type !== 'TXT') continue
      const instance = this.#instances.get(keyOf(address, record.name))
      if (!instance) continue
      if (record.ttlSeconds === 0) gone.add(instance)
      else if (this.#describe(instance, record, nowMs)) touched.add(instance)
    }
    for (const record of records) {
      if (record.type === 'A' || record.type === 'AAAA')
        this.#locate(address, record, nowMs, touched)
    }
    for (const instance of gone) this.remove(instance)
    return { touched, gone }
  }

  /** What a probe does not say, though who probes for the name of a peer is one of its mesh. */
  pointerOf(
    address: string,
    authorities: readonly DnsRecord[],
    meshHash: string,
    nowMs: number,
  ): DnsRecord | undefined {
    const text = authorities.find((record) => record.type === 'TXT')
    if (!text) return undefined
    const { name: data, ttlSeconds } = text
    const pointer = { type: 'PTR', name: this.#browse, ttlSeconds, data } as const
    if (this.wouldName(address, pointer, nowMs)) return undefined
    return decodeTxt(text.data)?.meshHash === meshHash ? pointer : undefined
  }

  /** The instances of one peer on all interfaces. */
  ofPeer(id: string): Iterable<Instance> {
    return this.#byPeer.get(id) ?? []
  }

  remove(instance: Instance): void {
    this.#instances.delete(keyOf(instance.address, instance.name))
    this.#index(instance, false)
  }

  /** Everything heard on an interface that has gone. */
  removeInterface(address: string): Instance[] {
    const lost = [...this.#instances.values()].filter((instance) => instance.address === address)
    for (const instance of lost) this.remove(instance)
    return lost
  }

  /** Instances whose records have run out are removed and handed back. */
  expire(nowMs: number): Instance[] {
    const expired: Instance[] = []
    for (const instance of this.#instances.values()) {
      const { pointer, service, text, hosts } = instance
      const wasLocated = hosts.size > 0
      for (const [host, entry] of hosts) if (hasExpired(entry, nowMs)) hosts.delete(host)
      const entries = [pointer, service, text].filter((entry) => entry !== undefined)
      const isOver =
        entries.some((entry) => hasExpired(entry, nowMs)) ||
        (wasLocated && hosts.size === 0) ||
        (!isComplete(instance) && instance.resolves >= maxResolves)
      if (!isOver) continue
      this.remove(instance)
      expired.push(instance)
    }
    return expired
  }

  /** What has to be asked again on the interface, before it runs out. */
  refresh(address: string, nowMs: number): DnsQuestion[] {
    const questions: DnsQuestion[] = []
    for (const instance of this.#instances.values()) {
      if (instance.address !== address) continue
      const { pointer, service, text, hosts } = instance
      for (const entry of [pointer, service, text, ...hosts.values()]) {
        if (!entry || !isDueForRefresh(entry, nowMs)) continue
        entry.refreshes++
        const { name, type } = entry.record
        questions.push({ name, type })
      }
    }
    return questions
  }

  /**
   * The pointers that we need not be told: those with more than half of their life left, of one
   * interface or of all.
   */
  knownPointers(address: string | undefined, nowMs: number): DnsRecord[] {
    const known = new Map<string, DnsRecord>()
    for (const instance of this.#instances.values()) {
      if (address !== undefined && instance.address !== address) continue
      if (!isKnown(instance, nowMs)) continue
      const { record, heardAtMs, ttlMs } = instance.pointer
      const ttlSeconds = Math.floor((heardAtMs + ttlMs - nowMs) / 1_000)
      known.set(nameKey(instance.name), { ...record, flush: false, ttlSeconds })
    }
    return [...known.values()]
  }

  /** True if we would name the record, too, among what we know. */
  wouldName(address: string, record: DnsRecord, nowMs: number): boolean {
    if (record.type !== 'PTR' || !sameName(record.name, this.#browse)) return false
    const instance = this.#instances.get(keyOf(address, record.data))
    return instance !== undefined && isKnown(instance, nowMs)
  }

  #point(address: string, record: Of<'PTR'>, nowMs: number): Instance | undefined {
    const name = record.data
    if (!nameKey(name).endsWith(`.${serviceType}`)) return undefined
    const key = keyOf(address, name)
    const before = this.#instances.get(key)
    if (record.ttlSeconds === 0) return before
    if (!before && !this.#hasRoom()) return undefined
    const pointer = this.#entry(record, nowMs)
    if (before) {
      before.pointer = pointer
      return before
    }
    const instance: Instance = {
      address,
      name,
      pointer,
      service: undefined,
      text: undefined,
      facts: undefined,
      hosts: new Map(),
      hostKey: '',
      resolves: 0,
    }
    this.#instances.set(key, instance)
    return instance
  }

  /** False when nothing but the lifetime has changed. */
  #describe(instance: Instance, record: Of<'SRV'> | Of<'TXT'>, nowMs: number): boolean {
    if (record.type === 'SRV') {
      if (!isPort(record.data.port)) return false
      const before = instance.service
      instance.service = this.#entry(record, nowMs)
      const hostKey = keyOf(instance.address, record.data.target)
      if (instance.hostKey !== hostKey) instance.hosts.clear()
      instance.hostKey = hostKey
      return before === undefined || dataKey(before.record) !== dataKey(record)
    }
    const before = instance.text
    instance.text = this.#entry(record, nowMs)
    if (before && sameText(before.record.data, record.data)) return false
    this.#index(instance, false)
    instance.facts = decodeTxt(record.data)
    this.#index(instance, true)
    return true
  }

  #locate(address: string, record: Of<'A' | 'AAAA'>, nowMs: number, touched: Set<Instance>): void {
    if (isIP(record.data) === 0) return
    // What is link-local counts on the interface it was heard on, which IPv4 does not tell.
    if (isLinkLocal6(record.data) && zoneOf(address) === undefined) return
    const hostKey = keyOf(address, record.name)
    for (const instance of this.#instances.values()) {
      if (instance.hostKey !== hostKey) continue
      if (placeHost(instance.hosts, this.#entry(record, nowMs), nowMs)) touched.add(instance)
    }
  }

  #index(instance: Instance, isKnown: boolean): void {
    const id = instance.facts?.id
    if (id === undefined) return
    const instances = this.#byPeer.get(id) ?? new Set()
    if (isKnown) instances.add(instance)
    else instances.delete(instance)
    if (instances.size > 0) this.#byPeer.set(id, instances)
    else this.#byPeer.delete(id)
  }

  #hasRoom(): boolean {
    // A whole instance is four records; counted from above, so that no sum is needed.
    if (this.#instances.size * 4 < MAX_RECORDS || this.size + 4 <= MAX_RECORDS) return true
    this.#refused++
    return false
  }

  #entry<R extends DnsRecord>(record: R, nowMs: number): Entry<R> {
    const ttlMs = Math.min(record.ttlSeconds, MAX_TTL_SECONDS) * 1_000
    return { record, heardAtMs: nowMs, ttlMs, refreshes: 0, spread: this.#random() }
  }
}

export function isComplete({ service, text, hosts }: Instance): boolean {
  return service !== undefined && text !== undefined && hosts.size > 0
}

function isKnown(instance: Instance, nowMs: number): boolean {
  const { heardAtMs, ttlMs } = instance.pointer
  return isComplete(instance) && (heardAtMs + ttlMs - nowMs) * 2 >= ttlMs
}

function keyOf(address: string, name: string): string {
  return `${address} ${nameKey(name)}`
}

function hasExpired({ heardAtMs, ttlMs }: Entry, nowMs: number): boolean {
  return nowMs >= heardAtMs + ttlMs
}

function isDueForRefresh({ heardAtMs, ttlMs, refreshes, spread }: Entry, nowMs: number): boolean {
  const part = REFRESH_AT[refreshes]
  if (part === undefined) return false
  return nowMs >= heardAtMs + ttlMs * (part + spread * REFRESH_SPREAD)
}

function sameText(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a === b) return true
  return a.length === b.length && a.every((one, at) => Buffer.compare(one, b[at] ?? one) === 0)
}

/** True when the set of addresses has changed. */
function placeHost(
  hosts: Map<string, Entry<Of<'A' | 'AAAA'>>>,
  entry: Entry<Of<'A' | 'AAAA'>>,
  nowMs: number,
): boolean {
  const { data: address, type, ttlSeconds, flush } = entry.record
  if (ttlSeconds === 0) return hosts.delete(address)
  let isChanged = !hosts.has(address)
  if (flush) {
    for (const [other, { record, heardAtMs }] of hosts) {
      if (other === address || record.type !== type || nowMs - heardAtMs <= FLUSH_GRACE_MS) continue
      hosts.delete(other)
      isChanged = true
    }
  }
  if (isChanged && !hosts.has(address) && hosts.size >= MAX_ADDRESSES) return false
  hosts.set(address, entry)
  return isChanged
}

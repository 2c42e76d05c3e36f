// Owns what the network has said about peers of one mesh, link by link.
// Never keeps a record that does not lead to a peer, and never more than 4,096 of them.

import { isIP } from 'node:net'
import {
  entryOf,
  hasRunOut,
  Index,
  type Instance,
  isComplete,
  isDueForRefresh,
  isKnown,
  isSoonDue,
  type Link,
  lastWord,
  newLink,
  type Of,
  placeHost,
  refreshedTogether,
  restsUntil,
  sameData,
  sameText,
} from './instance.ts'
import { isLinkLocal6 } from './ipv6.ts'
import { decodeTxt, isPort, serviceType } from './names.ts'
import type { DnsQuestion, DnsRecord } from './packet.ts'
import { Shares } from './shares.ts'

const MAX_RECORDS = 4_096
/** Nobody needs to know for longer what is not there. */
const MAX_ABSENT_MS = 120_000

/** What is asked for the first time, and what has not been answered. */
export interface Refresh {
  readonly once: readonly DnsQuestion[]
  readonly again: readonly DnsQuestion[]
}

export interface Learned {
  /** Instances of which something new is known. */
  readonly touched: ReadonlySet<Instance>
  /** Instances that said goodbye. */
  readonly gone: ReadonlySet<Instance>
}

const nothing: Refresh = { once: [], again: [] }

export class PeerCache {
  readonly #browse: string
  readonly #random: () => number
  readonly #links = new Set<Link>()
  readonly #byPeer = new Index()
  readonly #shares = new Shares()
  #count = 0
  #refused = 0
  #restsUntilMs = -Infinity

  /** `browse` in lower case, as all names that are read. */
  constructor(browse: string, random: () => number) {
    this.#browse = browse
    this.#random = random
  }

  /** What found no room, or made room for what another told. */
  get refused(): number {
    return this.#refused
  }

  get size(): number {
    let size = 0
    for (const { hosts, service, text } of this.all()) {
      size += 1 + (service ? 1 : 0) + (text ? 1 : 0) + hosts.size
    }
    return size
  }

  *all(): Generator<Instance> {
    for (const { instances } of this.#links) yield* instances.values()
  }

  addLink(key: string, zone: string | undefined): Link {
    const link = newLink(key, zone, this.#random())
    this.#links.add(link)
    return link
  }

  /** Everything heard on a link that has gone. */
  removeLink(link: Link): Instance[] {
    const lost = [...link.instances.values()]
    for (const instance of lost) this.remove(instance)
    this.#links.delete(link)
    return lost
  }

  /** Takes what one packet says; pointers first, since they say which of the rest matters. */
  learn(link: Link, records: readonly DnsRecord[], nowMs: number, source: string): Learned {
    const touched = new Set<Instance>()
    const gone = new Set<Instance>()
    this.#restsUntilMs = -Infinity
    for (const record of records) {
      if (record.type === 'PTR' && record.name === this.#browse) {
        this.#point({ link, source }, record, nowMs, { touched, gone })
      }
    }
    for (const record of records) {
      if (record.type !== 'SRV' && record.type !== 'TXT') continue
      const instance = link.instances.get(record.name)
      if (!instance) continue
      if (record.ttlSeconds === 0) withdraw(instance, record, nowMs)
      else if (this.#describe(instance, record, nowMs)) touched.add(instance)
    }
    for (const record of records) {
      if (record.type === 'A' || record.type === 'AAAA') this.#locate(link, record, nowMs, touched)
      else if (record.type === 'NSEC') noteAbsent(link, record, nowMs)
    }
    for (const instance of gone) this.remove(instance)
    for (const instance of touched) if (isComplete(instance)) this.#replaceNamesakes(instance)
    return { touched, gone }
  }

  /** What a probe does not say, though who probes for the name of a peer is one of its mesh. */
  pointerOf(
    link: Link,
    authorities: readonly DnsRecord[],
    meshHash: string,
    nowMs: number,
  ): DnsRecord | undefined {
    const text = authorities.find((record) => record.type === 'TXT')
    if (!text) return undefined
    const { name: data, ttlSeconds } = text
    const pointer = { type: 'PTR', name: this.#browse, ttlSeconds, data } as const
    if (this.wouldName(link, pointer, nowMs)) return undefined
    return decodeTxt(text.data)?.meshHash === meshHash ? pointer : undefined
  }

  /** The instances of one peer on all links. */
  ofPeer(id: string): Iterable<Instance> {
    return this.#byPeer.of(id)
  }

  remove(instance: Instance): void {
    const { link, name, service, facts } = instance
    if (link.instances.delete(name)) this.#count--
    this.#shares.remove(instance)
    if (service) link.byHost.remove(service.record.data.target, instance)
    if (facts) this.#byPeer.remove(facts.id, instance)
  }

  /** True while there is nothing to refresh, to expire or to resolve: most of the time. */
  rests(nowMs: number): boolean {
    if (nowMs >= this.#restsUntilMs) {
      this.#restsUntilMs = Infinity
      for (const one of this.all()) {
        this.#restsUntilMs = Math.min(this.#restsUntilMs, restsUntil(one))
      }
    }
    return nowMs < this.#restsUntilMs
  }

  /** Instances whose records have run out are removed; with those that have lost an address. */
  expire(nowMs: number): Instance[] {
    return [...this.all()].filter((instance) => {
      const { size } = instance.hosts
      if (!hasRunOut(instance, nowMs)) return instance.hosts.size < size
      this.remove(instance)
      return true
    })
  }

  /**
   * What has to be asked again on the link before it runs out. When something is due, all that
   * will be soon is asked along with it: of many peers, one packet then asks for dozens.
   */
  refresh(link: Link, nowMs: number): Refresh {
    const groups = [...link.instances.values()].flatMap(refreshedTogether)
    const isDue = (group: (typeof groups)[number]) =>
      group.some((entry) => isDueForRefresh(entry, nowMs, link.spread))
    if (!groups.some(isDue)) return nothing
    const due = groups.filter((group) => {
      return isDue(group) || group.some((entry) => isSoonDue(entry, nowMs))
    })
    link.spread = this.#random()
    const [once, again]: [DnsQuestion[], DnsQuestion[]] = [[], []]
    for (const group of due) {
      for (const entry of group) entry.refreshes++
      const [{ record, refreshes } = group[0]] = group
      // Who answers for a service tells its addresses along with it; mostly.
      if (refreshes === 1) once.push({ name: record.name, type: record.type })
      else again.push(...group.map(({ record: { name, type } }) => ({ name, type })))
    }
    return { once, again }
  }

  /** The pointers that we need not be told: those with more than half of their life left. */
  knownPointers(link: Link, nowMs: number): DnsRecord[] {
    const known: DnsRecord[] = []
    for (const instance of link.instances.values()) {
      if (!isKnown(instance, nowMs)) continue
      const { record, heardAtMs, ttlMs } = instance.pointer
      const ttlSeconds = Math.floor((heardAtMs + ttlMs - nowMs) / 1_000)
      known.push({ ...record, flush: false, ttlSeconds })
    }
    return known
  }

  /** True if we would name the record, too, among what we know. */
  wouldName(link: Link, record: DnsRecord, nowMs: number): boolean {
    if (record.type !== 'PTR' || record.name !== this.#browse) return false
    const instance = link.instances.get(record.data)
    return instance !== undefined && isKnown(instance, nowMs)
  }

  #point(
    from: Pick<Instance, 'link' | 'source'>,
    record: Of<'PTR'>,
    nowMs: number,
    { touched, gone }: { readonly touched: Set<Instance>; readonly gone: Set<Instance> },
  ): void {
    const { link } = from
    const name = record.data
    if (!name.endsWith(`.${serviceType}`)) return
    const before = link.instances.get(name)
    if (record.ttlSeconds === 0) {
      if (before) gone.add(before)
      return
    }
    if (before) {
      before.pointer = entryOf(record, nowMs)
      return
    }
    if (!this.#makeRoom(from.source, touched)) return
    const instance: Instance = {
      ...{ ...from, name, pointer: entryOf(record, nowMs) },
      ...{ service: undefined, text: undefined, facts: undefined },
      ...{ hosts: new Map(), resolves: 0, absent: new Map() },
    }
    link.instances.set(name, instance)
    this.#shares.add(instance)
    this.#count++
    touched.add(instance)
  }

  /** Who has chosen another name on a link, for a conflict, no longer has the one before. */
  #replaceNamesakes(instance: Instance): void {
    const { link, source, facts } = instance
    if (!facts) return
    for (const other of [...this.#byPeer.of(facts.id)]) {
      if (other !== instance && other.link === link && other.source === source) this.remove(other)
    }
  }

  /** False when nothing but the lifetime has changed. */
  #describe(instance: Instance, record: Of<'SRV'> | Of<'TXT'>, nowMs: number): boolean {
    if (record.type === 'SRV') return describeService(instance, record, nowMs)
    const before = instance.text
    instance.text = entryOf(record, nowMs)
    if (before && sameText(before.record.data, record.data)) return false
    if (instance.facts) this.#byPeer.remove(instance.facts.id, instance)
    instance.facts = decodeTxt(record.data)
    if (instance.facts) this.#byPeer.add(instance.facts.id, instance)
    return true
  }

  #locate(link: Link, record: Of<'A' | 'AAAA'>, nowMs: number, touched: Set<Instance>): void {
    if (!leadsSomewhere(link, record.data)) return
    for (const instance of link.byHost.of(record.name)) {
      if (placeHost(instance, entryOf(record, nowMs))) touched.add(instance)
    }
  }

  /** False: who tells of it has told so much that nobody else makes room. */
  #makeRoom(source: string, touched: Set<Instance>): boolean {
    // A whole instance is four records; counted from above, so that no sum is needed.
    if (this.#count * 4 < MAX_RECORDS || this.size + 4 <= MAX_RECORDS) return true
    this.#refused++
    const last = this.#shares.givingWay(source)
    if (!last) return false
    this.remove(last)
    touched.add(last)
    return true
  }
}

function describeService(instance: Instance, record: Of<'SRV'>, nowMs: number): boolean {
  const { port, target } = record.data
  if (!isPort(port)) return false
  const { link, service: before } = instance
  instance.service = entryOf(record, nowMs)
  if (before && sameData(before.record, record)) return false
  if (before?.record.data.target !== target) {
    instance.hosts.clear()
    if (before) link.byHost.remove(before.record.data.target, instance)
    link.byHost.add(target, instance)
  }
  return true
}

/** Not to this host itself, where it was not heard here, nor to all or nobody. */
function leadsSomewhere({ key, zone }: Link, address: string): boolean {
  if (isIP(address) === 0 || (isLinkLocal6(address) && zone === undefined)) return false
  if (/^(?:127\.|::1$)/.test(address)) return key.startsWith('127.')
  return !/^(?:0\.|2(?:2[4-9]|[345]\d)\.|::$|ff|::ffff:)/i.test(address)
}

/** Taken back alone: who lives says it again, whoever it was that took it back. */
function withdraw(instance: Instance, record: Of<'SRV'> | Of<'TXT'>, nowMs: number): void {
  const { service, text } = instance
  if (record.type === 'SRV') {
    if (service && sameData(service.record, record)) instance.service = lastWord(service, nowMs)
  } else if (text && sameText(text.record.data, record.data)) {
    instance.text = lastWord(text, nowMs)
  }
}

/** Who says which types a name has says that it has no others. Source: RFC 6762, 6.1. */
function noteAbsent(link: Link, { name, data, ttlSeconds }: Of<'NSEC'>, nowMs: number): void {
  const untilMs = nowMs + Math.min(ttlSeconds * 1_000, MAX_ABSENT_MS)
  const note = (instance: Instance, types: readonly string[]) => {
    for (const type of types) if (!data.includes(type)) instance.absent.set(type, untilMs)
  }
  const instance = link.instances.get(name)
  if (instance) note(instance, ['SRV', 'TXT'])
  for (const one of link.byHost.of(name)) note(one, ['A', 'AAAA'])
}

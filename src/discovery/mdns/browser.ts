// Owns the search for peers of one mesh: what is asked when, and the events that answers make.
// Never touches a socket, and never believes more than that somebody may exist.

import type { Clock, Timer } from '../../base/clock.ts'
import { sameRecord } from '../merge.ts'
import { meshHash } from '../mesh-hash.ts'
import type { DiscoveryEvent, PeerRecord } from '../provider.ts'
import { PeerCache } from './cache.ts'
import { mergedPeer } from './found-peer.ts'
import { type Instance, isComplete, type Link, maxResolves } from './instance.ts'
import { zoneOf } from './ipv6.ts'
import { browseName } from './names.ts'
import { type DnsPacket, type DnsQuestion, type DnsRecord, query } from './packet.ts'
import { HeardQuestions, missingOf, questionKey, sameQuestionMs, withKnown } from './questions.ts'

/** The first questions come from a port of our own, so that answers come to us alone. */
const FIRST_ASKS_MS = [0, 150]
/** From here on one asks for all: the answers go to the group. */
const SHARED_ASK_MS = 850
/** Of a common start all have announced twice by then, and one should be first to ask. */
const CROWD_ASK_MS = 3_000
/** So many who look around when we do are a common start: their probes tell who they are. */
const CROWD = 8
const NEXT_ASK_MS = 3_000
const SECOND_FAMILY_MS = 1_000
const SECOND_FAMILY_SPREAD_MS = 500
const MAX_ASK_GAP_MS = 3_600_000
/** After two rounds of asking, whoever can be seen has been. */
const SYNCED_MS = 250
const TICK_MS = 1_000
const RESOLVE_DELAY_MS = 20
const RESOLVE_SPREAD_MS = 100
const MAX_QUESTION_BYTES = 1_000

export interface BrowserPort {
  readonly clock: Clock
  readonly random: () => number
  /** To the group; `alone` from a port of our own, so that the answers come to us only. */
  readonly ask: (address: string, packet: DnsPacket, alone: boolean) => void
  readonly emit: (event: DiscoveryEvent) => void
}

interface Interface {
  readonly address: string
  readonly link: Link
  asks: number
  gapMs: number
  /** Others who looked around since we began to. */
  starters: number
  /** When we last asked the group. */
  askedAtMs: number
  timer: Timer | undefined
  resolve: Timer | undefined
  /** From others. */
  readonly heard: HeardQuestions
}

export class Browser {
  readonly #port: BrowserPort
  readonly #mesh: string
  readonly #browse: string
  readonly #hash: string
  readonly #cache: PeerCache
  readonly #interfaces = new Map<string, Interface>()
  readonly #reported = new Map<string, PeerRecord>()
  #tick: Timer | undefined
  #synced: Timer | undefined

  constructor(port: BrowserPort, mesh: string) {
    this.#port = port
    this.#mesh = mesh
    this.#browse = browseName(mesh)
    this.#hash = meshHash(mesh)
    this.#cache = new PeerCache(this.#browse, port.random)
  }

  get peerCount(): number {
    return this.#reported.size
  }

  /** Whole peers seen on the link of one interface, ourselves included. */
  peersOn(address: string): number {
    const link = this.#interfaces.get(address)?.link
    let count = 0
    for (const one of this.#cache.all()) if (one.link === link && isComplete(one)) count++
    return count
  }

  get cache(): Pick<PeerCache, 'size' | 'refused'> {
    return this.#cache
  }

  open(): void {
    const { clock, random, emit } = this.#port
    const begin = () => {
      this.#tick = clock.every(TICK_MS, () => this.#onTick(), true)
    }
    // Out of step with those who started together, or all would ask at the same moment.
    this.#tick = clock.after(random() * TICK_MS, begin, true)
    this.#synced = clock.after(SYNCED_MS, () => emit({ type: 'synced' }), true)
  }

  close(): void {
    this.#tick?.cancel()
    this.#synced?.cancel()
    for (const address of [...this.#interfaces.keys()]) this.#drop(address)
  }

  /**
   * Begins to ask on an interface; again, when it belongs to another link now. The second family
   * of a link, whose key is the address of the first, is asked a second later, with all that is
   * known by then: else each peer would be told of each peer twice.
   */
  addInterface(
    address: string,
    key: string = address,
    zone: string | undefined = zoneOf(key),
  ): void {
    const before = this.#interfaces.get(address)
    if (before?.link.key === key) {
      before.link.zone = zone
      return
    }
    if (before) this.removeInterface(address)
    const all = [...this.#interfaces.values()]
    const fresh: Interface = {
      address,
      link: all.find(({ link }) => link.key === key)?.link ?? this.#cache.addLink(key, zone),
      asks: 0,
      gapMs: NEXT_ASK_MS,
      starters: 0,
      askedAtMs: -Infinity,
      timer: undefined,
      resolve: undefined,
      heard: new HeardQuestions(),
    }
    this.#interfaces.set(address, fresh)
    this.#begin(fresh)
  }

  removeInterface(address: string): void {
    const found = this.#drop(address)
    if (!found || [...this.#interfaces.values()].some(({ link }) => link === found.link)) return
    for (const instance of this.#cache.removeLink(found.link)) this.#show(instance, 'expired')
  }

  #drop(address: string): Interface | undefined {
    const found = this.#interfaces.get(address)
    found?.timer?.cancel()
    found?.resolve?.cancel()
    this.#interfaces.delete(address)
    return found
  }

  /** Asks as if new: after the host slept, or when the others may have changed unseen. */
  askAgain(): void {
    for (const one of this.#interfaces.values()) {
      one.asks = 0
      one.gapMs = NEXT_ASK_MS
      this.#begin(one)
    }
  }

  /** `isToGroup`: it came from port 5353, so that what it asks for is told to all. */
  receive(address: string, packet: DnsPacket, isToGroup: boolean, source: string = ''): void {
    const heardOn = this.#interfaces.get(address)
    if (!heardOn) return
    if (packet.kind === 'response') {
      this.#learn(heardOn, [...packet.answers, ...packet.additionals], source)
    } else {
      if (isToGroup) this.#hearQuestions(heardOn, packet)
      else if (packet.questions.some(({ name }) => name === this.#browse)) heardOn.starters++
      if (isToGroup) this.#hearProbe(heardOn, packet.authorities, source)
    }
  }

  /** Who probes will be there in a moment: of a hundred who start together all know it at once. */
  #hearProbe(on: Interface, authorities: readonly DnsRecord[], source: string): void {
    const nowMs = this.#port.clock.nowMs()
    const pointer = this.#cache.pointerOf(on.link, authorities, this.#hash, nowMs)
    if (pointer) this.#learn(on, [pointer, ...authorities], source)
  }

  #learn(on: Interface, records: readonly DnsRecord[], source: string): void {
    const nowMs = this.#port.clock.nowMs()
    const { touched, gone } = this.#cache.learn(on.link, records, nowMs, source)
    for (const instance of gone) this.#show(instance, 'goodbye')
    for (const instance of touched) this.#show(instance, 'expired')
    for (const instance of touched) if (!isComplete(instance)) this.#resolveSoon(on)
  }

  #begin(on: Interface): void {
    if (!isSecond(on)) {
      this.#ask(on)
      return
    }
    on.timer?.cancel()
    on.asks = FIRST_ASKS_MS.length
    const { clock, random } = this.#port
    const ask = () => {
      const first = this.#interfaces.get(on.link.key)
      if (!first || !this.#isCrowd(first)) this.#ask(on)
      else on.timer = clock.after(CROWD_ASK_MS * (1 + random()), () => this.#ask(on), true)
    }
    on.timer = clock.after(SECOND_FAMILY_MS + random() * SECOND_FAMILY_SPREAD_MS, ask, true)
  }

  #ask(on: Interface): void {
    on.timer?.cancel()
    const { clock, ask } = this.#port
    const nowMs = clock.nowMs()
    const isFirst = on.asks < FIRST_ASKS_MS.length
    if (on.asks === 1 && this.#isCrowd(on)) {
      this.#askLater(on)
      return
    }
    const question = { name: this.#browse, type: 'PTR' }
    if (isFirst || !on.heard.was(question, nowMs)) {
      const known = this.#cache.knownPointers(on.link, nowMs)
      for (const packet of withKnown(question, known)) ask(on.address, packet, isFirst)
      if (!isFirst) on.askedAtMs = nowMs
    }
    this.#askLater(on)
  }

  /** Whose probes and announcements tell who they are. */
  #isCrowd({ starters }: Interface): boolean {
    return starters >= CROWD
  }

  #askLater(on: Interface): void {
    on.timer?.cancel()
    on.asks++
    on.timer = this.#port.clock.after(this.#nextAskMs(on), () => this.#ask(on), true)
  }

  #nextAskMs(on: Interface): number {
    const next = FIRST_ASKS_MS[on.asks]
    if (next !== undefined) return next - (FIRST_ASKS_MS[on.asks - 1] ?? 0)
    const { random } = this.#port
    if (on.asks === FIRST_ASKS_MS.length) {
      return (this.#isCrowd(on) ? CROWD_ASK_MS : SHARED_ASK_MS) * (1 + random())
    }
    const gapMs = on.gapMs
    on.gapMs = Math.min(MAX_ASK_GAP_MS, gapMs * 2)
    // Up to a tenth later, so that of many who started together one asks for all.
    return gapMs * (1 + random() / 10)
  }

  /** Somebody asks what we were about to ask: the answers go to the group, so we hear them. */
  #hearQuestions(on: Interface, packet: DnsPacket): void {
    const nowMs = this.#port.clock.nowMs()
    // What is answered to one alone is not answered to us. Source: RFC 6762, 7.3.
    const shared = packet.questions.filter(({ unicast }) => !unicast)
    // An asker that knows something we do not know will not be told it, and neither would we.
    // Of several packets the first is taken for all: waiting for the rest would cost the gain.
    const { link } = on
    if (!packet.answers.every((record) => this.#cache.wouldName(link, record, nowMs))) return
    on.heard.note(shared, nowMs)
    // It counts as asked by us, and the next time is as far away. Source: RFC 6762, 7.3.
    const isOurs = shared.some(({ name, type }) => name === this.#browse && type === 'PTR')
    const isShared = on.asks >= FIRST_ASKS_MS.length && nowMs - on.askedAtMs >= sameQuestionMs
    if (!isOurs || !isShared) return
    on.askedAtMs = nowMs
    this.#askLater(on)
  }

  #onTick(): void {
    const nowMs = this.#port.clock.nowMs()
    if (this.#cache.rests(nowMs)) return
    for (const instance of this.#cache.expire(nowMs)) this.#show(instance, 'expired')
    for (const on of this.#interfaces.values()) {
      if (isSecond(on) && this.#interfaces.has(on.link.key)) continue
      const { once, again } = this.#cache.refresh(on.link, nowMs)
      this.#askAll(on, [...once, ...again], nowMs)
      // What was not answered over one family may be over the other.
      for (const other of this.#interfaces.values()) {
        if (other !== on && other.link === on.link) this.#askAll(other, again, nowMs)
      }
      if (this.#incomplete(on.link).length > 0) this.#resolveSoon(on)
    }
  }

  #incomplete(link: Link): Instance[] {
    const isOpen = (one: Instance) =>
      one.link === link && !isComplete(one) && one.resolves < maxResolves
    return [...this.#cache.all()].filter(isOpen)
  }

  #resolveSoon(on: Interface): void {
    if (on.resolve) return
    const { clock, random } = this.#port
    const run = () => {
      on.resolve = undefined
      const nowMs = clock.nowMs()
      const questions: DnsQuestion[] = []
      for (const instance of this.#incomplete(on.link)) {
        const open = missingOf(instance, nowMs)
        // It has said that there is no more.
        if (open.length === 0) instance.resolves = maxResolves
        const missing = open.filter((one) => !on.heard.was(one, nowMs))
        if (missing.length === 0) continue
        instance.resolves++
        questions.push(...missing)
      }
      this.#askAll(on, questions, nowMs)
    }
    on.resolve = clock.after(RESOLVE_DELAY_MS + random() * RESOLVE_SPREAD_MS, run, true)
  }

  /** As many packets as it takes; what others have just asked is left out. */
  #askAll(on: Interface, questions: readonly DnsQuestion[], nowMs: number): void {
    let batch: DnsQuestion[] = []
    let bytes = 0
    const flush = () => {
      if (batch.length > 0) this.#port.ask(on.address, query({ questions: batch }), false)
      batch = []
      bytes = 0
    }
    const asked = new Set<string>()
    for (const question of questions) {
      const key = questionKey(question)
      if (asked.has(key) || on.heard.was(question, nowMs)) continue
      asked.add(key)
      batch.push(question)
      bytes += Buffer.byteLength(question.name) + 6
      if (bytes > MAX_QUESTION_BYTES) flush()
    }
    flush()
  }

  /** Tells what is now known of the peer behind an instance, if it differs from before. */
  #show(instance: Instance, reason: 'goodbye' | 'expired'): void {
    const { facts } = instance
    if (!facts || facts.meshHash !== this.#hash) return
    const { id } = facts
    const before = this.#reported.get(id)
    const peer = mergedPeer(this.#cache.ofPeer(id), this.#hash, this.#mesh)
    if (peer) {
      if (before && sameRecord(before, peer)) return
      this.#reported.set(id, peer)
      this.#port.emit({ type: before?.epoch === peer.epoch ? 'change' : 'up', peer })
    } else if (before) {
      this.#reported.delete(id)
      this.#port.emit({ type: 'down', id, epoch: before.epoch, reason })
    }
  }
}

const isSecond = ({ address, link }: Interface) => address !== link.key

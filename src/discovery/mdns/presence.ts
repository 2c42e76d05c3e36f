// Owns our presence on one interface: probing for our names, announcing, defending, answering.
// Never chooses names and never touches a socket: packets go in and come out.

import type { Timer } from '../../base/clock.ts'
import { type Address, type AnswerPort, AnswerQueue } from './answers.ts'
import { mdnsPort } from './group-socket.ts'
import { sameName } from './names.ts'
import { asksFor, compareClaims, isAddress, OwnIndex, type OwnRecords } from './own-records.ts'
import {
  type DnsPacket,
  type DnsQuestion,
  type DnsRecord,
  dataKey,
  query,
  recordKey,
  response,
} from './packet.ts'

/** Source: RFC 6762, 8.1 to 8.3. */
const PROBES = 3
const PROBE_GAP_MS = 250
const LOST_TIE_MS = 1_000
const SECOND_ANNOUNCEMENT_MS = 1_000
const CHANGE_DELAY_MS = 250
/** A probe is answered more readily than other questions. Source: RFC 6762, 6. */
const DEFENCE_GAP_MS = 250
/** Shared answers are spread, so that many responders do not speak at once. */
const SHARED_DELAY_MS = 20
const SHARED_SPREAD_MS = 100
/** What those who do not keep a cache in step may keep. Source: RFC 6762, 6.7. */
const LEGACY_TTL_SECONDS = 10
/** So many peers are answered alone in a while: a hundred times a hundred answers help nobody. */
const MAX_ALONE = 8
/** Who has just begun itself is heard by all a moment later. */
const MAX_ALONE_EARLY = 1
/** Of any questions, and of one asker: half of them, so that nobody takes all. */
const MAX_ALONE_OF_ALL = 32
const MAX_ALONE_OF_ONE = MAX_ALONE / 2
const ALONE_WINDOW_MS = 250

export interface PresencePort extends Omit<AnswerPort, 'companions'> {
  /** The name that only Earshot asks for: its askers do keep their cache in step. */
  readonly browse: string
  /** For how many peers an answer to one asker has to be spread. */
  readonly peerCount: () => number
  /** True for every address of this host, without zones. */
  readonly isOwnAddress: (address: string) => boolean
  /** Somebody else holds one of our names: choose others, then call `claim` again. */
  readonly onConflict: () => void
  /** An answer to one alone was not given: too many were asked for. */
  readonly onCrowd: () => void
}

export class Presence {
  readonly #port: PresencePort
  readonly #answers: AnswerQueue
  #own: OwnIndex
  #phase: 'probing' | 'held' | 'gone' = 'probing'
  #timer: Timer | undefined
  #change: Timer | undefined
  #announcedAtMs = -Infinity
  #isSecond = false
  #aloneSinceMs = -Infinity
  /** Answered alone since then: those who look for peers, all, and each asker. */
  #alone = 0
  #aloneOfAll = 0
  readonly #aloneOf = new Map<string, number>()
  /** How often the names were claimed: more than once where another has them. */
  #claims = 0

  constructor(port: PresencePort, records: OwnRecords) {
    this.#port = port
    this.#own = new OwnIndex(records)
    this.#answers = new AnswerQueue({
      ...port,
      companions: (told) => this.#own.companions(told),
    })
  }

  /**
   * Probes for the names, then announces twice; with `isSecond` once alone, for the same link is
   * probed and told over the other family. Begins anew when it was at it already.
   */
  claim(records: OwnRecords, delayMs: number, isSecond: boolean = false): void {
    this.#isSecond = isSecond
    this.#own = new OwnIndex(records)
    this.#phase = 'probing'
    this.#claims++
    this.#answers.close()
    this.#change?.cancel()
    this.#change = undefined
    this.#after(delayMs, () => this.#probe(isSecond ? PROBES + 1 : 1))
  }

  /** New data under the same names: announced within 250 ms, at most once a second. */
  change(records: OwnRecords): void {
    this.#own = new OwnIndex(records)
    this.reannounce()
  }

  reannounce(): void {
    if (this.#phase !== 'held' || this.#change) return
    const { clock } = this.#port
    const mayAtMs = this.#announcedAtMs + SECOND_ANNOUNCEMENT_MS
    const delayMs = Math.max(CHANGE_DELAY_MS, mayAtMs - clock.nowMs())
    const run = () => {
      this.#change = undefined
      this.#announce(true)
    }
    this.#change = clock.after(delayMs, run, true)
  }

  /** Says goodbye at once. Probing or not: askers may have had an answer already. */
  withdraw(): void {
    if (this.#phase === 'gone') return
    this.close()
    const { shared, unique } = this.#own.records
    this.#answers.sendNow([...shared, ...unique].map((r) => ({ ...r, ttlSeconds: 0 })))
  }

  /** Stops without a word: the interface has gone. */
  close(): void {
    this.#phase = 'gone'
    this.#timer?.cancel()
    this.#change?.cancel()
    this.#answers.close()
  }

  receive(packet: DnsPacket, from: Address): void {
    if (this.#phase === 'gone') return
    if (packet.kind === 'response') this.#hearAnswers([...packet.answers, ...packet.additionals])
    else {
      if (packet.authorities.length > 0) this.#hearProbe(packet.authorities)
      this.#hearQuery(packet, from)
    }
  }

  #probe(count: number): void {
    const { unique } = this.#own.records
    if (count > PROBES) {
      this.#phase = 'held'
      this.#announce()
      return
    }
    const names = [...new Set(unique.map(({ name }) => name))]
    // Not by unicast: port 5353 is shared, and an answer would reach one socket of many.
    const questions = names.map((name) => ({ name, type: 'ANY' }))
    const authorities = unique.map((record) => ({ ...record, flush: false }))
    this.#port.send(query({ questions, authorities }))
    this.#after(PROBE_GAP_MS, () => this.#probe(count + 1))
  }

  /** What has changed is told twice over both families: a flush spares what is a second old. */
  #announce(isChange = false): void {
    this.#announcedAtMs = this.#port.clock.nowMs()
    this.#sendAnnouncement()
    if (this.#isSecond && !isChange) return
    this.#after(SECOND_ANNOUNCEMENT_MS, () => this.#sendAnnouncement())
  }

  #sendAnnouncement(): void {
    this.#answers.sendNow([...this.#own.records.shared, ...this.#own.records.unique])
  }

  #after(delayMs: number, run: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#port.clock.after(delayMs, run, true)
  }

  #hearAnswers(records: readonly DnsRecord[]): void {
    const spared: string[] = []
    for (const record of records) {
      if (!this.#own.concerns(record)) continue
      const ours = this.#own.same(record)
      if (ours) {
        // A goodbye that is not ours, for what is ours: those who believed it must be told.
        if (record.ttlSeconds === 0 && this.#phase === 'held') this.#answerGroup([ours])
        else if (record.ttlSeconds >= ours.ttlSeconds) spared.push(recordKey(ours))
      } else if (this.#clashes(record)) {
        this.#port.onConflict()
        return
      }
    }
    if (spared.length > 0) this.#answers.suppress(spared)
  }

  /** Another's record under a name that must be ours alone. */
  #clashes(record: DnsRecord): boolean {
    if (record.ttlSeconds === 0) return false
    // Two of our interfaces on one network hear each other.
    if (isAddress(record) && this.#port.isOwnAddress(record.data)) return false
    const { unique } = this.#own.records
    const same = unique.filter(({ type, name }) => {
      return type === record.type && sameName(name, record.name)
    })
    return same.length > 0 && same.every((ours) => dataKey(ours) !== dataKey(record))
  }

  #hearProbe(authorities: readonly DnsRecord[]): void {
    if (!authorities.some((record) => this.#own.concerns(record))) return
    const { unique } = this.#own.records
    const names = new Set(unique.map(({ name }) => name))
    for (const name of names) {
      const theirs = authorities.filter((record) => sameName(record.name, name))
      const ours = unique.filter((record) => record.name === name)
      if (theirs.length === 0 || !theirs.some((record) => this.#clashes(record))) continue
      if (this.#phase === 'held') this.#answers.add(ours, 0, DEFENCE_GAP_MS)
      else if (compareClaims(ours, theirs) < 0) this.#after(LOST_TIE_MS, () => this.#probe(1))
    }
  }

  #hearQuery(packet: DnsPacket, from: Address): void {
    const known = this.#knownTo(packet.answers)
    if (known.size > 0) this.#answers.learnKnown(from, known)
    const wanted = this.#wanted(packet.questions, from)
    if (wanted.length === 0) return
    const answer = (more?: ReadonlySet<string>) => {
      const left = wanted.filter((record) => {
        const key = recordKey(record)
        return !known.has(key) && !more?.has(key)
      })
      if (left.length > 0 && this.#phase !== 'gone') this.#answer(left, packet, from)
    }
    if (packet.truncated) this.#answers.hold(from, answer)
    else answer()
  }

  #wanted(questions: readonly DnsQuestion[], from: Address): readonly DnsRecord[] {
    // Only what is certain is said before the names are: our id makes them ours anyway, and
    // peers that start together find each other without waiting for the probes.
    const isEarly = this.#phase === 'probing'
    const { browse } = this.#port
    const heard = isEarly
      ? questions.filter(({ name }) => from.port !== mdnsPort && sameName(name, browse))
      : questions
    return this.#own.answersTo(heard)
  }

  #knownTo(answers: readonly DnsRecord[]): Set<string> {
    const known = new Set<string>()
    for (const record of answers) {
      const ours = this.#own.same(record)
      if (ours && record.ttlSeconds * 2 >= ours.ttlSeconds) known.add(recordKey(ours))
    }
    return known
  }

  #answer(records: readonly DnsRecord[], packet: DnsPacket, from: Address): void {
    const { shared, types } = this.#own.records
    const isLegacy = from.port !== mdnsPort
    if (isLegacy || packet.questions.every(({ unicast }) => unicast)) {
      if (!this.#isCrowded(packet, from)) this.#answerOne(records, packet, from, isLegacy)
      else {
        this.#port.onCrowd()
        // Who still probes, or announces again, is about to be heard by all anyway.
        if (this.#phase === 'held' && !this.#isAnnouncing()) this.#answerGroup(records)
      }
    } else if (!records.some((one) => shared.includes(one) || one === types)) {
      this.#answers.add(records, 0)
    } else this.#answerGroup(records)
  }

  /** Peers that ask at once all listen to the group, too, or ask again soon. */
  #isCrowded({ questions }: DnsPacket, { address }: Address): boolean {
    const nowMs = this.#port.clock.nowMs()
    if (nowMs - this.#aloneSinceMs >= ALONE_WINDOW_MS) {
      this.#aloneSinceMs = nowMs
      this.#alone = 0
      this.#aloneOfAll = 0
      this.#aloneOf.clear()
    }
    const ofOne = this.#aloneOf.get(address) ?? 0
    const isBrowsing = questions.some(({ name }) => sameName(name, this.#port.browse))
    const isNew = this.#phase === 'probing' && this.#claims === 1
    if (ofOne >= MAX_ALONE_OF_ONE || this.#aloneOfAll >= MAX_ALONE_OF_ALL) return true
    if (isBrowsing && this.#alone >= (isNew ? MAX_ALONE_EARLY : MAX_ALONE)) return true
    this.#aloneOf.set(address, ofOne + 1)
    this.#aloneOfAll++
    if (isBrowsing) this.#alone++
    return false
  }

  #isAnnouncing(): boolean {
    return this.#port.clock.nowMs() - this.#announcedAtMs < SECOND_ANNOUNCEMENT_MS
  }

  #answerGroup(records: readonly DnsRecord[]): void {
    const delayMs = SHARED_DELAY_MS + this.#port.random() * SHARED_SPREAD_MS
    this.#answers.add(records, delayMs)
  }

  #answerOne(
    records: readonly DnsRecord[],
    packet: DnsPacket,
    to: Address,
    isLegacy: boolean,
  ): void {
    const { browse, clock, random, peerCount, send } = this.#port
    // Resolvers of old do not know what a denial is.
    const answers = isLegacy ? records.filter(({ type }) => type !== 'NSEC') : records
    if (answers.length === 0) return
    const told = new Set(answers)
    const isOurs = packet.questions.some(({ name }) => sameName(name, browse))
    const fit = (record: DnsRecord): DnsRecord => {
      if (!isLegacy) return record
      const { ttlSeconds } = record
      const limit = isOurs ? ttlSeconds : LEGACY_TTL_SECONDS
      return { ...record, flush: false, ttlSeconds: Math.min(ttlSeconds, limit) }
    }
    const reply = response({
      ...(isLegacy ? { id: packet.id ?? 0 } : {}),
      // Only what we answer is repeated: foreign names may not survive being written again.
      questions: isLegacy
        ? packet.questions.filter((q) => answers.some((record) => asksFor(q, record)))
        : [],
      answers: answers.map(fit),
      additionals: this.#own
        .companions(answers)
        .filter((record) => !told.has(record) && !(isLegacy && record.type === 'NSEC'))
        .map(fit),
    })
    // A hundred answers at once would overflow the asker's socket.
    const delayMs = random() * Math.min(20, peerCount() / 5)
    if (delayMs < 1) send(reply, to)
    else clock.after(delayMs, () => this.#phase !== 'gone' && send(reply, to), true)
  }
}

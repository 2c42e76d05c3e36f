// Owns when answers leave on one interface: together, spread, and at most one a second each.
// Never decides what is answered.

import type { Clock, Timer } from '../../base/clock.ts'
import { type DnsPacket, type DnsRecord, recordKey, response } from './packet.ts'

/** No record goes to the group more often. Source: RFC 6762, 6. */
const LEAST_GAP_MS = 1_000
/** Those who send known answers in several packets get this long. Source: RFC 6762, 7.2. */
const MORE_KNOWN_MS = 400
const MAX_HELD = 64

/** Where a packet came from, or is to go. */
export interface Address {
  readonly address: string
  readonly port: number
}

export interface AnswerPort {
  readonly clock: Clock
  readonly random: () => number
  /** Without `to` it goes to the group. */
  readonly send: (packet: DnsPacket, to?: Address) => void
  /** What an asker will want to know next, when told these. */
  readonly companions: (records: readonly DnsRecord[]) => readonly DnsRecord[]
}

interface Pending {
  readonly record: DnsRecord
  dueMs: number
}

export class AnswerQueue {
  readonly #port: AnswerPort
  readonly #pending = new Map<string, Pending>()
  readonly #sentAtMs = new Map<string, number>()
  readonly #held = new Map<string, { keys: Set<string>; timer: Timer }>()
  #timer: Timer | undefined
  #timerDueMs = Infinity

  constructor(port: AnswerPort) {
    this.#port = port
  }

  /** Sends to the group after the delay, and not before `gapMs` after the last time. */
  add(records: readonly DnsRecord[], delayMs: number, gapMs: number = LEAST_GAP_MS): void {
    const nowMs = this.#port.clock.nowMs()
    for (const record of records) {
      const key = recordKey(record)
      const mayAtMs = (this.#sentAtMs.get(key) ?? -Infinity) + gapMs
      const dueMs = Math.max(nowMs + delayMs, mayAtMs)
      const before = this.#pending.get(key)
      if (before) before.dueMs = Math.min(before.dueMs, dueMs)
      else this.#pending.set(key, { record, dueMs })
    }
    this.#arm()
  }

  /** Sends to the group at once, whatever was sent before: announcements and goodbyes. */
  sendNow(records: readonly DnsRecord[]): void {
    this.#noteSent(records)
    this.#port.send(response({ answers: records }))
  }

  /** Somebody else has said the same just now, so we need not. */
  suppress(keys: Iterable<string>): void {
    for (const key of keys) this.#pending.delete(key)
    if (this.#pending.size === 0) this.#disarm()
  }

  /** The asker will name more of what it knows: waits 400 to 500 ms, then calls `answer`. */
  hold(from: Address, answer: (known: ReadonlySet<string>) => void): void {
    const source = `${from.address}:${from.port}`
    if (this.#held.has(source) || this.#held.size >= MAX_HELD) return
    const keys = new Set<string>()
    const { clock, random } = this.#port
    const release = () => {
      this.#held.delete(source)
      answer(keys)
    }
    const timer = clock.after(MORE_KNOWN_MS + random() * 100, release, true)
    this.#held.set(source, { keys, timer })
  }

  /** More of what an asker knows, whose answer may be held. */
  learnKnown(from: Address, keys: Iterable<string>): void {
    const held = this.#held.get(`${from.address}:${from.port}`)
    for (const key of keys) held?.keys.add(key)
  }

  close(): void {
    this.#disarm()
    this.#pending.clear()
    for (const { timer } of this.#held.values()) timer.cancel()
    this.#held.clear()
  }

  #flush(): void {
    this.#disarm()
    const nowMs = this.#port.clock.nowMs()
    const answers: DnsRecord[] = []
    for (const [key, { record, dueMs }] of this.#pending) {
      if (dueMs > nowMs) continue
      this.#pending.delete(key)
      answers.push(record)
    }
    this.#arm()
    if (answers.length === 0) return
    const keys = new Set(answers.map(recordKey))
    const additionals = this.#port.companions(answers).filter((record) => {
      const key = recordKey(record)
      const isFresh = nowMs - (this.#sentAtMs.get(key) ?? -Infinity) < LEAST_GAP_MS
      return !keys.has(key) && !isFresh
    })
    this.#noteSent([...answers, ...additionals])
    this.#port.send(response({ answers, additionals }))
  }

  #noteSent(records: readonly DnsRecord[]): void {
    const nowMs = this.#port.clock.nowMs()
    // Records of ours that have changed since leave their old keys behind.
    if (this.#sentAtMs.size > 64) this.#sentAtMs.clear()
    for (const record of records) this.#sentAtMs.set(recordKey(record), nowMs)
  }

  #arm(): void {
    let earliestMs = Infinity
    for (const { dueMs } of this.#pending.values()) earliestMs = Math.min(earliestMs, dueMs)
    if (earliestMs >= this.#timerDueMs || earliestMs === Infinity) return
    this.#disarm()
    const { clock } = this.#port
    this.#timerDueMs = earliestMs
    this.#timer = clock.after(Math.max(0, earliestMs - clock.nowMs()), () => this.#flush(), true)
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDueMs = Infinity
  }
}

// Owns the one view of who may exist, merged from all providers by peer id, epoch and seq.
// Never decides that a peer is up or dead: it hands on hints, and a link proves them.

import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { type Known, mergeHoldings, sameRecord } from './merge.ts'
import type { Discovery, DiscoveryEvent, PeerRecord } from './provider.ts'
import { atMost, ProviderRun } from './provider-run.ts'

/** Who has not synced by then does not hold up the others. */
const SYNC_LIMIT_MS = 1_000
const START_LIMIT_MS = 1_000
const STOP_LIMIT_MS = 500

type DownReason = Extract<DiscoveryEvent, { type: 'down' }>['reason']

export type DiscovererEvent =
  | {
      readonly type: 'found' | 'changed'
      readonly peer: PeerRecord
      /** Names of the providers that hold the peer, in the order in which they found it. */
      readonly via: readonly string[]
    }
  | {
      readonly type: 'lost'
      /** The last that was known of it. */
      readonly peer: PeerRecord
      readonly reason: DownReason
      /** The provider that was the last to hold it. */
      readonly via: readonly string[]
    }
  /** Every provider has given its first full view, or 1 s has passed. */
  | { readonly type: 'synced' }
  | {
      readonly type: 'fault'
      readonly error: EarshotError
      readonly via: readonly string[]
      readonly retryInMs?: number
    }

export interface DiscovererOptions {
  readonly providers: readonly Discovery[]
  readonly self: PeerRecord
  readonly mesh: string
  readonly clock: Clock
  readonly limits: Pick<Limits, 'maxPeers' | 'maxPeersPerSecond'>
  /** Called at once, one event after the other. Must not throw. */
  readonly onEvent: (event: DiscovererEvent) => void
  /** 0 to 1, for the spread of retries. Default `Math.random`. */
  readonly random?: () => number
}

export interface Discoverer {
  /** Asks who is there while we cannot be reached yet; what comes waits for `start`. Once. */
  look(): void
  /**
   * Starts watching and announcing. Resolves when each provider has announced us or failed
   * once, after at most 1 s; events come before that. Never rejects.
   * @param here where we are reached
   */
  start(here?: Pick<PeerRecord, 'inbox' | 'door'>): Promise<void>
  /** Announces a changed record of ourselves, with the next `seq`. Never rejects. */
  update(change: Partial<Omit<PeerRecord, 'id' | 'epoch' | 'mesh'>>): Promise<void>
  /** Goodbye, then closes the providers: within 1 s. Idempotent. No event comes afterwards. */
  stop(): Promise<void>
  /** Everyone known and not lost, with the providers that hold them. */
  peers(): { readonly peer: PeerRecord; readonly via: readonly string[] }[]
}

/** Merges the providers into one stream of events about peers other than ourselves. */
export function createDiscoverer(options: DiscovererOptions): Discoverer {
  return new Aggregator(options)
}

class Aggregator implements Discoverer {
  readonly #options: DiscovererOptions
  readonly #runs: readonly ProviderRun[]
  readonly #known = new Map<string, Known>()
  readonly #unsynced = new Set<string>()
  readonly #late = new Set<string>()
  #self: PeerRecord
  #newThisSecond = 0
  /** Of them, by who told: half of all are for the others. */
  readonly #newByTeller = new Map<string, number>()
  #secondEndsMs = 0
  #isFull = false
  #stopped: Promise<void> | undefined

  constructor(options: DiscovererOptions) {
    this.#options = options
    this.#self = options.self
    const { clock, random = Math.random } = options
    const names = uniqueNames(options.providers)
    this.#runs = options.providers.map((provider, index) => {
      const name = names[index] ?? provider.name
      this.#unsynced.add(name)
      return new ProviderRun(provider, options.self, {
        clock,
        random,
        onEvent: (run, event) => this.#hear(name, run, event),
        onFault: (error, retryInMs) => this.#fault(name, error, retryInMs),
      })
    })
  }

  look(): void {
    for (const run of this.#runs) run.look()
  }

  start(here: Partial<PeerRecord> = {}): Promise<void> {
    const { clock } = this.#options
    const self = { ...this.#self, ...here }
    this.#self = self
    const started = this.#runs.map((run) => run.start(self))
    const limit = clock.after(SYNC_LIMIT_MS, () => this.#syncedBy(...this.#unsynced), true)
    if (this.#runs.length === 0) {
      limit.cancel()
      this.#tell({ type: 'synced' })
    }
    return atMost(clock, START_LIMIT_MS, Promise.all(started))
  }

  update(change: Partial<Omit<PeerRecord, 'id' | 'epoch' | 'mesh'>>): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    const self = { ...this.#self, ...change, seq: this.#self.seq + 1 }
    this.#self = self
    const updates = this.#runs.map((run) => run.update(self))
    return atMost(this.#options.clock, START_LIMIT_MS, Promise.all(updates))
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#leave()
    return this.#stopped
  }

  peers(): { readonly peer: PeerRecord; readonly via: readonly string[] }[] {
    const all = []
    for (const { reported, holdings } of this.#known.values()) {
      if (reported) all.push({ peer: reported, via: [...holdings.keys()] })
    }
    return all
  }

  async #leave(): Promise<void> {
    const { clock } = this.#options
    const goodbyes = this.#runs.map((run) => run.withdraw())
    await atMost(clock, STOP_LIMIT_MS, Promise.all(goodbyes))
    const closes = this.#runs.map((run) => run.close())
    await atMost(clock, STOP_LIMIT_MS, Promise.all(closes))
    for (const { holdings } of this.#known.values()) {
      for (const { lease } of holdings.values()) lease?.cancel()
    }
    this.#known.clear()
  }

  #hear(via: string, run: number, event: DiscoveryEvent): void {
    if (this.#stopped) return
    switch (event.type) {
      case 'up':
      case 'change':
        this.#hold(via, run, event.peer, event.leaseMs)
        break
      case 'down':
        this.#release(via, event.id, event.reason, event.epoch)
        break
      case 'synced':
        this.#dropEarlierRuns(via, run)
        this.#syncedBy(via)
        break
      case 'fault':
        this.#fault(via, toEarshotError(event.error, 'EARSHOT_DISCOVERY'), event.retryInMs)
        break
    }
  }

  #hold(via: string, run: number, record: PeerRecord, leaseMs: number | undefined): void {
    const { id, epoch } = record
    if (this.#isUs(record) || record.mesh !== this.#options.mesh) return
    const known = this.#known.get(id) ?? this.#admit(via, id)
    if (!known) return
    const before = known.holdings.get(via)
    before?.lease?.cancel()
    const { clock } = this.#options
    const expire = () => this.#release(via, id, 'expired', epoch)
    const lease = leaseMs === undefined ? undefined : clock.after(leaseMs, expire, true)
    known.holdings.set(via, { record, run, lease })
    this.#report(id, known)
  }

  /** A new peer, unless there are too many. */
  #admit(via: string, id: string): Known | undefined {
    const { maxPeers } = this.#options.limits
    if (this.#known.size >= maxPeers && !this.#makeRoom(via)) {
      if (!this.#isFull) {
        const text = `more than ${maxPeers} peers were found: raise limits.maxPeers to see them all`
        this.#fault('limits', new EarshotError('EARSHOT_DISCOVERY', text, { retryable: false }))
      }
      this.#isFull = true
      return undefined
    }
    const known: Known = { holdings: new Map(), reported: undefined }
    this.#known.set(id, known)
    return known
  }

  #release(via: string, id: string, reason: DownReason, epoch: number): void {
    const known = this.#known.get(id)
    const holding = known?.holdings.get(via)
    if (!known || !holding || epoch < holding.record.epoch) return
    dropHolding(known, via)
    if (known.holdings.size > 0) {
      this.#report(id, known)
      return
    }
    this.#known.delete(id)
    this.#late.delete(id)
    this.#isFull = false
    const { reported } = known
    if (reported) this.#tell({ type: 'lost', peer: reported, reason, via: [via] })
  }

  /** Whom the most talkative other provider alone has found last makes room. */
  #makeRoom(via: string): boolean {
    const alone = new Map<string, string[]>()
    for (const [id, { holdings }] of this.#known) {
      const [only = via, ...more] = holdings.keys()
      if (more.length > 0) continue
      const ids = alone.get(only)
      if (ids) ids.push(id)
      else alone.set(only, [id])
    }
    const [most] = [...alone].sort(([, a], [, b]) => b.length - a.length)
    if (most === undefined || most[0] === via) return false
    const [name, ids] = most
    const id = ids.at(-1) as string
    const epoch = this.#known.get(id)?.holdings.get(name)?.record.epoch ?? 0
    this.#release(name, id, 'withdrawn', epoch)
    return true
  }

  #report(id: string, known: Known): void {
    const peer = mergeHoldings(known.holdings)
    if (!peer) return
    const { reported } = known
    if (reported && sameRecord(reported, peer)) return
    if (!reported && !this.#mayReportNew(id, peer.tellers)) return
    known.reported = peer
    const type = reported ? 'changed' : 'found'
    this.#tell({ type, peer, via: [...known.holdings.keys()] })
  }

  /** Spreads a flood of newcomers over the next seconds: each is still reported, later. */
  #mayReportNew(id: string, tellers: readonly string[] = []): boolean {
    const { clock, limits } = this.#options
    const nowMs = clock.nowMs()
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1_000
      this.#newThisSecond = 0
      this.#newByTeller.clear()
    }
    const toldBy = (teller: string) => this.#newByTeller.get(teller) ?? 0
    const most = limits.maxPeersPerSecond
    const hasTurn = tellers.length === 0 || tellers.some((teller) => toldBy(teller) < most / 2)
    if (this.#newThisSecond < most && hasTurn) {
      this.#newThisSecond++
      for (const teller of tellers) this.#newByTeller.set(teller, toldBy(teller) + 1)
      return true
    }
    if (this.#late.size === 0) {
      clock.after(this.#secondEndsMs - nowMs, () => this.#reportLate(), true)
    }
    this.#late.add(id)
    return false
  }

  #reportLate(): void {
    if (this.#stopped) return
    const ids = [...this.#late]
    this.#late.clear()
    for (const id of ids) {
      const known = this.#known.get(id)
      if (known) this.#report(id, known)
    }
  }

  /** After a restarted watch has shown all it sees: what it no longer shows is gone. */
  #dropEarlierRuns(via: string, run: number): void {
    for (const [id, { holdings }] of [...this.#known]) {
      const holding = holdings.get(via)
      if (holding && holding.run < run) this.#release(via, id, 'withdrawn', holding.record.epoch)
    }
  }

  #syncedBy(...names: readonly string[]): void {
    const before = this.#unsynced.size
    for (const name of names) this.#unsynced.delete(name)
    if (before > 0 && this.#unsynced.size === 0) this.#tell({ type: 'synced' })
  }

  #fault(via: string, error: EarshotError, retryInMs?: number): void {
    const { code, message: text } = error
    reportFault({ area: 'discovery', text, code, data: { via } })
    const retry = retryInMs === undefined ? {} : { retryInMs }
    this.#tell({ type: 'fault', error, via: [via], ...retry })
  }

  #tell(event: DiscovererEvent): void {
    if (!this.#stopped) this.#options.onEvent(event)
  }

  #isUs({ id, inbox }: PeerRecord): boolean {
    if (id === this.#self.id) return true
    // A list of peers may name ourselves; an endpoint without a name is told by the endpoint.
    const isOurs = (endpoint: string) => this.#self.inbox.includes(endpoint.replace(/#.*$/, ''))
    return id.startsWith('?') && inbox.every(isOurs)
  }
}

/** What two providers of one name said must not be mixed up: the second is `static#2`. */
function uniqueNames(providers: readonly Discovery[]): string[] {
  const names: string[] = []
  for (const { name } of providers) {
    const earlier = names.filter((one) => one === name || one.startsWith(`${name}#`)).length
    names.push(earlier === 0 ? name : `${name}#${earlier + 1}`)
  }
  return names
}

function dropHolding(known: Known, via: string): void {
  known.holdings.get(via)?.lease?.cancel()
  known.holdings.delete(via)
}

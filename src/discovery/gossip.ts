// Owns what peers tell each other over their links about whom else they are linked with.
// Never proves anything: what is told is a hint with a lease, and only its own link keeps it alive.

import type { Timer } from '../base/clock.ts'
import { DiscoveryEvents } from './event-queue.ts'
import { encodeRumour, parseRumour, type Rumour, shortId, sumOf } from './gossip-record.ts'
import type {
  Announcement,
  Discovery,
  DiscoveryEvent,
  GossipLinks,
  LinkedDiscovery,
  PeerRecord,
} from './provider.ts'

/** After a change: soon, so that two networks with one peer in both know each other at once. */
const SOON_MS = 100
/** No peer begins to compare more often. */
const LEAST_GAP_MS = 1_000
const IDLE_GAP_MS = 10_000
/** A hint that no link has proved by then was none. */
const LEASE_MS = 30_000

export interface GossipStats {
  readonly sent: number
  readonly sentBytes: number
  readonly heard: number
}

/** One peer's part. It speaks for itself and for those that are linked with it, for nobody else. */
export class Gossip implements LinkedDiscovery {
  readonly name: string = 'gossip'
  #links: GossipLinks | undefined
  /** What each linked peer has said of itself; undefined until it has. */
  readonly #linked = new Map<string, PeerRecord | undefined>()
  readonly #watching = new Set<{ mesh: string; events: DiscoveryEvents }>()
  #self: PeerRecord | undefined
  #timer: Timer | undefined
  #dueMs = Infinity
  #comparedAtMs = -Infinity
  /** The last that came: it knows others, most likely. */
  #newest: string | undefined
  #sent = 0
  #sentBytes = 0
  #heard = 0

  /** Called once, before the first link. */
  over(links: GossipLinks): void {
    this.#links = links
  }

  stats(): GossipStats {
    return { sent: this.#sent, sentBytes: this.#sentBytes, heard: this.#heard }
  }

  /** A remote peer is up. */
  linked(id: string): void {
    if (this.#linked.has(id) || this.#linked.size >= this.#most()) return
    this.#linked.set(id, undefined)
    this.#newest = id
    if (this.#self) this.#tell(id, { me: this.#self })
  }

  /** It is down: we no longer speak for it. */
  unlinked(id: string): void {
    this.#linked.delete(id)
  }

  /**
   * What a linked peer has said.
   * @throws EARSHOT_BYTES_INVALID naming the field
   */
  hear(from: string, bytes: Buffer): void {
    const mesh = this.#self?.mesh ?? [...this.#watching][0]?.mesh
    if (!this.#links || mesh === undefined || !this.#linked.has(from)) return
    this.#heard++
    const rumour = parseRumour(bytes, mesh, this.#links.limits)
    if (rumour.me?.id === from) {
      this.#linked.set(from, rumour.me)
      this.#compareIn(SOON_MS)
    }
    if (rumour.sum !== undefined && rumour.sum !== this.#sum()) this.#tellHave(from, true)
    if (rumour.have) {
      this.#tellMissing(from, new Set(rumour.have))
      if (rumour.answer) this.#tellHave(from, false)
    }
    for (const peer of rumour.peers ?? []) this.#hint(peer)
  }

  announce(self: PeerRecord): Promise<Announcement> {
    const say = (record: PeerRecord | undefined) => {
      this.#self = record
      if (record) for (const id of this.#linked.keys()) this.#tell(id, { me: record })
      return Promise.resolve()
    }
    void say(self)
    return Promise.resolve({
      update: (change: Partial<PeerRecord>) => say({ ...(this.#self ?? self), ...change }),
      // The link says goodbye by itself.
      withdraw: () => say(undefined),
    })
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const events = new DiscoveryEvents(signal, () => this.#watching.delete(watching))
    const watching = { mesh, events }
    this.#watching.add(watching)
    events.push({ type: 'synced' })
    return events
  }

  close(): Promise<void> {
    this.#timer?.cancel()
    this.#links = undefined
    for (const { events } of this.#watching) events.end()
    return Promise.resolve()
  }

  #most(): number {
    return this.#links?.limits.maxGossipPeers ?? 0
  }

  #hint(peer: PeerRecord): void {
    if (peer.id === this.#self?.id || this.#linked.has(peer.id)) return
    for (const { events } of this.#watching) events.push({ type: 'up', peer, leaseMs: LEASE_MS })
  }

  /** Everybody for whom we speak. */
  #known(): PeerRecord[] {
    const known = [...this.#linked.values()].filter((record) => record !== undefined)
    return this.#self ? [...known, this.#self] : known
  }

  #sum(): string {
    return sumOf(this.#known())
  }

  #tellHave(to: string, answer: boolean): void {
    this.#tell(to, { have: this.#known().map(shortId), answer })
  }

  #tellMissing(to: string, have: ReadonlySet<string>): void {
    const { seenFrom } = this.#links as GossipLinks
    const missing = this.#known()
      .filter((record) => record.id !== to && !have.has(shortId(record)))
      .map((record) => seenFrom(to, record))
      .filter(({ inbox }) => inbox.length > 0)
    const { maxGossipBytes } = (this.#links as GossipLinks).limits
    let batch: PeerRecord[] = []
    let bytes = 0
    for (const record of missing) {
      const size = JSON.stringify(record).length * 3
      if (batch.length > 0 && bytes + size > maxGossipBytes) {
        this.#tell(to, { peers: batch })
        batch = []
        bytes = 0
      }
      batch.push(record)
      bytes += size
    }
    if (batch.length > 0) this.#tell(to, { peers: batch })
  }

  #tell(to: string, rumour: Rumour): void {
    const bytes = encodeRumour(rumour)
    this.#sent++
    this.#sentBytes += bytes.length
    this.#links?.send(to, bytes)
  }

  #compareIn(delayMs: number): void {
    const links = this.#links
    if (!links) return
    const nowMs = links.clock.nowMs()
    const dueMs = Math.max(
      nowMs + delayMs * (0.5 + links.random()),
      this.#comparedAtMs + LEAST_GAP_MS,
    )
    if (dueMs >= this.#dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = links.clock.after(dueMs - nowMs, () => this.#compare(), true)
  }

  #compare(): void {
    const links = this.#links
    if (!links) return
    this.#dueMs = Infinity
    this.#comparedAtMs = links.clock.nowMs()
    const ids = [...this.#linked.keys()]
    const chosen = this.#newest ?? ids[Math.floor(links.random() * ids.length)]
    this.#newest = undefined
    if (chosen !== undefined && this.#linked.has(chosen)) this.#tell(chosen, { sum: this.#sum() })
    this.#compareIn(IDLE_GAP_MS)
  }
}

/**
 * Finds those with whom a linked peer is linked: over routers, and from one address to all. Needs
 * another provider for the first link, and serves peers that use it themselves.
 */
export function gossip(): Discovery {
  return new Gossip()
}

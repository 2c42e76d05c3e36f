// Owns what one watcher has seen in DNS: who is new, who has gone, and when to look again.
// Never asks and never waits.

import type { DiscoveryEvent, PeerRecord } from '../provider.ts'
import type { Answer } from './lookup.ts'

export interface ViewBounds {
  /** However short-lived the records are, no sooner than this. */
  readonly leastMs: number
  /** However long-lived, no later. */
  readonly mostMs: number
}

/** A single "no such name" may come from a cache that saw the service before it was there. */
const LOOKS_UNTIL_EMPTY = 2
/** Nobody there, or no answer: looked again at 1, 2 and 4 s, then at 5. */
const LAST_BACKOFF_MS = 5_000
/** Up to so much later, so that a thousand pods do not ask in step. */
const SPREAD = 0.2

export class DnsView {
  readonly #mesh: string
  readonly #bounds: ViewBounds
  readonly #random: () => number
  /** Endpoint to the host that it was found under. */
  readonly #known = new Map<string, string>()
  #nothings = 0
  #backoffs = 0
  #hasSynced = false

  constructor(mesh: string, bounds: ViewBounds, random: () => number) {
    this.#mesh = mesh
    this.#bounds = bounds
    this.#random = random
  }

  /** The events that an answer makes, and in how many ms to look again. */
  take(answer: Answer): { events: DiscoveryEvent[]; waitMs: number } {
    const events: DiscoveryEvent[] = []
    if (answer.kind === 'found') {
      this.#nothings = 0
      const now = new Map(answer.endpoints.map(({ endpoint, host }) => [endpoint, host]))
      this.#leave(
        ({ endpoint, host }) => !now.has(endpoint) && !answer.unsure.includes(host),
        events,
      )
      for (const [endpoint, host] of now) {
        if (!this.#known.has(endpoint)) {
          events.push({ type: 'up', peer: strangerAt(endpoint, this.#mesh) })
        }
        this.#known.set(endpoint, host)
      }
    } else if (answer.kind === 'none' && ++this.#nothings >= LOOKS_UNTIL_EMPTY) {
      this.#leave(() => true, events)
    }
    // A view that a failure cut short is none yet.
    if (answer.kind !== 'failed' && !this.#hasSynced) {
      this.#hasSynced = true
      events.push({ type: 'synced' })
    }
    return { events, waitMs: this.#waitMs(answer) }
  }

  #leave(hasGone: (one: { endpoint: string; host: string }) => boolean, events: DiscoveryEvent[]) {
    for (const [endpoint, host] of this.#known) {
      if (!hasGone({ endpoint, host })) continue
      this.#known.delete(endpoint)
      events.push({ type: 'down', id: idAt(endpoint), epoch: 0, reason: 'withdrawn' })
    }
  }

  #waitMs(answer: Answer): number {
    const { leastMs, mostMs } = this.#bounds
    const spread = 1 + this.#random() * SPREAD
    if (answer.kind === 'found' && answer.unsure.length === 0) {
      this.#backoffs = 0
      return Math.min(mostMs, Math.max(leastMs, answer.ttlMs)) * spread
    }
    return Math.min(LAST_BACKOFF_MS, mostMs, leastMs * 2 ** this.#backoffs++) * spread
  }
}

function idAt(endpoint: string): string {
  return `?${endpoint}`
}

/** A record for an endpoint of which nothing else is known until its hello. */
function strangerAt(endpoint: string, mesh: string): PeerRecord {
  return { id: idAt(endpoint), epoch: 0, seq: 0, mesh, inbox: [endpoint], door: [] }
}

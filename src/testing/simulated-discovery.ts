// Owns how peers of a simulated world find each other: a board that all see, a little later.
// Never says that a peer is up, and shows a killed one until its lease is over, as real ones do.

import type { Clock, Timer } from '../base/clock.ts'
import { DiscoveryEvents } from '../discovery/event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerRecord } from '../discovery/provider.ts'
import type { Chance } from './chance.ts'
import { Pipe } from './pipe.ts'

/** Until a watcher sees what has changed. */
const SEEN_WITHIN_MS = 20
/** A killed peer is on the board for so long. */
const LEASE_MS = 3_000

type Goodbye = Extract<DiscoveryEvent, { type: 'down' }>['reason']

interface Posted {
  record: PeerRecord
  readonly by: Discovery
}

interface Watcher {
  readonly mesh: string
  readonly by: Discovery
  readonly pipe: Pipe<DiscoveryEvent>
}

export class DiscoveryBoard {
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>
  readonly #chance: Chance
  readonly #posted = new Map<string, Posted>()
  readonly #watchers = new Set<Watcher>()

  constructor(clock: Pick<Clock, 'nowMs' | 'after'>, chance: Chance) {
    this.#clock = clock
    this.#chance = chance
  }

  /** A provider of one peer. */
  provider(): Discovery {
    const own = new Set<Announcement>()
    const watched = new Set<DiscoveryEvents>()
    const provider: Discovery = {
      name: 'simulated',
      announce: async (self, { signal }) => {
        const announcement = this.#announce(self, provider)
        own.add(announcement)
        const withdraw = () => void announcement.withdraw()
        if (signal.aborted) withdraw()
        else signal.addEventListener('abort', withdraw, { once: true })
        return announcement
      },
      watch: (mesh, { signal }) => {
        const events = new DiscoveryEvents(signal, () => {
          watched.delete(events)
          this.#watchers.delete(watcher)
        })
        watched.add(events)
        const pipe = new Pipe<DiscoveryEvent>(this.#clock, (event) => events.push(event))
        const watcher: Watcher = { mesh, by: provider, pipe }
        this.#begin(watcher)
        return events
      },
      close: async () => {
        for (const announcement of own) await announcement.withdraw()
        for (const events of [...watched]) events.end()
      },
    }
    return provider
  }

  /** Whoever is killed is seen for a while. */
  expire(id: string): Timer {
    return this.#clock.after(LEASE_MS, () => this.#remove(id, undefined, 'expired'))
  }

  #begin(watcher: Watcher): void {
    for (const { record: peer, by } of this.#posted.values()) {
      if (by !== watcher.by && peer.mesh === watcher.mesh) this.#show(watcher, { type: 'up', peer })
    }
    this.#show(watcher, { type: 'synced' })
    this.#watchers.add(watcher)
  }

  #announce(self: PeerRecord, by: Discovery): Announcement {
    const posted: Posted = { record: self, by }
    this.#posted.set(self.id, posted)
    this.#tell(posted, { type: 'up', peer: self })
    return {
      update: async (change) => {
        if (this.#posted.get(self.id) !== posted) return
        posted.record = { ...posted.record, ...change }
        this.#tell(posted, { type: 'change', peer: posted.record })
      },
      withdraw: async () => this.#remove(self.id, posted, 'goodbye'),
    }
  }

  #remove(id: string, only: Posted | undefined, reason: Goodbye): void {
    const posted = this.#posted.get(id)
    if (!posted || (only && posted !== only)) return
    this.#posted.delete(id)
    this.#tell(posted, { type: 'down', id, epoch: posted.record.epoch, reason })
  }

  #tell({ record, by }: Posted, event: DiscoveryEvent): void {
    for (const watcher of this.#watchers) {
      if (watcher.by !== by && watcher.mesh === record.mesh) this.#show(watcher, event)
    }
  }

  #show({ pipe }: Watcher, event: DiscoveryEvent): void {
    pipe.push(event, this.#clock.nowMs() + this.#chance.next() * SEEN_WITHIN_MS)
  }
}

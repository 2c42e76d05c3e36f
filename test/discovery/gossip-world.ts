// Owns a world of many peers with the real aggregator and the real gossip, on a clock of its own:
// links are entries of a table, time moves from event to event, chance comes from a seed.

import { resolveLimits } from '../../src/base/limits.ts'
import { createDiscoverer, type Discoverer } from '../../src/discovery/aggregator.ts'
import { Gossip } from '../../src/discovery/gossip.ts'
import type { PeerRecord } from '../../src/discovery/provider.ts'
import { HeapClock } from '../support/heap-clock.ts'

interface Member {
  readonly record: PeerRecord
  readonly gossip: Gossip
  readonly discoverer: Discoverer
  readonly links: Set<string>
}

const LINK_MS = 3

export interface WorldOptions {
  readonly peers: number
  readonly seed: number
  /** How many links each may have. */
  readonly maxLinks: number
}

export class World {
  readonly clock = new HeapClock()
  readonly members: Map<string, Member> = new Map()
  readonly #options: WorldOptions
  #chance: number

  constructor(options: WorldOptions) {
    this.#options = options
    this.#chance = options.seed
    for (let at = 0; at < options.peers; at++) this.#join(at)
  }

  /** Runs until `holds`, at most `limitMs`; the time it took. */
  async until(holds: () => boolean, limitMs: number): Promise<number> {
    while (!holds()) {
      if (this.clock.nowMs() >= limitMs) return Infinity
      await this.clock.step(limitMs)
    }
    return this.clock.nowMs()
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms
    while (this.clock.nowMs() < endMs) await this.clock.step(endMs)
  }

  fewestLinks(): number {
    let fewest = Infinity
    for (const { links } of this.members.values()) fewest = Math.min(fewest, links.size)
    return fewest
  }

  /** How many can be reached from one of them over links. */
  reachable(): number {
    const [first = ''] = this.members.keys()
    const seen = new Set([first])
    for (const id of seen) for (const next of this.members.get(id)?.links ?? []) seen.add(next)
    return seen.size
  }

  traffic(): { readonly sent: number; readonly bytes: number } {
    let sent = 0
    let bytes = 0
    for (const { gossip } of this.members.values()) {
      sent += gossip.stats().sent
      bytes += gossip.stats().sentBytes
    }
    return { sent, bytes }
  }

  kill(id: string): void {
    for (const other of this.members.get(id)?.links ?? []) {
      this.members.get(other)?.links.delete(id)
      this.members.get(other)?.gossip.unlinked(id)
    }
    this.members.delete(id)
  }

  close(): Promise<unknown> {
    return Promise.all([...this.members.values()].map(({ gossip }) => gossip.close()))
  }

  readonly #random = (): number => {
    this.#chance = (this.#chance * 48_271) % 0x7fff_ffff
    return this.#chance / 0x7fff_ffff
  }

  /** Starts one within the first second, with an address of up to eight earlier ones, as of DNS. */
  #join(at: number): void {
    const id = Array.from({ length: 4 }, () =>
      Math.floor(this.#random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0'),
    ).join('')
    const inbox = [`tcp://10.${at >> 16}.${(at >> 8) & 255}.${at & 255}:4711`]
    const record = { id, epoch: 1_000 + at, seq: 0, mesh: 'shop', name: 'sim', inbox, door: [] }
    this.clock.after((at * 1_000) / this.#options.peers, () => {
      const earlier = [...this.members.keys()]
      this.members.set(id, this.#start(record))
      for (let tries = 0; tries < 8 && earlier.length > 0; tries++) {
        this.#dial(id, earlier[Math.floor(this.#random() * earlier.length)] as string)
        if (tries > 0 && this.members.get(id)?.links.size) break
      }
    })
  }

  #start(record: PeerRecord): Member {
    const { clock } = this
    const { maxLinks: maxPeers } = this.#options
    const limits = { ...resolveLimits(), maxPeers, maxGossipPeers: maxPeers }
    const gossip = new Gossip()
    gossip.over({
      ...{ clock, limits, random: this.#random },
      send: (to, payload) => {
        clock.after(1 + this.#random(), () => this.members.get(to)?.gossip.hear(record.id, payload))
      },
      seenFrom: (_to, one) => one,
    })
    const discoverer = createDiscoverer({
      ...{ providers: [gossip], self: record, mesh: 'shop', clock, limits, random: this.#random },
      onEvent: (event) => {
        if (event.type === 'found') this.#dial(record.id, event.peer.id)
      },
    })
    void discoverer.start()
    return { record, gossip, discoverer, links: new Set() }
  }

  #dial(from: string, to: string): void {
    this.clock.after(LINK_MS * (1 + this.#random()), () => {
      const [one, other] = [this.members.get(from), this.members.get(to)]
      const { maxLinks } = this.#options
      if (!one || !other || one === other || one.links.has(to)) return
      if (one.links.size >= maxLinks || other.links.size >= maxLinks) return
      one.links.add(to)
      other.links.add(from)
      one.gossip.linked(to)
      other.gossip.linked(from)
    })
  }
}

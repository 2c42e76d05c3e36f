// Owns the joining of the mesh's parts for one peer, and the order in which they hear of a change.
// Never knows a pattern: patterns register handlers for their kinds of records.

import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import { IterableQueue } from '../base/queue.ts'
import type { DiscovererEvent } from '../discovery/aggregator.ts'
import type { Pulses } from '../discovery/pulses.ts'
import type { Access } from '../security/access.ts'
import type { Trust } from '../security/trust.ts'
import type { Transport } from '../transport/transport.ts'
import { type Hello, MAX_HEARD, type Offers } from '../wire/hello.ts'
import { AsideOp, Kind } from '../wire/record.ts'
import { Arrivals } from './arrivals.ts'
import type { Catalog } from './catalog.ts'
import type { Counters } from './counters.ts'
import { registerGreeting } from './greeting.ts'
import { Inbound } from './inbound.ts'
import { Introduction } from './introduction.ts'
import { LinkHearings } from './link-hearing.ts'
import { LinkOutlet } from './link-outlet.ts'
import type { LocalChannel } from './local-channel.ts'
import { Meetings } from './meetings.ts'
import { Membership } from './membership.ts'
import type { DownReason } from './membership-events.ts'
import { Outlet } from './outlet.ts'
import type { OutletChannel } from './outlet-channel.ts'
import type { Link, Remote, RemotePeer } from './remote.ts'
import { Routing } from './routing.ts'
import { StrangerFaults } from './stranger-faults.ts'
import { Subscriptions } from './subscriptions.ts'
import { fellBehind } from './too-much.ts'

/** A remote peer came, went, says that it will go, is suspected to be gone, or no longer is. */
export interface PeerChange {
  readonly type: 'up' | 'suspected' | 'cleared' | 'leaving' | 'down'
  readonly peer: RemotePeer
  readonly reason?: DownReason
}

export interface MeshParts {
  readonly transport: Transport
  readonly catalog: Catalog
  readonly clock: Clock
  /** 0 to 1, for spreads of time. */
  readonly random: () => number
  /** 32 hex digits that nobody else has, and nobody guesses. */
  readonly newId: () => string
  readonly limits: Limits
  readonly counters: Counters
  readonly id: string
  readonly host: string
  readonly zone: string
  readonly hello: () => Hello
  /** None: links beat for themselves. */
  readonly pulses: Pulses | undefined
  /** None: nothing is encrypted, and everybody is let in. */
  readonly trust: Trust | undefined
  readonly access: Access
}

export class Mesh {
  readonly inbound: Inbound
  readonly membership: Membership
  readonly routing: Routing
  readonly outlet: Outlet
  readonly parts: MeshParts
  readonly strangers: StrangerFaults
  /** Patterns with calls under way add themselves. */
  readonly onLinkLost: ((link: Link) => void)[] = []
  /** A remote peer is up, or has one link more or less. */
  readonly onChanged: ((remote: Remote) => void)[] = []
  readonly onDown: ((remote: Remote, reason: DownReason) => void)[] = []
  /** Others are trusted, or have other roles, than before. */
  readonly onTrust: (() => void)[] = []
  readonly #linkOutlet: LinkOutlet
  readonly #linkHearings: LinkHearings
  readonly #arrivals: Arrivals
  /** The ears that all share, and those of subscriptions that hold up what they hear. */
  readonly #ears: [Subscriptions, ...Subscriptions[]]
  readonly #meetings: Meetings
  readonly #watchers = new Set<IterableQueue<PeerChange>>()
  /** It has said goodbye, and takes nothing new. */
  leaving = false
  readonly #farewells = new Map<Link, () => void>()
  /** Whoever is there is still being found: the first look around is not over. */
  looking = true

  constructor(parts: MeshParts) {
    const { transport, clock, limits, counters } = parts
    this.parts = parts
    this.strangers = new StrangerFaults(clock, counters, limits)
    this.#arrivals = new Arrivals(clock, (remote) => {
      this.#tell({ type: 'up', peer: remote.info() })
    })
    const nowMs = () => clock.nowMs()
    this.inbound = new Inbound(limits, counters, nowMs)
    const introduction = new Introduction(parts.trust)
    const shared = { ...parts, inbound: this.inbound, introduction }
    this.membership = new Membership({ ...shared, events: this.#events() })
    const remotes = () => this.membership.remotes.values()
    this.#meetings = new Meetings({
      ...parts,
      inbound: this.inbound,
      settled: (remote) => this.#changed(remote),
      deaf: (remote, channel) => this.#arrivals.deaf(remote.id, channel),
    })
    this.routing = new Routing(this.#meetings, remotes, parts, parts.random, clock, limits)
    const publish = (frame: Buffer) => {
      if (!this.#linkOutlet.also(frame)) transport.publish(frame)
    }
    const heard = (id: string, what: string) => this.#arrivals.heard(id, what)
    this.outlet = new Outlet(parts.id, publish, limits, clock, counters, heard)
    this.#linkOutlet = new LinkOutlet({ ...shared, shared: this.outlet }, heard)
    this.#linkHearings = new LinkHearings()
    this.inbound.on(Kind.aside, (link, record) => {
      const op = record.number()
      const isTold = op === AsideOp.frame || op === AsideOp.denied
      if (isTold) return this.#linkHearings.told(link, op, record)
      return this.#linkOutlet.asked(link, op, record)
    })
    this.#ears = [this.#subscriptions()]
    registerGreeting({
      ...shared,
      membership: this.membership,
      nowMs,
      leaving: () => this.leaving,
      offered: (remote) => this.#changed(remote),
      missedThere: (channel, count) => parts.catalog.missedThere(channel, count),
      farewell: (link) => this.#farewells.get(link)?.(),
    })
  }

  /** Ears to listen by: those that all share, or a pair of one's own, to be released. */
  ears(own: boolean): Subscriptions {
    const [shared] = this.#ears
    if (!own) return shared
    const ears = this.#subscriptions()
    this.#ears.push(ears)
    return ears
  }

  #subscriptions(): Subscriptions {
    const remotes = () => this.membership.remotes.values()
    const hearByLink = (remote: Remote) => this.#linkHearings.open(remote)
    return new Subscriptions({ ...this.parts, remotes, meetings: this.#meetings, hearByLink })
  }

  release(ears: Subscriptions): void {
    const at = this.#ears.indexOf(ears)
    if (at < 1 || !ears.empty) return
    this.#ears.splice(at, 1)
    ears.close()
  }

  /** Where a channel is published: for all who may come, or for those alone whom its rule names. */
  published(local: LocalChannel): OutletChannel {
    const byLink = this.parts.access.byLink(local.channel) !== undefined
    return (byLink ? this.#linkOutlet.outlet : this.outlet).channel(local)
  }

  /** Others are trusted than before. */
  trustChanged(): void {
    this.membership.trustChanged()
    this.#linkOutlet.recheck()
    for (const hear of this.onTrust) hear()
    // Who may hear now what was denied before asks again.
    this.offersChanged()
  }

  /** What somebody here hears, once for each pair of ears. */
  heard(): string[] {
    return this.#ears.flatMap((ears) => ears.heard()).slice(0, MAX_HEARD)
  }

  start(): void {
    this.membership.start()
    void this.synced().then(() => {
      this.looking = false
    })
  }

  discovered(event: DiscovererEvent): void {
    this.membership.discovered(event)
  }

  peers(): RemotePeer[] {
    return [...this.membership.remotes.values()]
      .filter(({ arrived, leaving }) => arrived && !leaving)
      .map((remote) => remote.info())
  }

  /** Resolves when the first look around is over. */
  async synced(): Promise<void> {
    await this.membership.synced()
    await this.#arrivals.idle()
  }

  /** Begins with the peers that are up; ends with EARSHOT_OVERLOADED for who falls behind. */
  watch(): AsyncIterableIterator<PeerChange> {
    const queue: IterableQueue<PeerChange> = new IterableQueue<PeerChange>(
      this.parts.limits.maxIteratorItems,
      'reject',
      () => this.#watchers.delete(queue),
    )
    for (const remote of this.membership.remotes.values()) {
      if (!remote.arrived) continue
      queue.push({ type: 'up', peer: remote.info() })
      if (remote.leaving) queue.push({ type: 'leaving', peer: remote.info() })
    }
    this.#watchers.add(queue)
    return queue
  }

  /** We serve or publish something new: everybody is told. */
  offersChanged(): void {
    const { catalog } = this.parts
    catalog.revision++
    const offers: Offers = { revision: catalog.revision, contracts: catalog.offers() }
    this.membership.tellAll(Buffer.from(JSON.stringify(offers)))
  }

  /**
   * Goodbye to all, before the last work is finished. Resolves when also those know who were being
   * dialled, within `leaveDialsMs`.
   */
  leave(): Promise<void> {
    this.leaving = true
    for (const link of this.membership.links()) link.outbound.control(Kind.bye)
    return this.membership.leave()
  }

  /**
   * Everything that was written has arrived, or the time is up. False: a link has come meanwhile.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#flushOutlets()
    const links = this.membership.links()
    await this.atMost(timeoutMs, Promise.all(links.map((link) => this.#finish(link))))
    return this.membership.links().every((link) => links.includes(link))
  }

  /** Waits for `work`, but no longer than `timeoutMs`. */
  async atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
    let stop: () => void = () => undefined
    const late = new Promise<void>((resolve) => {
      const timer = this.parts.clock.after(timeoutMs, resolve)
      stop = () => timer.cancel()
    })
    await Promise.race([work, late])
    stop()
  }

  /** Resolves when all that was written has been handed to the sockets. */
  async flush(): Promise<void> {
    this.#flushOutlets()
    await Promise.all(this.membership.links().map((link) => link.outbound.drained()))
  }

  close(): void {
    this.strangers.close()
    this.outlet.close()
    this.#linkOutlet.outlet.close()
    this.routing.close()
    for (const ears of this.#ears) ears.close()
    this.#meetings.close()
    this.membership.close()
    for (const watcher of this.#watchers) watcher.end()
  }

  #flushOutlets(): void {
    this.outlet.flush()
    this.#linkOutlet.outlet.flush()
  }

  async #finish(link: Link): Promise<void> {
    await link.outbound.drained()
    if (link.closed) return
    await new Promise<void>((resolve) => {
      this.#farewells.set(link, resolve)
      link.outbound.control(Kind.last)
    })
    this.#farewells.delete(link)
  }

  #events() {
    return {
      up: (remote: Remote) => {
        this.#changed(remote)
        this.#arrivals.begin(remote)
      },
      changed: (remote: Remote) => this.#changed(remote),
      leaving: (remote: Remote) => {
        this.routing.remove(remote)
        this.#arrivals.complete(remote)
        this.#tell({ type: 'leaving', peer: remote.info() })
      },
      down: (remote: Remote, reason: DownReason) => {
        this.routing.remove(remote)
        for (const ears of this.#ears) ears.drop(remote, reason === 'left')
        this.#meetings.release(remote)
        this.#arrivals.complete(remote)
        for (const hear of this.onDown) hear(remote, reason)
        this.#tell({ type: 'down', peer: remote.info(), reason })
      },
      suspects: (remote: Remote) => {
        if (remote.suspected) this.parts.counters.peersSuspected++
        if (!remote.arrived || remote.leaving) return
        this.#tell({ type: remote.suspected ? 'suspected' : 'cleared', peer: remote.info() })
      },
      linkLost: (link: Link) => {
        this.inbound.ended(link)
        this.#farewells.get(link)?.()
        this.#meetings.lost(link)
        this.#linkOutlet.lost(link)
        this.#linkHearings.lost(link)
        for (const lost of this.onLinkLost) lost(link)
      },
      beat: () => {
        this.outlet.beat()
        this.#linkOutlet.outlet.beat()
        for (const ears of this.#ears) ears.beat()
      },
    }
  }

  #changed(remote: Remote): void {
    this.routing.update(remote)
    for (const ears of this.#ears) ears.update(remote)
    for (const hear of this.onChanged) hear(remote)
  }

  #tell(change: PeerChange): void {
    for (const watcher of this.#watchers) {
      if (watcher.push(change)) continue
      // Without one of the changes the rest would tell of peers that are not there.
      this.#watchers.delete(watcher)
      watcher.fail(fellBehind(this.parts.limits))
    }
  }
}

// Owns the embedded mDNS provider: joins sockets, responders and browsers.
// Never proves that a peer exists: everything heard here is a hint from a stranger.

import { randomBytes } from 'node:crypto'
import { checkOptions } from '../../base/arguments.ts'
import { type Clock, sleep, systemClock } from '../../base/clock.ts'
import { reportNote } from '../../base/diagnostics.ts'
import type { EarshotError } from '../../base/errors.ts'
import { DiscoveryEvents } from '../event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerPlace, PeerRecord } from '../provider.ts'
import { atMost } from '../provider-run.ts'
import type { Address } from './answers.ts'
import { encodePacket } from './encode.ts'
import { mdnsPort } from './group-socket.ts'
import { checkScope, type MdnsScope } from './interfaces.ts'
import { hostName } from './names.ts'
import { type DnsPacket, query } from './packet.ts'
import { Responder } from './responder.ts'
import { type MulticastSockets, type SocketsUser, socketsFor } from './sockets.ts'
import { type View, watchMesh } from './view.ts'

const GOODBYE_LIMIT_MS = 100
const OWN_QUESTION_MS = 5
const CHECK_LIMIT_MS = 500
const CHECK_LOOK_MS = 10

export interface MdnsOptions {
  /** Default: `lan` for a peer that listens beyond this host, else `host`, loopback only. */
  readonly scope?: MdnsScope
  readonly clock?: Clock
  /** 0 to 1, for the delays that keep many peers from speaking at once. Default `Math.random`. */
  readonly random?: () => number
}

/** What happens on one interface, for those who look for a fault. */
export interface MdnsInterface {
  readonly name: string
  readonly address: string
  /** Hears the group: port 5353 is open and the group is joined. */
  readonly joined: boolean
  readonly sent: number
  readonly received: number
  /** Our own question came back: multicast works here at least up to our own socket. */
  readonly heardItself: boolean
  readonly peers: number
  /** Why it does not work, as the system says it: `EADDRINUSE`; empty where it does. */
  readonly fault: string
}

/** Counts since the provider was made. */
export interface MdnsStats {
  readonly sent: number
  readonly received: number
  /** Packets that are no sound DNS. */
  readonly malformed: number
  /** Packets from beyond our networks. */
  readonly offLink: number
  /** Answers that did not come from port 5353. */
  readonly wrongPort: number
  /** Records that found no room in the cache. */
  readonly refused: number
  readonly cached: number
  readonly renames: number
  /** Questions for an answer alone that were too many at once: answered to the group, or not. */
  readonly crowded: number
  readonly faults: number
  readonly interfaces: readonly MdnsInterface[]
}

export interface MdnsDiscovery extends Discovery {
  stats(): MdnsStats
  /**
   * Asks once on each interface for a name that nobody has, so that `heardItself` is true where
   * multicast works. Resolves when it is true for all, after at most 0.5 s.
   */
  check(): Promise<void>
}

/**
 * Multicast DNS and DNS service discovery in this process, without a daemon. A record is
 * announced on each interface where its inbox has a `tcp://` endpoint with that interface's
 * address, or with `0.0.0.0`; one without is not announced. What is found has TCP endpoints.
 * Source: RFC 6762, RFC 6763.
 * @throws EARSHOT_OPTION_INVALID for a wrong `scope`; all else is a `fault` event.
 */
export function mdns(options: MdnsOptions = {}): MdnsDiscovery {
  checkOptions(options, ['scope', 'clock', 'random'])
  const { scope } = options
  if (scope !== undefined) checkScope(scope)
  return new MdnsProvider(scope, options.clock ?? systemClock, options.random ?? Math.random)
}

interface Traffic {
  sent: number
  received: number
  heardItself: boolean
}

interface Watching {
  readonly view: View
  readonly events: DiscoveryEvents
}

class MdnsProvider implements MdnsDiscovery {
  readonly name: string = 'mdns'
  readonly #clock: Clock
  readonly #random: () => number
  readonly #user: SocketsUser
  /** Shared with the other peers of this process. */
  #sockets: MulticastSockets | undefined
  readonly #responders = new Set<Responder>()
  /** Ids that we announce. */
  readonly #own = new Set<string>()
  readonly #watching = new Set<Watching>()
  /** Interfaces that are up; true where we can announce. */
  readonly #up = new Map<string, boolean>()
  /** Faults from before anybody watched. */
  readonly #unheard: DiscoveryEvent[] = []
  readonly #counts = { sent: 0, received: 0, malformed: 0, offLink: 0, wrongPort: 0, crowded: 0 }
  readonly #traffic = new Map<string, Traffic>()
  #renames = 0
  #faults = 0
  #refused = 0
  #scope: MdnsScope | undefined
  #isClosed = false

  constructor(scope: MdnsScope | undefined, clock: Clock, random: () => number) {
    this.#scope = scope
    this.#clock = clock
    this.#random = random
    this.#user = {
      onPacket: (address, packet, from, isAlone) => this.#receive(address, packet, from, isAlone),
      onOffLink: () => {
        this.#counts.offLink++
      },
      onUp: (address, canAnnounce) => this.#interfaceUp(address, canAnnounce),
      onDown: (address) => this.#interfaceDown(address),
      onResume: () => this.#resume(),
      onFault: (error, retryInMs) => this.#fault(error, retryInMs),
    }
  }

  prepare({ local }: PeerPlace): void {
    this.#scope ??= local ? 'host' : 'lan'
  }

  stats(): MdnsStats {
    let refused = this.#refused
    let cached = 0
    let { sent } = this.#counts
    for (const { view } of this.#watching) {
      sent += view.sent
      refused += view.refusedRecords
      cached += view.cachedRecords
    }
    const own = { renames: this.#renames, faults: this.#faults, interfaces: this.#interfaces() }
    return { ...this.#counts, sent, refused, cached, ...own }
  }

  #interfaces(): MdnsInterface[] {
    return (this.#sockets?.lines() ?? []).map((line) => {
      const { address } = line
      const { received, heardItself, ...own } = this.#trafficOn(address)
      let [peers, sent] = [0, own.sent]
      for (const { view } of this.#watching) {
        peers = Math.max(peers, view.peersOn(address))
        sent += view.sentOn(address)
      }
      return { ...line, sent, received, heardItself, peers }
    })
  }

  #trafficOn(address: string): Traffic {
    const known = this.#traffic.get(address)
    const traffic = known ?? { sent: 0, received: 0, heardItself: false }
    if (!known) this.#traffic.set(address, traffic)
    return traffic
  }

  async check(): Promise<void> {
    if (this.#isClosed) return
    const sockets = this.#open()
    const name = hostName(randomBytes(8).toString('hex'), '')
    const packet = encodePacket(query({ questions: [{ name, type: 'A' }] }))
    for (const { address } of sockets.lines()) {
      this.#trafficOn(address).sent++
      sockets.ask(address, packet)
    }
    const isDone = () =>
      sockets.lines().every(({ address }) => this.#trafficOn(address).heardItself)
    const endMs = this.#clock.nowMs() + CHECK_LIMIT_MS
    while (!isDone() && this.#clock.nowMs() < endMs) await sleep(this.#clock, CHECK_LOOK_MS)
  }

  announce(self: PeerRecord, { signal }: { signal: AbortSignal }): Promise<Announcement> {
    let record = self
    const responder = new Responder(
      {
        clock: this.#clock,
        random: this.#random,
        send: (address, packet, to) => this.#send(address, packet, to),
        peerCount: () => this.#peerCount(),
        isOwnAddress: (address) => this.#sockets?.isOwnAddress(address) ?? false,
        onRename: (instance) => this.#renamed(self, instance),
        onCrowd: () => {
          this.#counts.crowded++
        },
      },
      self,
    )
    const withdraw = () => {
      responder.withdraw()
      this.#responders.delete(responder)
      this.#own.delete(self.id)
    }
    if (!signal.aborted && !this.#isClosed) {
      this.#responders.add(responder)
      this.#own.add(self.id)
      signal.addEventListener('abort', withdraw, { once: true })
      this.#open()
      for (const [address, canAnnounce] of this.#up) {
        if (canAnnounce) this.#announceOn(responder, address)
      }
    }
    return Promise.resolve({
      update: (change: Partial<PeerRecord>) => {
        record = { ...record, ...change, id: self.id }
        responder.update(record)
        return Promise.resolve()
      },
      withdraw: () => {
        signal.removeEventListener('abort', withdraw)
        withdraw()
        return this.#settled()
      },
    })
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    let watching: Watching | undefined
    const events: DiscoveryEvents = new DiscoveryEvents(signal, () => {
      if (!watching) return
      watching.view.leave(watcher)
      this.#refused += watching.view.refusedRecords
      this.#watching.delete(watching)
    })
    const watcher = {
      emit: (event: DiscoveryEvent) => events.push(event),
      isOwn: (id: string) => this.#own.has(id),
    }
    if (signal.aborted || this.#isClosed) {
      events.end()
      return events
    }
    for (const fault of this.#unheard.splice(0)) events.push(fault)
    const sockets = this.#open()
    const by = { clock: this.#clock, random: this.#random }
    watching = { view: watchMesh(sockets, mesh, by, watcher), events }
    this.#watching.add(watching)
    return events
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const responder of this.#responders) responder.withdraw()
    this.#responders.clear()
    for (const { events } of [...this.#watching]) events.end()
    await this.#settled()
    this.#sockets?.leave(this.#user)
  }

  #open(): MulticastSockets {
    this.#sockets ??= socketsFor(this.#scope ?? 'host', this.#clock)
    this.#sockets.join(this.#user)
    return this.#sockets
  }

  #settled(): Promise<void> {
    const settled = this.#sockets?.settled() ?? Promise.resolve()
    return atMost(this.#clock, GOODBYE_LIMIT_MS, settled)
  }

  #receive(address: string, packet: DnsPacket | undefined, from: Address, isAlone: boolean): void {
    this.#counts.received++
    const traffic = this.#trafficOn(address)
    traffic.received++
    const isOurs = this.#sockets?.isOwnSource(address, from) === true
    if (!isAlone && isOurs) traffic.heardItself = true
    if (!packet) this.#counts.malformed++
    else if (packet.kind === 'response' && from.port !== mdnsPort) this.#counts.wrongPort++
    // Answers to our own questions say nothing about who else claims our names.
    else if (!isAlone) {
      const tell = () => {
        for (const responder of this.#responders) responder.receive(address, packet, from)
      }
      // Others of this process want our answer, too; those from outside come first.
      if (isOurs) this.#clock.after(OWN_QUESTION_MS, tell, true)
      else tell()
    }
  }

  #send(address: string, packet: DnsPacket, to?: Address): void {
    this.#counts.sent++
    this.#trafficOn(address).sent++
    this.#sockets?.send(address, encodePacket(packet), to)
  }

  #interfaceUp(address: string, canAnnounce: boolean): void {
    this.#up.set(address, canAnnounce)
    if (!canAnnounce) return
    for (const responder of this.#responders) this.#announceOn(responder, address)
  }

  #announceOn(responder: Responder, address: string): void {
    const sockets = this.#sockets
    if (!sockets) return
    const isSecond = sockets.linkOf(address) !== address
    responder.addInterface(address, sockets.reachableAt(address), isSecond)
  }

  #interfaceDown(address: string): void {
    this.#up.delete(address)
    for (const responder of this.#responders) responder.removeInterface(address)
  }

  #resume(): void {
    for (const responder of this.#responders) responder.reannounce()
  }

  #peerCount(): number {
    let count = 0
    for (const { view } of this.#watching) count = Math.max(count, view.peerCount)
    return count
  }

  #renamed(self: PeerRecord, instance: string): void {
    this.#renames++
    const text = `another peer has the mDNS name of ${self.name ?? self.id}: now ${instance}`
    reportNote({ area: 'discovery', text, data: { id: self.id, instance } })
  }

  #fault(error: EarshotError, retryInMs?: number): void {
    this.#faults++
    const event = { type: 'fault', error, ...(retryInMs ? { retryInMs } : {}) } as const
    for (const { events } of this.#watching) events.push(event)
    if (this.#watching.size === 0 && this.#unheard.length < 16) this.#unheard.push(event)
  }
}

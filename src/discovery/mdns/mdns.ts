// Owns the embedded mDNS provider: joins sockets, responders and browsers.
// Never proves that a peer exists: everything heard here is a hint from a stranger.

import { type Clock, systemClock } from '../../base/clock.ts'
import { reportNote } from '../../base/diagnostics.ts'
import { type EarshotError, toEarshotError } from '../../base/errors.ts'
import { DiscoveryEvents } from '../event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerPlace, PeerRecord } from '../provider.ts'
import { atMost } from '../provider-run.ts'
import type { Address } from './answers.ts'
import { Browser } from './browser.ts'
import { encodePacket } from './encode.ts'
import { checkScope, type MdnsScope } from './interfaces.ts'
import { type DnsPacket, decodePacket } from './packet.ts'
import { mdnsPort } from './presence.ts'
import { Responder } from './responder.ts'
import { MulticastSockets } from './sockets.ts'

const GOODBYE_LIMIT_MS = 100

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
  readonly faults: number
  readonly interfaces: readonly MdnsInterface[]
}

export interface MdnsDiscovery extends Discovery {
  stats(): MdnsStats
}

/**
 * Multicast DNS and DNS service discovery in this process, without a daemon. A record is
 * announced on each interface where its inbox has a `tcp://` endpoint with that interface's
 * address, or with `0.0.0.0`; one without is not announced. What is found has TCP endpoints.
 * Source: RFC 6762, RFC 6763.
 * @throws EARSHOT_OPTION_INVALID for a wrong `scope`; all else is a `fault` event.
 */
export function mdns(options: MdnsOptions = {}): MdnsDiscovery {
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
  readonly browser: Browser
  readonly events: DiscoveryEvents
}

class MdnsProvider implements MdnsDiscovery {
  readonly name: string = 'mdns'
  readonly #clock: Clock
  readonly #random: () => number
  readonly #sockets: MulticastSockets
  readonly #responders = new Map<Responder, string>()
  readonly #watching = new Set<Watching>()
  /** Interfaces that are up; true where we can announce. */
  readonly #up = new Map<string, boolean>()
  /** Faults from before anybody watched. */
  readonly #unheard: DiscoveryEvent[] = []
  readonly #counts = { sent: 0, received: 0, malformed: 0, offLink: 0, wrongPort: 0 }
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
    this.#sockets = new MulticastSockets({
      scope: () => this.#scope ?? 'host',
      clock,
      onPacket: (address, bytes, from, isAlone) => this.#receive(address, bytes, from, isAlone),
      onOffLink: () => {
        this.#counts.offLink++
      },
      onUp: (address, canAnnounce) => this.#interfaceUp(address, canAnnounce),
      onDown: (address) => this.#interfaceDown(address),
      onResume: () => this.#resume(),
      onFault: (error, retryInMs) => this.#fault(error, retryInMs),
    })
  }

  prepare({ local }: PeerPlace): void {
    this.#scope ??= local ? 'host' : 'lan'
  }

  stats(): MdnsStats {
    let refused = this.#refused
    let cached = 0
    for (const { browser } of this.#watching) {
      refused += browser.refusedRecords
      cached += browser.cachedRecords
    }
    const { renames, faults } = { renames: this.#renames, faults: this.#faults }
    return { ...this.#counts, refused, cached, renames, faults, interfaces: this.#interfaces() }
  }

  #interfaces(): MdnsInterface[] {
    return this.#sockets.lines().map((line) => {
      const { address } = line
      const { sent = 0, received = 0, heardItself = false } = this.#traffic.get(address) ?? {}
      let peers = 0
      for (const { browser } of this.#watching) peers = Math.max(peers, browser.peersOn(address))
      return { ...line, sent, received, heardItself, peers }
    })
  }

  #trafficOn(address: string): Traffic {
    const known = this.#traffic.get(address)
    const traffic = known ?? { sent: 0, received: 0, heardItself: false }
    if (!known) this.#traffic.set(address, traffic)
    return traffic
  }

  announce(self: PeerRecord, { signal }: { signal: AbortSignal }): Promise<Announcement> {
    let record = self
    const responder = new Responder(
      {
        clock: this.#clock,
        random: this.#random,
        send: (address, packet, to) => this.#send(address, packet, to),
        peerCount: () => this.#peerCount(),
        isOwnAddress: (address) => this.#sockets.isOwnAddress(address),
        onRename: (instance) => this.#renamed(self, instance),
      },
      self,
    )
    const withdraw = () => {
      responder.withdraw()
      this.#responders.delete(responder)
    }
    if (!signal.aborted && !this.#isClosed) {
      this.#responders.set(responder, self.id)
      signal.addEventListener('abort', withdraw, { once: true })
      this.#sockets.open()
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
        return atMost(this.#clock, GOODBYE_LIMIT_MS, this.#sockets.settled())
      },
    })
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const events = new DiscoveryEvents(signal, () => {
      browser.close()
      this.#refused += browser.refusedRecords
      this.#watching.delete(watching)
    })
    const browser = new Browser(
      {
        clock: this.#clock,
        random: this.#random,
        ask: (address, packet, alone) => this.#ask(address, packet, alone),
        emit: (event) => events.push(event),
        isOwn: (id) => [...this.#responders.values()].includes(id),
      },
      mesh,
    )
    const watching: Watching = { browser, events }
    if (signal.aborted || this.#isClosed) {
      events.end()
      return events
    }
    this.#watching.add(watching)
    for (const fault of this.#unheard.splice(0)) events.push(fault)
    browser.open()
    this.#sockets.open()
    for (const address of this.#up.keys()) {
      browser.addInterface(address, this.#sockets.isSecond(address))
    }
    return events
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const responder of this.#responders.keys()) responder.withdraw()
    this.#responders.clear()
    for (const { events } of [...this.#watching]) events.end()
    await atMost(this.#clock, GOODBYE_LIMIT_MS, this.#sockets.settled())
    this.#sockets.close()
  }

  #receive(address: string, bytes: Uint8Array, from: Address, isAlone: boolean): void {
    this.#counts.received++
    const traffic = this.#trafficOn(address)
    traffic.received++
    if (!isAlone && this.#sockets.isOwnSource(address, from)) traffic.heardItself = true
    const packet = decodePacket(bytes)
    if (!packet) {
      this.#counts.malformed++
      return
    }
    if (packet.kind === 'response' && from.port !== mdnsPort) {
      this.#counts.wrongPort++
      return
    }
    try {
      for (const { browser } of this.#watching) {
        browser.receive(address, packet, from.port === mdnsPort)
      }
      // Answers to our own questions say nothing about who else claims our names.
      if (isAlone) return
      for (const responder of this.#responders.keys()) responder.receive(address, packet, from)
    } catch (thrown) {
      // A bug of ours; what a stranger sends must not turn it into a crash.
      this.#fault(toEarshotError(thrown))
    }
  }

  #send(address: string, packet: DnsPacket, to?: Address): void {
    this.#counts.sent++
    this.#trafficOn(address).sent++
    this.#sockets.send(address, encodePacket(packet), to)
  }

  #ask(address: string, packet: DnsPacket, isAlone: boolean): void {
    this.#counts.sent++
    this.#trafficOn(address).sent++
    // Where port 5353 is not to be had, all questions go out alone.
    if (isAlone || !this.#up.get(address)) this.#sockets.ask(address, encodePacket(packet))
    else this.#sockets.send(address, encodePacket(packet))
  }

  #interfaceUp(address: string, canAnnounce: boolean): void {
    this.#up.set(address, canAnnounce)
    const isSecond = this.#sockets.isSecond(address)
    for (const { browser } of this.#watching) browser.addInterface(address, isSecond)
    if (!canAnnounce) return
    for (const responder of this.#responders.keys()) this.#announceOn(responder, address)
  }

  #announceOn(responder: Responder, address: string): void {
    const sockets = this.#sockets
    responder.addInterface(address, sockets.reachableAt(address), sockets.isSecond(address))
  }

  #interfaceDown(address: string): void {
    this.#up.delete(address)
    for (const { browser } of this.#watching) browser.removeInterface(address)
    for (const responder of this.#responders.keys()) responder.removeInterface(address)
  }

  #resume(): void {
    for (const { browser } of this.#watching) browser.askAgain()
    for (const responder of this.#responders.keys()) responder.reannounce()
  }

  #peerCount(): number {
    let count = 0
    for (const { browser } of this.#watching) count = Math.max(count, browser.peerCount)
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

// Owns the one view of a mesh that all peers of this process share: what is heard is learned once.
// Never touches a socket, and never shows a watcher what it announces itself.

import type { Clock } from '../../base/clock.ts'
import type { DiscoveryEvent, PeerRecord } from '../provider.ts'
import type { Address } from './answers.ts'
import { Browser } from './browser.ts'
import { encodePacket } from './encode.ts'
import { mdnsPort } from './group-socket.ts'
import type { DnsPacket } from './packet.ts'
import type { MulticastSockets, SocketsUser } from './sockets.ts'

export interface ViewWatcher {
  readonly emit: (event: DiscoveryEvent) => void
  readonly isOwn: (id: string) => boolean
}

const shared = new WeakMap<MulticastSockets, Map<string, View>>()

/** Watches a mesh; what is known of it already is told at once. The caller leaves the view. */
export function watchMesh(
  sockets: MulticastSockets,
  mesh: string,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  watcher: ViewWatcher,
): View {
  const ofSockets = shared.get(sockets) ?? new Map<string, View>()
  shared.set(sockets, ofSockets)
  const view = ofSockets.get(mesh) ?? new View(sockets, mesh, clock, random)
  ofSockets.set(mesh, view)
  view.join(watcher)
  return view
}

export class View implements SocketsUser {
  readonly #sockets: MulticastSockets
  readonly #mesh: string
  readonly #browser: Browser
  /** Each with the ids of the peers that it has been told of. */
  readonly #watchers = new Map<ViewWatcher, Set<string>>()
  readonly #peers = new Map<string, PeerRecord>()
  /** Interfaces that are up; true where port 5353 is ours to send from. */
  readonly #up = new Map<string, boolean>()
  readonly #sent = new Map<string, number>()
  #isSynced = false

  constructor(sockets: MulticastSockets, mesh: string, clock: Clock, random: () => number) {
    this.#sockets = sockets
    this.#mesh = mesh
    this.#browser = new Browser(
      {
        clock,
        random,
        ask: (address, packet, isAlone) => this.#ask(address, packet, isAlone),
        emit: (event) => this.#emit(event),
      },
      mesh,
    )
  }

  get peerCount(): number {
    return this.#browser.peerCount
  }

  get cachedRecords(): number {
    return this.#browser.cache.size
  }

  get refusedRecords(): number {
    return this.#browser.cache.refused
  }

  peersOn(address: string): number {
    return this.#browser.peersOn(address)
  }

  /** Questions that went out. */
  get sent(): number {
    let sent = 0
    for (const count of this.#sent.values()) sent += count
    return sent
  }

  sentOn(address: string): number {
    return this.#sent.get(address) ?? 0
  }

  join(watcher: ViewWatcher): void {
    const told = new Set<string>()
    this.#watchers.set(watcher, told)
    for (const peer of this.#peers.values()) tell(watcher, told, { type: 'up', peer })
    if (this.#isSynced) watcher.emit({ type: 'synced' })
    if (this.#watchers.size > 1) return
    this.#browser.open()
    this.#sockets.join(this)
  }

  /** The last one who leaves ends it. */
  leave(watcher: ViewWatcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
    shared.get(this.#sockets)?.delete(this.#mesh)
    this.#browser.close()
    this.#sockets.leave(this)
  }

  onPacket(address: string, packet: DnsPacket | undefined, from: Address): void {
    const isFromGroup = from.port === mdnsPort
    if (!packet || (packet.kind === 'response' && !isFromGroup)) return
    this.#browser.receive(address, packet, isFromGroup, from.address)
  }

  onUp(address: string, canAnnounce: boolean): void {
    this.#up.set(address, canAnnounce)
    const sockets = this.#sockets
    this.#browser.addInterface(address, sockets.linkOf(address), sockets.zoneAt(address))
  }

  onDown(address: string): void {
    this.#up.delete(address)
    this.#browser.removeInterface(address)
  }

  onResume(): void {
    this.#browser.askAgain()
  }

  #ask(address: string, packet: DnsPacket, isAlone: boolean): void {
    this.#sent.set(address, this.sentOn(address) + 1)
    // Where port 5353 is not to be had, all questions go out alone.
    if (isAlone || !this.#up.get(address)) this.#sockets.ask(address, encodePacket(packet))
    else this.#sockets.send(address, encodePacket(packet))
  }

  #emit(event: DiscoveryEvent): void {
    if (event.type === 'up' || event.type === 'change') this.#peers.set(event.peer.id, event.peer)
    else if (event.type === 'down') this.#peers.delete(event.id)
    else if (event.type === 'synced') this.#isSynced = true
    for (const [watcher, told] of this.#watchers) tell(watcher, told, event)
  }
}

/** What a watcher announces itself is no news to it. */
function tell(watcher: ViewWatcher, told: Set<string>, event: DiscoveryEvent): void {
  switch (event.type) {
    case 'up':
    case 'change': {
      const { id } = event.peer
      if (watcher.isOwn(id)) return
      watcher.emit(told.has(id) ? event : { ...event, type: 'up' })
      told.add(id)
      return
    }
    case 'down':
      if (told.delete(event.id)) watcher.emit(event)
      return
    default:
      watcher.emit(event)
  }
}

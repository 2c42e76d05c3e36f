// Owns who is in the mesh with us: hello, heartbeat, goodbye; up and down, and nobody else says so.
// Never routes and never reads a body.

import type { Clock } from '../base/clock.ts'
import { deferred } from '../base/deferred.ts'
import { reportFault, reportNote } from '../base/diagnostics.ts'
import type { ErrorCode } from '../base/error-table.ts'
import type { Limits } from '../base/limits.ts'
import type { DiscovererEvent } from '../discovery/aggregator.ts'
import type { PeerRecord } from '../discovery/provider.ts'
import type { Pulses } from '../discovery/pulses.ts'
import { type FrameLink, nearestFirst, type Transport } from '../transport/transport.ts'
import type { Hello } from '../wire/hello.ts'
import { Kind } from '../wire/record.ts'
import type { Counters } from './counters.ts'
import { courtesyMs } from './courtesy.ts'
import { WidenBudget } from './credit-window.ts'
import { type Dial, Dialer } from './dialer.ts'
import { Dials } from './dials.ts'
import { Greeted, type Greeting } from './greeted.ts'
import type { Inbound } from './inbound.ts'
import type { Identity, Introduction } from './introduction.ts'
import { Liveness } from './liveness.ts'
import type { DownReason, MembershipEvents } from './membership-events.ts'
import { noteNamesakes } from './namesakes.ts'
import { race, Slots } from './race.ts'
import { Link, Remote } from './remote.ts'
import { type Told, type UnreachedPeer, unreachedOf } from './unreached.ts'

export interface MembershipParts {
  readonly transport: Transport
  readonly inbound: Inbound
  readonly introduction: Introduction
  readonly clock: Clock
  readonly limits: Limits
  readonly counters: Counters
  readonly pulses: Pulses | undefined
  /** Our own, as it is now. */
  readonly hello: () => Hello
  readonly events: MembershipEvents
}

/** A peer that is down but still announced is dialled anew after so long. */
const REVIVE_MS = 250
const refusalOf = (code: ErrorCode, message: string) =>
  Buffer.from(JSON.stringify({ code, message }))
const unheard = refusalOf('EARSHOT_PEER_GONE', 'nothing was heard of you: this link is closed here')
const untrusted = refusalOf('EARSHOT_SECURITY', 'your key was taken off the list here')

export class Membership {
  readonly remotes: Map<string, Remote> = new Map()
  readonly greeted: Greeted = new Greeted()
  /** Who wants to know of each hello and each death, beside the patterns. */
  readonly onUp: ((remote: Remote) => void)[] = []
  readonly onDown: ((remote: Remote) => void)[] = []
  readonly #parts: MembershipParts
  readonly #dialer: Dialer
  readonly #records = new Map<string, Told>()
  readonly #dials: Dials
  readonly #startMs: number
  readonly #synced = deferred()
  readonly #widening: WidenBudget
  readonly #liveness: Liveness
  #closing = false

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.#startMs = parts.clock.nowMs()
    const { clock, limits, events, pulses } = parts
    this.#widening = new WidenBudget(limits.maxWidenedBytes)
    this.#liveness = new Liveness({
      ...{ clock, limits, pulses },
      remotes: () => this.remotes.values(),
      greeted: () => this.greeted.links(),
      beat: () => events.beat(),
      silent: (link) => this.#silent(link),
      suspects: (remote) => events.suspects(remote),
    })
    this.#dials = new Dials({
      ...{ clock, limits },
      open: (endpoint) => this.#link(parts.transport.dial(endpoint)),
      sayHello: (link) => this.#sayHello(link),
    })
    const comes = (id: string) => this.greeted.hasOf(id)
    this.#dialer = new Dialer(clock, limits, (...dial) => this.#dial(...dial), comes)
  }

  start(): void {
    this.#liveness.start()
  }

  /** What discovery says is a hint: it starts a dial, it never makes a peer known. */
  discovered(event: DiscovererEvent): void {
    if (event.type === 'found' || event.type === 'changed') this.#found(event.peer, event.via)
    if (event.type === 'lost') {
      this.#records.delete(event.peer.id)
      this.#dialer.settle(event.peer.id)
    }
    if (event.type === 'synced') this.#synced.resolve()
    if (event.type === 'fault') {
      this.#parts.counters.discoveryFaults++
    }
  }

  /** Resolves when all whom discovery knew at first are up, or have been tried. */
  async synced(): Promise<void> {
    await this.#synced.promise
    await this.#dialer.tried()
  }

  /** Of whom discovery tells, and who are not up. */
  unreached(): UnreachedPeer[] {
    return unreachedOf(this.#records.values(), this.remotes)
  }

  /** Somebody dialled us. */
  accepted(frames: FrameLink, frame: Buffer): void {
    const link = this.#link(frames)
    this.#parts.inbound.receive(link, frame)
    // No hello, no link: the transport forgets it, whatever it sends next starts anew.
    if (link.remote === undefined && !this.greeted.has(link)) link.close()
  }

  /** Tells everybody what we offer now. */
  tellAll(payload: Buffer): void {
    for (const remote of this.remotes.values()) remote.link?.outbound.control(Kind.offer, payload)
  }

  /** A hello is answered: the link is in use when who dialled it has said one word more. */
  welcomed(link: Link, greeting: Greeting): void {
    if (!link.closed) this.greeted.add(link, greeting)
  }

  /** That word is there. Undefined where nobody was welcomed. */
  begin(link: Link): Greeting | undefined {
    const greeting = this.greeted.take(link)
    if (!greeting) return undefined
    const { hello, who } = greeting
    const known = this.remotes.get(hello.id)
    // Its next incarnation was quicker.
    if (known && known.epoch > hello.epoch) {
      link.close()
      return undefined
    }
    this.attach(link, hello, who)
    return greeting
  }

  /** The link is kept on both sides: its peer is up, or has one link more. */
  attach(link: Link, hello: Hello, who: Identity | undefined): void {
    const { counters, events } = this.#parts
    let remote = this.remotes.get(hello.id)
    if (remote && remote.epoch < hello.epoch) {
      this.drop(remote, 'restarted')
      remote = undefined
    }
    link.met(hello)
    const known = remote
    remote ??= new Remote(hello, who, this.#parts.clock.nowMs() - this.#startMs)
    link.remote = remote
    remote.links.push(link)
    // Where it was reached is known before anybody looks for its other sockets.
    this.#dials.settle(link, true)
    if (known) {
      remote.offer(hello)
      events.changed(remote)
    } else {
      const told = this.#records.get(hello.id)
      if (told) remote.isTold(told.peer, told.via)
      this.remotes.set(hello.id, remote)
      counters.peersUp++
      reportNote({ area: 'peer', text: `${remote.name} (${remote.id}) is up` })
      noteNamesakes([this.#parts.hello(), ...this.remotes.values()], remote)
      events.up(remote)
      for (const hear of this.onUp) hear(remote)
    }
    this.#dialer.settle(hello.id)
  }

  /** A hello was refused or none came: the dial goes on with the next endpoint. */
  refused(link: Link, why: string): void {
    this.#dials.settle(link, false, why)
    link.close()
  }

  /** A peer says that it takes nothing new. */
  leaves(remote: Remote): void {
    if (remote.leaving || remote.down) return
    remote.leaving = true
    this.#dialer.settle(remote.id)
    this.#parts.events.leaving(remote)
  }

  /** A peer is down: its links close, and what was under way on them fails. */
  drop(remote: Remote, reason: DownReason): void {
    if (remote.down) return
    remote.down = true
    if (this.remotes.get(remote.id) === remote) this.remotes.delete(remote.id)
    this.#parts.counters.peersDown++
    reportNote({ area: 'peer', text: `${remote.name} (${remote.id}) is down: ${reason}` })
    for (const link of [...remote.links]) link.close(reason === 'revoked')
    this.#parts.events.down(remote, reason)
    for (const hear of this.onDown) hear(remote)
    this.#revive(remote, reason)
  }

  /** Others are trusted than before: who no longer is leaves at once, who now is may come. */
  trustChanged(): void {
    const { introduction } = this.#parts
    this.greeted.recheck((key) => introduction.now(key) !== undefined)
    for (const remote of [...this.remotes.values()]) {
      const who = remote.who && introduction.now(remote.who.curveKey)
      if (who) remote.isNow(who)
      else if (remote.who) this.#revoke(remote)
    }
    const linked = [...this.remotes.values()].flatMap(({ id, dialledAs }) => [id, dialledAs])
    for (const [id, { peer, via }] of [...this.#records]) {
      if (linked.includes(id)) continue // An attempt that waits was made with the old list.
      this.#dialer.settle(id)
      this.#found(peer, via)
    }
  }

  #revoke(remote: Remote): void {
    const text = `${remote.name} (${remote.label.key}) is no longer trusted: its links are closed`
    reportFault({ area: 'trust', text, code: 'EARSHOT_SECURITY' })
    for (const link of remote.links) link.outbound.control(Kind.refuse, untrusted)
    this.drop(remote, 'revoked')
  }

  /** A hint that is still there may come true again: slowly, a dead peer costs a refused dial. */
  #revive(remote: Remote, reason: DownReason): void {
    if (this.#closing) return
    const record = this.#records.get(remote.id)
    if (record && reason !== 'left') this.#want(record.peer, REVIVE_MS)
    // Behind an address without an id the next incarnation may come, also after a clean leave.
    const address = this.#records.get(remote.dialledAs ?? '')
    if (address) this.#want(address.peer, REVIVE_MS)
  }

  /** Also those whose peers may have not more to say than their hello. */
  links(): Link[] {
    const inUse = [...this.remotes.values()].flatMap((remote) => remote.links)
    return inUse.concat(this.greeted.links())
  }

  /** Nobody is dialled any more. Resolves when no dial is under way, within `leaveDialsMs`. */
  leave(): Promise<void> {
    this.#dialer.close()
    return this.#dials.end()
  }

  close(): void {
    this.#closing = true
    this.#synced.resolve()
    this.#dialer.close()
    this.#liveness.stop()
    for (const remote of [...this.remotes.values()]) this.drop(remote, 'left')
    for (const link of this.greeted.links()) link.close()
    this.#dials.close()
  }

  #found(peer: PeerRecord, via: readonly string[]): void {
    if (this.#closing) return
    const { tried } = this.#records.get(peer.id) ?? { tried: [] }
    this.#records.set(peer.id, { peer, via, tried })
    const known = this.remotes.get(peer.id)
    known?.isTold(peer, via)
    if (known) this.#parts.events.changed(known)
    // Of a later incarnation anybody can tell: it is looked for once while this one answers.
    if (known && (known.epoch >= peer.epoch || peer.epoch === 0 || known.links.length > 1)) return
    const { clock, hello } = this.#parts
    this.#want(peer, courtesyMs(hello(), peer, clock.nowMs() - this.#startMs))
  }

  #want(peer: PeerRecord, delayMs: number): void {
    // A provider tells only addresses that lead from here to there.
    const endpoints = nearestFirst(peer.inbox, true).flatMap((endpoint) =>
      this.#parts.introduction.addressed(endpoint, peer),
    )
    this.#dialer.want({ id: peer.id, endpoints, tellers: peer.tellers }, delayMs)
  }

  /** One endpoint of a peer that discovery told of. */
  #dial(...[endpoint, id, signal, opened]: Parameters<Dial>): Promise<boolean> {
    const tried = this.#records.get(id)?.tried ?? []
    return this.#dials.dial(endpoint, signal, tried, opened, ({ remote }) => {
      if (!remote) return
      remote.tried = tried
      if (id.startsWith('?')) remote.dialledAs = id
    })
  }

  #sayHello(link: Link): void {
    const { introduction, hello } = this.#parts
    const said = { ...hello(), dialled: link.frames.endpoint }
    const signed = introduction.signed(said, link.frames.key)
    link.outbound.control(Kind.hello, Buffer.from(JSON.stringify(signed)))
  }

  #link(frames: FrameLink): Link {
    const { inbound, limits, clock } = this.#parts
    const link = new Link(frames, limits, clock, this.#widening)
    frames.onFrame = (frame) => inbound.receive(link, frame)
    frames.onClose = (reason) => this.#lost(link, reason)
    return link
  }

  #lost(link: Link, reason: string): void {
    if (link.closed) return
    const who = link.remote?.name ?? link.frames.endpoint
    reportNote({ area: 'link', text: `the link to ${who} has ended: ${reason}` })
    link.end()
    this.#dials.settle(link, false, reason)
    const { remote } = link
    if (this.greeted.take(link)) this.#parts.events.linkLost(link)
    if (!remote) return
    remote.links.splice(remote.links.indexOf(link), 1)
    this.#parts.events.linkLost(link)
    if (remote.down || remote.links.length > 0) return
    if (remote.leaving || this.#closing) this.drop(remote, 'left')
    else if (link.badFrames >= this.#parts.limits.maxBadFrames) this.drop(remote, 'misbehaved')
    else void this.#redial(remote)
  }

  /** Every link is lost without a goodbye: one more dial tells a cut wire from a death. */
  async #redial(remote: Remote): Promise<void> {
    this.#parts.events.changed(remote)
    const { clock, hello } = this.#parts
    const endpoints = remote.seenFrom(hello().host).inbox
    const isLinked = () => remote.links.length > 0 // where it was, somebody else may be by now
    await race({
      clock,
      endpoints,
      slots: new Slots(endpoints.length), // a death is told in time, however many there are
      attempt: async (to, signal, opened) =>
        (await this.#dials.dial(to, signal, remote.tried, opened)) && isLinked(),
      goesOn: () => !remote.down && !isLinked(),
    })
    if (!isLinked()) this.drop(remote, 'lost')
  }

  /** The other side may only have been held up: it is told, and need not wait for our silence. */
  #silent(link: Link): void {
    const { remote } = link
    link.outbound.control(Kind.refuse, unheard)
    if (remote?.links.length === 1) this.drop(remote, 'silent')
    else link.close()
  }
}

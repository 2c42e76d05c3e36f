// Owns what we know of one remote peer: who it is, what it offers, our links to it and the credit
// owed.
// Never decides whether it is up: membership does.

import type { Overflow } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import type { PeerRecord } from '../discovery/provider.ts'
import { type FrameLink, seenFromHere, withKey } from '../transport/transport.ts'
import type { ChannelOffer, ContractOffer, Hello, Offers } from '../wire/hello.ts'
import { creditOf, Kind } from '../wire/record.ts'
import { createLinkCounts, type LinkCounts } from './counters.ts'
import { CreditWindow, type WidenBudget } from './credit-window.ts'
import { Held } from './held.ts'
import type { Identity } from './introduction.ts'
import { Outbound } from './outbound.ts'
import { Rhythm } from './rhythm.ts'
import type { TriedEndpoint } from './tried.ts'

/** Our connection to one remote peer: what leaves by it, what we owe for what came. */
export class Link {
  readonly frames: FrameLink
  readonly outbound: Outbound
  readonly counts: LinkCounts = createLinkCounts()
  /** Known once the hello is done. */
  remote: Remote | undefined
  lastHeardMs: number
  readonly rhythm: Rhythm = new Rhythm()
  /** So much silence ends it, by what was seen so far; 0 until somebody has looked. */
  givenUpAfterMs = 0
  badFrames = 0
  closed = false
  /** Both ends are on this host, as its dialler says: a pulse may stand for its beats. */
  withinHost = false
  /** We see the pulse of the other side, which has been told so. */
  sees = false
  /** The other side sees ours. */
  isSeen = false
  /** When it last missed ours, and had a beat at once. */
  answeredMs: number = Number.NEGATIVE_INFINITY
  /** What the other side may have on its way to us. */
  readonly window: CreditWindow
  readonly #held = new Map<number, Held>()
  readonly #limits: Limits

  constructor(frames: FrameLink, limits: Limits, clock: Clock, budget: WidenBudget) {
    this.frames = frames
    this.#limits = limits
    this.outbound = new Outbound(frames, limits, clock, this.counts)
    this.window = new CreditWindow(limits, clock, budget)
    this.lastHeardMs = clock.nowMs()
  }

  /** The hello that makes it ours is there. */
  met({ credit, window, dialled }: Hello): void {
    this.outbound.resize(credit)
    this.window.boundTo(window)
    const { endpoint, inMemory } = this.frames
    this.withinHost = !inMemory && (dialled || endpoint).startsWith('ipc:')
  }

  /** `bytes` of what came in are done with: the other side may send as many again. */
  release(bytes: number): void {
    const granted = this.window.release(bytes)
    if (granted > 0) this.#grant(granted)
  }

  /** Called at each beat: a link that has nothing to say, or to hear, keeps no memory for it. */
  rest(): void {
    this.outbound.rest()
    const granted = this.window.rest()
    if (granted >= 0) this.#grant(granted)
  }

  #grant(bytes: number): void {
    if (!this.closed) this.outbound.control(Kind.credit, creditOf(bytes, this.window.bytes))
  }

  /** Where messages of a channel wait for room on this link. */
  held(code: number, overflow: Overflow): Held {
    const known = this.#held.get(code)
    if (known) return known
    const held = new Held(this.outbound, code, overflow, this.#limits)
    this.#held.set(code, held)
    return held
  }

  /** @param forGood who is at its other end does not get another on the same connection */
  close(forGood = false): void {
    this.frames.close(forGood)
  }

  /** It has closed, whoever closed it: nothing leaves or arrives any more. */
  end(): void {
    this.closed = true
    this.outbound.end()
    this.window.end()
  }
}

/** A channel of which the remote peer and we hold versions that do not go together. */
export interface Mismatch {
  /** `shop.orders/1/place` */
  readonly channel: string
  readonly ours: string
  readonly theirs: string
  /** The field, from `/body` or `/reply`; empty where the channels differ as a whole. */
  readonly path: string
  readonly reason: string
}

/** A remote peer as users see it: a snapshot, plain data. */
export interface RemotePeer {
  readonly id: string
  readonly name: string
  /** Incarnation: ms since 1970 at its start; a restart is a new peer. */
  readonly epoch: number
  readonly host: string
  readonly pid: number
  /** The zone that it says it is in; empty for none. */
  readonly zone: string
  /** Where our link leads, or `accepted` when the remote peer dialled us. */
  readonly endpoint: string
  /** `memory`: it is a peer of this process. */
  readonly transport: 'memory' | 'ipc' | 'tcp'
  /** Nothing has been heard of it for longer than usual: it may be gone. */
  readonly suspected: boolean
  /** Discovery providers that told of it; empty when it came to us first. */
  readonly via: readonly string[]
  /** Its endpoints that we dialled, and what came of each; none where it came to us first. */
  readonly tried: readonly Readonly<TriedEndpoint>[]
  /** ms from our own start until it was up. */
  readonly foundAfterMs: number
  readonly doors: readonly string[]
  readonly contracts: readonly ContractOffer[]
  /** What was found not to go together when we met; it is used for nothing else than that. */
  readonly mismatches: readonly Mismatch[]
  /** The fingerprint of the key that it has proved; undefined where keys are shared, or none. */
  readonly key: string | undefined
  /** What the allow list says of that key. */
  readonly roles: readonly string[]
}

/** Who sent something, for handlers. The name is what that peer says of itself. */
export interface From {
  readonly id: string
  readonly name: string
  /** The fingerprint of the key that it has proved; undefined where keys are shared, or none. */
  readonly key: string | undefined
  /** What the allow list says of that key. */
  readonly roles: readonly string[]
}

/** The offer of one channel, with the version of its contract. */
export type VersionedOffer = ChannelOffer & { readonly version: string; readonly weight: number }

export class Remote {
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly hello: Hello
  /** Who it is, for handlers: plain data, shared by all contexts. */
  label: From
  /** The key that it has proved. */
  who: Identity | undefined
  /** The discovery record by which we dialled it, where that does not know its id. */
  dialledAs: string | undefined
  readonly foundAfterMs: number
  readonly links: Link[] = []
  /** By channel, our version of it and theirs. */
  readonly mismatches: Map<string, Mismatch> = new Map()
  via: readonly string[] = []
  /** When its pulse beat last, as its file says; undefined until one is seen. */
  pulse: number | undefined
  /** When that was, on our clock; what we were held up ourselves does not count. */
  feltMs: number = Number.NEGATIVE_INFINITY
  /** Its inboxes, as discovery tells them: they lead from here to there. */
  #found: readonly string[] = []
  /** Where it was dialled, the latest last. */
  tried: TriedEndpoint[] = []
  offers: readonly ContractOffer[]
  #revision: number
  /** Has said goodbye: finishes what it has, takes nothing new. */
  leaving = false
  /** What it hears of us is in force: what we publish from now on reaches it. */
  arrived = false
  down = false
  /** Silent for longer than usual: it gets nothing that another can have. */
  suspected = false
  /** Our requests and streams under way there, and our calls that failed there lately. */
  load = 0
  #failures = 0

  constructor(hello: Hello, who: Identity | undefined, foundAfterMs: number) {
    this.id = hello.id
    this.epoch = hello.epoch
    this.name = hello.name
    this.hello = hello
    this.who = who
    this.label = labelOf(hello, who)
    this.offers = hello.contracts
    this.#revision = hello.revision
    this.foundAfterMs = foundAfterMs
  }

  /**
   * What it offers now. False for what is older than what is known: a second link's hello may have
   * been under way while the first told of a change.
   */
  offer({ revision, contracts }: Offers): boolean {
    if (revision < this.#revision) return false
    this.#revision = revision
    this.offers = contracts
    return true
  }

  /** It answered with a failure, or not in time: it must not draw calls by failing quickly. */
  failed(): void {
    this.#failures++
    this.load++
  }

  /** Once a heartbeat: failures are forgotten by half. */
  forgive(): void {
    const kept = this.#failures >> 1
    this.load -= this.#failures - kept
    this.#failures = kept
  }

  /** The list says something else of its key. */
  isNow(who: Identity): void {
    this.who = who
    this.label = labelOf(this.hello, who)
  }

  /** What discovery says of it. */
  isTold({ inbox }: PeerRecord, via: readonly string[]): void {
    this.#found = inbox
    this.via = via
  }

  /**
   * Where its sockets are for us, on this host: the surest of each kind first. An inbox is where it
   * was reached before, too: behind a forwarded port a peer does not know that address itself.
   */
  seenFrom(host: string): { readonly inbox: string[]; readonly outlet: string[] } {
    const linked = this.tried.filter(({ outcome }) => outcome === 'linked')
    const before = linked.map(({ endpoint }) => endpoint).reverse()
    const { inbox, outlet, host: theirs } = this.hello
    const seen = (told: readonly string[]) =>
      seenFromHere(told, theirs === host, [...before, ...this.#found])
    const { who } = this
    const anew = who ? before.map((address) => withKey(address, who.curveKey)) : before
    return { inbox: [...new Set([...anew, ...seen(inbox)])], outlet: seen(outlet) }
  }

  /** What we have to say from now on goes by this of its links. */
  prefer(link: Link): void {
    const at = this.links.indexOf(link)
    if (at > 0) this.links.unshift(...this.links.splice(at, 1))
  }

  /** The link for what we have to say; undefined while we dial anew. */
  get link(): Link | undefined {
    return this.links[0]
  }

  /** What the remote peer offers of a channel, by the channel's key. */
  offerOf(contract: string, major: number, channel: string): VersionedOffer | undefined {
    for (const offer of this.offers) {
      if (offer.name !== contract || Number.parseInt(offer.version, 10) !== major) continue
      const found = offer.channels.find(({ name }) => name === channel)
      if (found) return { ...found, version: offer.version, weight: offer.weight ?? 1 }
    }
    return undefined
  }

  #carrier(endpoint: string): RemotePeer['transport'] {
    if (this.link?.frames.inMemory) return 'memory'
    return (this.hello.dialled || endpoint).startsWith('tcp') ? 'tcp' : 'ipc'
  }

  info(): RemotePeer {
    const endpoint = this.link?.frames.endpoint ?? 'none'
    return {
      id: this.id,
      name: this.name,
      epoch: this.epoch,
      host: this.hello.host,
      pid: this.hello.pid,
      zone: this.hello.zone,
      endpoint,
      transport: this.#carrier(endpoint),
      suspected: this.suspected,
      via: this.via,
      tried: this.tried.map((one) => ({ ...one })),
      foundAfterMs: this.foundAfterMs,
      doors: this.hello.door,
      contracts: this.offers,
      mismatches: [...this.mismatches.values()],
      key: this.label.key,
      roles: this.label.roles,
    }
  }
}

function labelOf({ id, name }: Hello, who: Identity | undefined): From {
  return Object.freeze({ id, name, key: who?.key, roles: who?.roles ?? [] })
}

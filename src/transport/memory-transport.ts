// Owns the short way between peers of one process: where an endpoint is one of this process frames
// go by memory, and all else by the transport beneath.
// Never lets in whom the sockets would not: who is not surely trusted takes those, and hears why.

import type { Limits } from '../base/limits.ts'
import type { Trust } from '../security/trust.ts'
import { MemoryLink } from './memory-link.ts'
import { MemoryOutlet } from './memory-outlet.ts'
import { hearTogether } from './shared-hearing.ts'
import {
  type BindOptions,
  type Bound,
  type Closable,
  type FrameLink,
  type Hearing,
  splitEndpoint,
  type Transport,
  type TransportEvents,
} from './transport.ts'

/** What others of this process need of one that listens. */
interface Listener {
  readonly trust: Trust | undefined
  readonly mayHear: (publicKey: string) => boolean
  readonly accepted: TransportEvents['accepted']
  readonly outlet: MemoryOutlet
  readonly held: Set<Closable>
}

/** Those of this process, by each endpoint of theirs. */
const here = new Map<string, Listener>()

export interface MemoryParts {
  /** For who is not of this process. */
  readonly sockets: Transport
  readonly limits: Limits
  readonly trust: Trust | undefined
  /** Who may come to the outlet, of those whom the trust admits. */
  readonly mayHear: (publicKey: string) => boolean
}

export class MemoryTransport implements Transport {
  readonly name: string
  readonly #parts: MemoryParts
  readonly #held = new Set<Closable>()
  #endpoints: readonly string[] = []
  #outlet: MemoryOutlet | undefined
  /** Subscriptions that came by a socket: without any, none is written to. */
  #outside = 0

  constructor(parts: MemoryParts) {
    this.name = parts.sockets.name
    this.#parts = parts
  }

  async bind(options: BindOptions, events: TransportEvents): Promise<Bound> {
    const { sockets, limits, trust, mayHear } = this.#parts
    const bound = await sockets.bind(options, {
      ...events,
      subscribed: (prefix, on) => {
        this.#outside += on ? 1 : -1
        events.subscribed(prefix, on)
      },
    })
    const outlet = new MemoryOutlet(limits, (prefix, on) => events.subscribed(prefix, on))
    this.#outlet = outlet
    this.#endpoints = [...bound.inbox, ...bound.outlet]
    const accepted: Listener['accepted'] = (link, frame) => events.accepted(link, frame)
    const listener = { trust, mayHear, accepted, outlet, held: this.#held }
    for (const endpoint of this.#endpoints) here.set(endpoint, listener)
    return bound
  }

  dial(endpoint: string): FrameLink {
    const { address, key } = splitEndpoint(endpoint)
    const there = here.get(address)
    if (!there || !this.#isTrusted(there, address, key)) return this.#parts.sockets.dial(endpoint)
    const link = new MemoryLink(address, key, this.#held)
    link.connect(new MemoryLink('accepted', undefined, there.held), there.accepted)
    return link
  }

  hear(endpoint: string): Hearing {
    const { address, key } = splitEndpoint(endpoint)
    const there = here.get(address)
    if (!there || !this.#isTrusted(there, address, key) || !this.#mayHear(there, address)) {
      return this.#hearOutside(endpoint, address)
    }
    return there.outlet.hear(address, this.#held)
  }

  /** With all of this process that come there with the same key. */
  #hearOutside(endpoint: string, address: string): Hearing {
    const { sockets, limits, trust } = this.#parts
    const { maxOutletFrames, maxOutletBytes, maxMessageBytes, maxFrameBytes } = limits
    const proves = trust?.guards(address) ? trust.own.publicKey : 'nothing'
    const holds = [maxOutletFrames, maxOutletBytes, maxMessageBytes, maxFrameBytes]
    const open = (held: Set<Closable>) => sockets.hear(endpoint, held)
    return hearTogether([endpoint, proves, ...holds].join(' '), open, limits, this.#held)
  }

  publish(frame: Buffer): void {
    this.#outlet?.publish(frame)
    if (this.#outside > 0) this.#parts.sockets.publish(frame)
  }

  async reopen(): Promise<void> {
    this.#outlet?.close()
    await this.#parts.sockets.reopen()
  }

  async close(): Promise<void> {
    for (const endpoint of this.#endpoints) here.delete(endpoint)
    for (const one of [...this.#held]) one.close()
    this.#outlet?.close()
    await this.#parts.sockets.close()
  }

  /** As the handshake of the sockets would find: both guard it, and each has the other's key. */
  #isTrusted({ trust: theirs }: Listener, address: string, key: string | undefined): boolean {
    const ours = this.#parts.trust
    const isGuarded = theirs?.guards(address) ?? false
    if ((ours?.guards(address) ?? false) !== isGuarded) return false
    if (!isGuarded || !ours || !theirs) return true
    const wanted = ours.personal ? key : ours.own.publicKey
    return wanted === theirs.own.publicKey && theirs.admits(ours.own.publicKey)
  }

  #mayHear({ mayHear }: Listener, address: string): boolean {
    const { trust } = this.#parts
    return !trust?.guards(address) || mayHear(trust.own.publicKey)
  }
}

// Owns the way of one message to what this peer serves itself: both ends of a link, in memory.
// Never known as a peer, and never chosen for a client: only who names this peer is led here.

import type { Clock } from '../base/clock.ts'
import type { FrameLink } from '../transport/transport.ts'
import type { ChannelRoutes } from './channel-routes.ts'
import { WidenBudget } from './credit-window.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Mesh } from './mesh.ts'
import { Link, Remote } from './remote.ts'

const nothing = () => undefined

/** One end: a frame arrives a turn later at the other, as by a socket. */
class OwnEnd implements FrameLink {
  readonly endpoint = 'own'
  readonly key: undefined = undefined
  readonly inMemory = true
  onFrame: (frame: Buffer) => void = nothing
  onOpen: () => void = nothing
  onClose: (reason: string) => void = nothing
  other: OwnEnd | undefined
  readonly #clock: Clock
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  send(frame: Buffer): void {
    // The sender writes on into its own bytes.
    const copy = Buffer.from(frame)
    const { other } = this
    this.#clock.afterTurn(() => other?.onFrame(copy))
  }

  /** The other end is told a turn later, and nothing of either is kept by what still knows one. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { other } = this
    this.other = undefined
    this.onFrame = nothing
    this.onClose('closed here')
    if (other) this.#clock.afterTurn(() => other.close())
  }
}

export class OwnWay {
  /** To this peer alone. */
  readonly routes: ChannelRoutes
  readonly #mesh: Mesh
  readonly #near: Link
  readonly #remote: Remote

  constructor(mesh: Mesh, local: LocalChannel) {
    this.#mesh = mesh
    const { clock } = mesh.parts
    const [near, far] = [new OwnEnd(clock), new OwnEnd(clock)]
    near.other = far
    far.other = near
    this.#remote = new Remote(mesh.parts.hello(), undefined, 0)
    this.#near = this.#linkOf(near)
    this.#linkOf(far)
    this.#remote.links.push(this.#near)
    this.routes = mesh.routing.only(this.#remote, local)
  }

  /**
   * Resolves when all that was written has arrived: the handler of a notification has begun, or
   * waits for its turn. A request that is still at work is given up.
   */
  async close(): Promise<void> {
    await this.#near.outbound.drained()
    const { clock } = this.#mesh.parts
    // What left in this turn arrives before that.
    await new Promise<void>((resolve) => clock.afterTurn(resolve))
    this.#near.close()
    this.#remote.links.length = 0
  }

  #linkOf(end: OwnEnd): Link {
    const { inbound, onLinkLost, parts } = this.#mesh
    const { limits, clock } = parts
    const link = new Link(end, limits, clock, new WidenBudget(0))
    link.remote = this.#remote
    link.met(this.#remote.hello)
    end.onFrame = (frame) => inbound.receive(link, frame)
    end.onClose = () => {
      link.end()
      for (const lost of onLinkLost) lost(link)
    }
    return link
  }
}

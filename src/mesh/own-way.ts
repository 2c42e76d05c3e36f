// Owns the way of one message to what this peer serves itself: both ends of a link, in memory.
// Never known as a peer, and never chosen for a client: only who names this peer is led here.

import type { Clock } from '../base/clock.ts'
import type { FrameLink } from '../transport/transport.ts'
import type { ChannelRoutes } from './channel-routes.ts'
import { WidenBudget } from './credit-window.ts'
import type { LocalChannel } from './local-channel.ts'
import type { Mesh } from './mesh.ts'
import { Link, Remote } from './remote.ts'

/** One end: a frame arrives a turn later at the other, as by a socket. */
class OwnEnd implements FrameLink {
  readonly endpoint = 'own'
  readonly key: undefined = undefined
  readonly inMemory = true
  onFrame: (frame: Buffer) => void = () => undefined
  onOpen: () => void = () => undefined
  onClose: (reason: string) => void = () => undefined
  other: OwnEnd | undefined
  readonly #clock: Clock
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  send(frame: Buffer): void {
    // The sender writes on into its own bytes.
    const copy = Buffer.from(frame)
    this.#clock.afterTurn(() => {
      if (!this.#closed) this.other?.onFrame(copy)
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.onClose('closed here')
  }
}

export class OwnWay {
  /** To this peer alone. */
  readonly routes: ChannelRoutes
  readonly #mesh: Mesh
  readonly #ends: readonly [OwnEnd, OwnEnd]

  constructor(mesh: Mesh, local: LocalChannel) {
    this.#mesh = mesh
    const { clock } = mesh.parts
    const [near, far] = [new OwnEnd(clock), new OwnEnd(clock)]
    near.other = far
    far.other = near
    this.#ends = [near, far]
    const remote = new Remote(mesh.parts.hello(), undefined, 0)
    remote.links.push(this.#linkOf(near, remote))
    this.#linkOf(far, remote)
    this.routes = mesh.routing.only(remote, local)
  }

  /** Behind all that was sent. A request that is still at work is given up. */
  close(): void {
    this.#mesh.parts.clock.afterTurn(() => {
      for (const end of this.#ends) end.close()
    })
  }

  #linkOf(end: OwnEnd, remote: Remote): Link {
    const { inbound, onLinkLost, parts } = this.#mesh
    const { limits, clock } = parts
    const link = new Link(end, limits, clock, new WidenBudget(0))
    link.remote = remote
    link.met(remote.hello)
    end.onFrame = (frame) => inbound.receive(link, frame)
    end.onClose = () => {
      link.end()
      for (const lost of onLinkLost) lost(link)
    }
    return link
  }
}

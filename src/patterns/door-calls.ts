// Owns calls at the door: JSON in, a typed call of this peer or through the mesh, JSON out.
// Never skips a check: the body goes through the channel's JSON codec first.

import { EarshotError } from '../base/errors.ts'
import { bodyFromJson, bodyToJson } from '../codec/bodies.ts'
import type { Channel } from '../contract/channel.ts'
import type { DoorCall } from '../mesh/control.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { noServer } from '../mesh/no-server.ts'
import { OwnWay } from '../mesh/own-way.ts'
import type { Notifications } from './notification.ts'
import type { Requests } from './request.ts'

export class DoorCalls {
  readonly #mesh: Mesh
  readonly #requests: Requests
  readonly #notifications: Notifications
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(mesh: Mesh, requests: Requests, notifications: Notifications) {
    this.#mesh = mesh
    this.#requests = requests
    this.#notifications = notifications
  }

  /** What the door answers. @throws EARSHOT_CLOSED while the peer leaves, and what a call throws */
  async call(asked: DoorCall): Promise<unknown> {
    if (this.#mesh.leaving) {
      throw new EarshotError('EARSHOT_CLOSED', 'this peer is leaving: ask the door of another')
    }
    const call = this.#call(asked)
    this.#underWay.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
    }
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async #call(call: DoorCall): Promise<unknown> {
    const mesh = this.#mesh
    const { limits } = mesh.parts
    const { channel, local } = this.#channelOf(call)
    const body = bodyFromJson(channel, call.body)
    const timeoutMs = Math.min(call.timeoutMs ?? limits.requestTimeoutMs, limits.requestTimeoutMs)
    // Whoever asks this peer for what it serves means this peer.
    const own = local.served ? new OwnWay(mesh, local) : undefined
    const routes = own?.routes ?? mesh.routing.of(local)
    // The door answers one after the other: it waits for nobody of whom nothing is known.
    if (!routes.usable && !mesh.looking && !isOffered(mesh, channel)) {
      throw noServer(routes, mesh.membership.remotes.values(), 0)
    }
    try {
      if (channel.kind === 'notification') {
        return await this.#notifications.send(routes, body, timeoutMs, undefined)
      }
      const reply = await this.#requests.call(routes, body, timeoutMs, undefined)
      return bodyToJson(channel, reply, 'reply')
    } finally {
      await own?.close()
    }
  }

  /** Of those that bear the name the one that is served here, or else the first. */
  #channelOf({ contract, major, channel: name }: DoorCall) {
    const { catalog } = this.#mesh.parts
    const known = catalog
      .contracts()
      .filter((one) => one.name === contract && one.major === (major ?? one.major))
      .flatMap(({ channels }) => channels.find((one) => one.name === name) ?? [])
      .map((channel) => ({ channel, local: catalog.channel(channel) }))
    const wanted = known.find(({ local }) => local.served) ?? known[0]
    if (!wanted) {
      const text = `channel ${contract}/${name} is not known here`
      throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', text)
    }
    const { kind } = wanted.channel
    if (kind !== 'notification' && kind !== 'request') throw unanswerable(wanted.channel)
    return wanted
  }
}

/**
 * Where peers have keys of their own, the door cannot tell whose asks: it would act in our name.
 * @throws EARSHOT_DENIED
 */
export async function refuseDoorCall(): Promise<never> {
  const text = 'where each peer has a key of its own, the door does not call: join as a peer'
  throw new EarshotError('EARSHOT_DENIED', text)
}

/** Its link may be dialled anew, or its version be found out. */
function isOffered({ membership }: Mesh, { contract, major, name }: Channel): boolean {
  for (const remote of membership.remotes.values()) {
    if (remote.offerOf(contract, major, name) !== undefined) return true
  }
  return false
}

/** What the door cannot answer in one go. */
function unanswerable({ key, kind }: Channel): EarshotError {
  const text =
    kind === 'event'
      ? `${key} is an event: it has no answer`
      : `${key} is a ${kind}: the door gives one answer, use \`earshot call\``
  return new EarshotError('EARSHOT_DOOR', text)
}

// Owns a call at the door: JSON in, a typed call of this peer or through the mesh, JSON out.
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

export function createDoorCall(
  mesh: Mesh,
  requests: Requests,
  notifications: Notifications,
): (call: DoorCall) => Promise<unknown> {
  const { catalog, limits } = mesh.parts
  return async (call) => {
    const contract = catalog
      .contracts()
      .find(({ name, major }) => name === call.contract && major === (call.major ?? major))
    const channel = contract?.channels.find(({ name }) => name === call.channel)
    if (!channel) {
      const text = `channel ${call.contract}/${call.channel} is not known here`
      throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', text)
    }
    if (channel.kind !== 'notification' && channel.kind !== 'request') throw unanswerable(channel)
    const body = bodyFromJson(channel, call.body)
    const local = catalog.channel(channel)
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
        return await notifications.send(routes, body, timeoutMs, undefined)
      }
      const reply = await requests.call(routes, body, timeoutMs, undefined)
      return bodyToJson(channel, reply, 'reply')
    } finally {
      own?.close()
    }
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

// Owns a call at the door: JSON in, a typed call through the mesh, JSON out.
// Never skips a check: the body goes through the channel's JSON codec first.

import { EarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import { formatOf } from '../codec/formats.ts'
import type { Shape } from '../contract/shape.ts'
import type { DoorCall } from '../mesh/control.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Notifications } from './notification.ts'
import type { Requests } from './request.ts'

export function createDoorCall(
  mesh: Mesh,
  requests: Requests,
  notifications: Notifications,
): (call: DoorCall) => Promise<unknown> {
  const { catalog, limits } = mesh.parts
  const json = (shape: Shape) => formatOf('json').compile(shape, limits)
  return async (call) => {
    const contract = catalog
      .contracts()
      .find(({ name, major }) => name === call.contract && major === (call.major ?? major))
    const channel = contract?.channels.find(({ name }) => name === call.channel)
    if (!channel) {
      const text = `channel ${call.contract}/${call.channel} is not known here`
      throw new EarshotError('EARSHOT_CHANNEL_UNKNOWN', text)
    }
    const body = fromJson(json(channel.shape), call.body)
    const routes = mesh.routing.of(catalog.channel(channel))
    const timeoutMs = Math.min(call.timeoutMs ?? limits.requestTimeoutMs, limits.requestTimeoutMs)
    if (channel.kind === 'notification') {
      return await notifications.send(routes, body, timeoutMs, undefined)
    }
    if (channel.kind !== 'request' || !channel.replyShape) {
      throw new EarshotError(
        'EARSHOT_DOOR',
        `${channel.key} is an ${channel.kind}: it has no answer`,
      )
    }
    const reply = await requests.call(routes, body, timeoutMs, undefined)
    return toJson(json(channel.replyShape), reply, limits.maxMessageBytes)
  }
}

function fromJson(codec: BodyCodec, body: unknown): unknown {
  const bytes = Buffer.from(JSON.stringify(body) ?? 'null')
  return codec.decode(bytes, 0, bytes.length)
}

function toJson(codec: BodyCodec, value: unknown, maxBytes: number): unknown {
  for (let bytes = 4_096; bytes <= maxBytes * 2; bytes *= 4) {
    const room = Buffer.allocUnsafe(bytes)
    const end = codec.encodeInto(value, room, 0)
    if (end >= 0) return JSON.parse(room.toString('utf8', 0, end))
  }
  throw new EarshotError('EARSHOT_BODY_TOO_LARGE', `the answer is larger than ${maxBytes} bytes`)
}

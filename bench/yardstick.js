// Earshot as its users would write it, for a harness that compares message systems: receive,
// sender,
// serve, client. Only the public interface; bodies are opaque bytes.

import { Bytes, contract, createPeer, notification, request } from 'earshot'

const Yard = contract('earshot.yardstick', '1.0.0', {
  item: notification(Bytes()),
  echo: request(Bytes(), Bytes()),
})

const mesh = 'yardstick'
const FOUND_WITHIN_MS = 20_000

/** Becomes the receiver; `on(body)` for each message. */
export async function receive(on) {
  const peer = await createPeer({ name: 'receiver', mesh })
  await peer.serve(Yard, { item: on, echo: (body) => body })
}

/** `send` returns nothing, or a promise to wait for before going on. Nothing is lost in between. */
export async function sender() {
  const peer = await createPeer({ name: 'sender', mesh })
  const out = peer.sender(Yard.item)
  await out.ready(FOUND_WITHIN_MS)
  return {
    send(body) {
      if (!out.send(body)) return out.ready()
    },
  }
}

/** Answers each request with `handle(body)`. */
export async function serve(handle) {
  const peer = await createPeer({ name: 'server', mesh })
  await peer.serve(Yard, { item: () => undefined, echo: handle })
}

/** `request` resolves with the reply. */
export async function client() {
  const peer = await createPeer({ name: 'client', mesh })
  const yard = peer.client(Yard, { timeoutMs: FOUND_WITHIN_MS })
  return { request: (body) => yard.echo(body) }
}

// Owns the first baseline: plain zeromq.js, one frame a message, as its own README writes it.

import { Dealer, Pull, Push, Router } from 'zeromq'
import type { Adapter } from './adapter.ts'

const anyPort = 'tcp://127.0.0.1:*'

export const zeromq: Adapter = {
  async receive(on) {
    const socket = new Pull()
    await socket.bind(anyPort)
    void (async () => {
      for await (const [body] of socket) on(body as Buffer)
    })()
    return socket.lastEndpoint as string
  },

  async sender(address) {
    const socket = new Push()
    socket.connect(address)
    return { send: (body) => socket.send(body) }
  },

  async echo() {
    const socket = new Router()
    await socket.bind(anyPort)
    void (async () => {
      for await (const [id, key, body] of socket) {
        await socket.send([id as Buffer, key as Buffer, body as Buffer])
      }
    })()
    return socket.lastEndpoint as string
  },

  async client(address) {
    const socket = new Dealer()
    socket.connect(address)
    const waiting = new Map<number, (body: Buffer) => void>()
    void (async () => {
      for await (const [key, body] of socket) {
        const number = (key as Buffer).readUInt32LE(0)
        waiting.get(number)?.(body as Buffer)
        waiting.delete(number)
      }
    })()
    // The binding allows one send at a time.
    const queue: Buffer[][] = []
    let busy = false
    const empty = async () => {
      busy = true
      for (let next = queue.shift(); next; next = queue.shift()) await socket.send(next)
      busy = false
    }
    let last = 0
    const request = (body: Buffer) =>
      new Promise<Uint8Array>((resolve) => {
        const key = Buffer.alloc(4)
        key.writeUInt32LE(++last)
        waiting.set(last, resolve)
        queue.push([key, body])
        if (!busy) void empty()
      })
    return { request }
  },
}

// Owns the second baseline: a TCP socket with hand-made frames, four bytes of length each.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Adapter } from './adapter.ts'

/** So many writes leave together. */
const PER_CORK = 64

export const net: Adapter = {
  receive: (on) => listen((socket) => void socket.on('data', frames(on))),

  async sender(address) {
    const socket = await open(address)
    let count = 0
    const send = (body: Buffer) => {
      if (++count % PER_CORK === 1) {
        socket.cork()
        process.nextTick(() => socket.uncork())
      }
      if (socket.write(framed(body))) return undefined
      return once(socket, 'drain').then(() => undefined)
    }
    return { send }
  },

  echo: () =>
    listen(
      (socket) =>
        void socket.on(
          'data',
          frames((body) => socket.write(framed(body))),
        ),
    ),

  async client(address) {
    const socket = await open(address)
    const waiting = new Map<number, (body: Buffer) => void>()
    const take = (message: Buffer) => {
      const number = message.readUInt32LE(0)
      waiting.get(number)?.(message.subarray(4))
      waiting.delete(number)
    }
    socket.on('data', frames(take))
    let last = 0
    const request = (body: Buffer) =>
      new Promise<Uint8Array>((resolve) => {
        const key = Buffer.alloc(4)
        key.writeUInt32LE(++last)
        waiting.set(last, resolve)
        socket.write(framed(Buffer.concat([key, body])))
      })
    return { request }
  },
}

async function listen(serve: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

async function open(address: string): Promise<Socket> {
  const socket = connect(Number(address), '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}

function framed(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32LE(body.length)
  body.copy(frame, 4)
  return frame
}

function frames(on: (body: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at)
      if (bytes.length - at - 4 < length) break
      on(bytes.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    rest = bytes.subarray(at)
  }
}

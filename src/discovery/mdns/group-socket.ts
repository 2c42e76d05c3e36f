// Owns the UDP sockets of mDNS: the one on port 5353 that all interfaces of a family join, so that
// each packet is heard once, and how a socket is opened. Never throws: what fails is handed over.

import { createSocket, type Socket } from 'node:dgram'
import type { Address } from './answers.ts'
import type { NetworkInterface } from './interfaces.ts'

export const mdnsPort = 5_353

const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const
/** Proves to old receivers that no router passed the packet on. Source: RFC 6762, 11. */
const TTL = 255
/** A hundred answers at once wait in it; the kernel may give less. */
const RECEIVE_BYTES = 524_288
/** Linux lets a socket join no more, unless it is told otherwise. */
const MAX_MEMBERS = 20

export type Done = (error?: unknown) => void

export interface SocketPort {
  readonly onMessage: (bytes: Uint8Array, from: Address) => void
  /** Open, or with the error that it will never be. Once. */
  readonly onOpen: Done
  /** It was open and is no more. */
  readonly onError: (error: unknown) => void
}

interface Outgoing {
  readonly over: NetworkInterface
  readonly bytes: Uint8Array
  readonly to: Address | undefined
  readonly done: Done
}

/** Where each family joins and sends to. */
export class GroupSocket {
  readonly family: 4 | 6
  readonly #socket: Socket
  readonly #members = new Set<string>()
  /** Who joins as soon as it is open. */
  #joining: (() => void)[] | undefined = []
  #failed: unknown
  #sendsOver = ''
  readonly #waiting: Outgoing[] = []

  constructor(family: 4 | 6, port: Pick<SocketPort, 'onMessage' | 'onError'>) {
    this.family = family
    const at = { address: family === 4 ? '0.0.0.0' : '::', port: mdnsPort }
    const onOpen = (error: unknown) => {
      this.#failed = error
      const joining = this.#joining ?? []
      this.#joining = undefined
      for (const join of joining) join()
    }
    this.#socket = openSocket(family, at, { ...port, onOpen })
  }

  get hasRoom(): boolean {
    return this.#failed === undefined && this.#members.size < MAX_MEMBERS
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  join(network: NetworkInterface, done: Done): void {
    this.#members.add(network.address)
    const join = () => {
      try {
        if (this.#failed !== undefined) throw this.#failed
        // Without the interface the kernel takes the default route, which may not exist.
        this.#socket.addMembership(GROUPS[this.family], interfaceOf(network))
        done()
      } catch (thrown) {
        this.#members.delete(network.address)
        done(thrown)
      }
    }
    if (this.#joining) this.#joining.push(join)
    else join()
  }

  leave(network: NetworkInterface): void {
    if (!this.#members.delete(network.address)) return
    try {
      this.#socket.dropMembership(GROUPS[this.family], interfaceOf(network))
    } catch {
      // Its interface has gone, and its membership with it: that is what was wanted.
    }
  }

  /** Hands the bytes to the kernel; without `to` they go to the group. */
  send(over: NetworkInterface, bytes: Uint8Array, to: Address | undefined, done: Done): void {
    if (this.#waiting.length > 0 || !this.#isFree(over, to)) {
      this.#waiting.push({ over, bytes, to, done })
    } else this.#hand({ over, bytes, to, done })
  }

  close(): void {
    closeSocket(this.#socket)
  }

  /** What the kernel has not taken yet leaves over the interface that is set by then. */
  #isFree(over: NetworkInterface, to: Address | undefined): boolean {
    const isSet = to !== undefined || this.#sendsOver === over.address
    return isSet || this.#socket.getSendQueueCount() === 0
  }

  #hand({ over, bytes, to, done }: Outgoing): void {
    const taken = (error?: unknown) => {
      done(error)
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        if (!this.#isFree(next.over, next.to)) return
        this.#waiting.shift()
        this.#hand(next)
      }
    }
    try {
      if (!to && this.#sendsOver !== over.address) {
        this.#socket.setMulticastInterface(interfaceOf(over))
        this.#sendsOver = over.address
      }
    } catch (thrown) {
      this.#sendsOver = ''
      taken(thrown)
      return
    }
    handOver(this.#socket, this.family, bytes, to, taken)
  }
}

/** Asks from a port of its own on one interface, so that answers come to us alone. */
export function openAskingSocket(network: NetworkInterface, port: SocketPort): Socket {
  const { family, address } = network
  const socket = openSocket(
    family,
    { address, port: 0 },
    {
      ...port,
      onOpen: (error) => {
        try {
          if (error === undefined) socket.setMulticastInterface(interfaceOf(network))
          port.onOpen(error)
        } catch (thrown) {
          port.onOpen(thrown)
        }
      },
    },
  )
  return socket
}

/** Sends to the group, unless `to` says otherwise. */
export function handOver(
  socket: Socket,
  family: 4 | 6,
  bytes: Uint8Array,
  to: Address | undefined,
  done: Done,
): void {
  const taken = (error: Error | null) => done(error ?? undefined)
  try {
    socket.send(bytes, to?.port ?? mdnsPort, to?.address ?? GROUPS[family], taken)
  } catch (thrown) {
    done(thrown)
  }
}

export function closeSocket(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Already closed by its own error: that is what was wanted.
  }
}

function openSocket(family: 4 | 6, at: Address, port: SocketPort): Socket {
  const isShared = at.port !== 0
  const socket = createSocket({
    type: `udp${family}`,
    reuseAddr: isShared,
    ipv6Only: family === 6,
    // Addresses need no looking up, and what is sent leaves before anything else is set.
    lookup: (address, _options, found) => found(null, address, family),
  })
  let isOpening = true
  const finish = (error?: unknown) => {
    if (error !== undefined) closeSocket(socket)
    const tell = isOpening ? port.onOpen : port.onError
    isOpening = false
    tell(error)
  }
  socket.unref()
  socket.on('error', finish)
  socket.on('message', (bytes, { address, port: from }) => {
    port.onMessage(bytes, { address, port: from })
  })
  socket.once('listening', () => {
    try {
      socket.setMulticastTTL(TTL)
      socket.setRecvBufferSize(RECEIVE_BYTES)
      socket.setMulticastLoopback(true)
    } catch (thrown) {
      finish(thrown)
      return
    }
    finish()
  })
  // Later, for it is open as soon as it is bound, and nobody has it yet.
  queueMicrotask(() => {
    try {
      // Exclusive: workers of `node:cluster` must not share one descriptor.
      socket.bind({ ...at, exclusive: true })
    } catch (thrown) {
      finish(thrown)
    }
  })
  return socket
}

/** As the kernel wants it: an IPv4 address of the interface, or its IPv6 zone. */
function interfaceOf({ family, address, name }: NetworkInterface): string {
  return family === 4 ? address : `::%${name}`
}

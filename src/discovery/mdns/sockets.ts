// Owns the UDP sockets of mDNS: two for each interface, one on port 5353 and one to ask from.
// Never throws and never emits an uncaught error: an interface that fails is reported alone.

import { createSocket, type Socket } from 'node:dgram'
import type { Clock, Timer } from '../../base/clock.ts'
import { reportNote } from '../../base/diagnostics.ts'
import { EarshotError } from '../../base/errors.ts'
import { errnoOf } from '../errno.ts'
import type { Address } from './answers.ts'
import {
  isOnLink,
  listInterfaces,
  type MdnsScope,
  type NetworkInterface,
  publicInterfaces,
} from './interfaces.ts'
import { mdnsPort } from './presence.ts'
import { remedyFor } from './remedies.ts'

const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const
/** Proves to old receivers that no router passed the packet on. Source: RFC 6762, 11. */
const TTL = 255
/** A hundred answers at once wait in it; the kernel may give less. */
const RECEIVE_BYTES = 524_288
const POLL_MS = 1_000
const RETRY_MS = 5_000
/** An IPv6 address is not to be used for a second or two after its interface is up. */
const RETRY6_MS = 1_000
/** A longer gap between two polls means that the host slept. */
const SLEPT_MS = 6_000

export interface SocketsPort {
  readonly scope: () => MdnsScope
  readonly clock: Clock
  /** `isAlone`: it came to the port that only we ask from. */
  readonly onPacket: (address: string, bytes: Uint8Array, from: Address, isAlone: boolean) => void
  readonly onOffLink: () => void
  readonly onUp: (address: string, canAnnounce: boolean) => void
  readonly onDown: (address: string) => void
  readonly onResume: () => void
  readonly onFault: (error: EarshotError, retryInMs?: number) => void
}

interface Line {
  network: NetworkInterface
  group: Socket | undefined
  alone: Socket | undefined
  /** Sockets of which it is not yet known whether they open. */
  opening: number
  retryAtMs: number
  isUp: boolean
  /** The last fault told, so that it is told once. */
  fault: string
}

export class MulticastSockets {
  readonly #port: SocketsPort
  readonly #lines = new Map<string, Line>()
  #sending = 0
  #onSettled: (() => void)[] = []
  #poll: Timer | undefined
  #polledAtMs = 0
  #hasNone = false

  constructor(port: SocketsPort) {
    this.#port = port
  }

  open(): void {
    if (this.#poll) return
    const { clock } = this.#port
    this.#polledAtMs = clock.wallMs()
    if (this.#port.scope() === 'lan') notePublic()
    this.#poll = clock.every(POLL_MS, () => this.#onPoll(), true)
    this.#compare()
  }

  close(): void {
    this.#poll?.cancel()
    this.#poll = undefined
    for (const address of [...this.#lines.keys()]) this.#closeLine(address)
  }

  isOwnAddress(address: string): boolean {
    for (const { network } of this.#lines.values()) {
      if (network.reachable.includes(address)) return true
    }
    return false
  }

  /** IPv6 on an interface that has IPv4 as well. */
  isSecond(address: string): boolean {
    const network = this.#lines.get(address)?.network
    return network?.family === 6 && this.#hasIPv4(network.name)
  }

  lines(): { name: string; address: string; joined: boolean; fault: string }[] {
    return [...this.#lines.values()].map(({ network: { name, address }, group, fault }) => {
      return { name, address, joined: group !== undefined, fault }
    })
  }

  /** True for a packet that came from the port that only we ask from. */
  isOwnSource(address: string, from: Address): boolean {
    return this.#lines.get(address)?.alone?.address().port === from.port
  }

  /** Where a peer may listen to be reached over the interface with this address. */
  reachableAt(address: string): readonly string[] {
    return this.#lines.get(address)?.network.reachable ?? []
  }

  /** Hands the bytes to the kernel; without `to` they go to the group. */
  send(address: string, bytes: Uint8Array, to?: Address): void {
    const line = this.#lines.get(address)
    if (line?.group) this.#send(line, line.group, bytes, to)
  }

  /** Sends to the group from a port of our own: all answer it alone. */
  ask(address: string, bytes: Uint8Array): void {
    const line = this.#lines.get(address)
    const socket = line?.alone ?? line?.group
    if (line && socket) this.#send(line, socket, bytes, undefined)
  }

  /** Resolves when everything sent so far has been taken by the kernel, or refused. */
  settled(): Promise<void> {
    if (this.#sending === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onSettled.push(resolve))
  }

  #send(line: Line, socket: Socket, bytes: Uint8Array, to: Address | undefined): void {
    this.#sending++
    const done = (error: Error | null) => {
      this.#sending--
      if (this.#sending === 0) for (const resolve of this.#onSettled.splice(0)) resolve()
      // A single asker that cannot be reached is its own affair.
      if (error && !to) this.#fault(line, error)
      else if (!error && !to) line.fault = ''
    }
    try {
      socket.send(bytes, to?.port ?? mdnsPort, to?.address ?? GROUPS[line.network.family], done)
    } catch (thrown) {
      done(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }

  #onPoll(): void {
    const nowMs = this.#port.clock.wallMs()
    const hasSlept = nowMs - this.#polledAtMs > SLEPT_MS
    this.#polledAtMs = nowMs
    this.#compare()
    if (hasSlept) this.#port.onResume()
  }

  /** Opens what has appeared, closes what has gone, tries again what failed. */
  #compare(): void {
    const { scope, clock, onFault } = this.#port
    const found = new Map(listInterfaces(scope()).map((network) => [network.address, network]))
    for (const [address, line] of [...this.#lines]) {
      const now = found.get(address)
      if (!now || !isSame(line.network, now)) this.#closeLine(address)
      else if (!isReachedAlike(line.network, now)) {
        // The sockets stay: only what is told over them changes.
        line.network = now
        if (line.isUp) this.#report(line)
      }
    }
    for (const [address, network] of found) {
      const line = this.#lines.get(address)
      if (!line) this.#openLine(network)
      else if (line.opening === 0 && clock.nowMs() >= line.retryAtMs) {
        if (!line.group) this.#openGroup(line)
        if (!line.alone) this.#openAlone(line)
      }
    }
    if (found.size === 0 && !this.#hasNone) {
      const text =
        'mDNS finds no interface to speak on: bring up loopback (`ip link set lo up`), ' +
        'or give `scope` an address that this host has'
      onFault(new EarshotError('EARSHOT_DISCOVERY', text), POLL_MS)
    }
    this.#hasNone = found.size === 0
  }

  #openLine(network: NetworkInterface): void {
    const line: Line = {
      network,
      group: undefined,
      alone: undefined,
      opening: 0,
      retryAtMs: 0,
      isUp: false,
      fault: '',
    }
    this.#lines.set(network.address, line)
    this.#openGroup(line)
    this.#openAlone(line)
  }

  #openGroup(line: Line): void {
    const { family } = line.network
    const socket = createSocket({ type: `udp${family}`, reuseAddr: true, ipv6Only: family === 6 })
    const any = family === 4 ? '0.0.0.0' : '::'
    this.#listen(line, socket, false, { address: any, port: mdnsPort }, () => {
      // Without the interface the kernel takes the default route, which may not exist.
      socket.addMembership(GROUPS[family], interfaceOf(line.network))
      line.group = socket
    })
  }

  #openAlone(line: Line): void {
    const { address, family } = line.network
    const socket = createSocket({ type: `udp${family}` })
    this.#listen(line, socket, true, { address, port: 0 }, () => {
      line.alone = socket
    })
  }

  #listen(line: Line, socket: Socket, isAlone: boolean, at: Address, ready: () => void): void {
    line.opening++
    let isOpening = true
    const finish = (error?: unknown) => {
      if (error !== undefined) this.#drop(line, socket, error)
      if (!isOpening) return
      isOpening = false
      line.opening--
      if (line.opening === 0) this.#report(line)
    }
    socket.unref()
    socket.on('error', finish)
    socket.on('message', (bytes, { address, port }) => {
      this.#receive(line, bytes, { address, port }, isAlone)
    })
    socket.once('listening', () => {
      try {
        socket.setMulticastInterface(interfaceOf(line.network))
        socket.setMulticastTTL(TTL)
        socket.setRecvBufferSize(RECEIVE_BYTES)
        socket.setMulticastLoopback(true)
        ready()
        finish()
      } catch (thrown) {
        finish(thrown)
      }
    })
    try {
      // Exclusive: workers of `node:cluster` must not share one descriptor.
      socket.bind({ ...at, exclusive: true })
    } catch (thrown) {
      finish(thrown)
    }
  }

  #receive(line: Line, bytes: Uint8Array, from: Address, isAlone: boolean): void {
    // Port 5353 hears the packets of every interface; each line takes its own.
    if (!isOnLink(line.network, from.address)) {
      if (isAlone || ![...this.#lines.values()].some((l) => isOnLink(l.network, from.address))) {
        this.#port.onOffLink()
      }
      return
    }
    this.#port.onPacket(line.network.address, bytes, from, isAlone)
  }

  #report(line: Line): void {
    const { address } = line.network
    if (this.#lines.get(address) !== line || (!line.group && !line.alone)) return
    line.isUp = true
    this.#port.onUp(address, line.group !== undefined)
  }

  #drop(line: Line, socket: Socket, error: unknown): void {
    closeSocket(socket)
    if (line.group === socket) line.group = undefined
    if (line.alone === socket) line.alone = undefined
    const retryMs = line.network.family === 6 ? RETRY6_MS : RETRY_MS
    line.retryAtMs = this.#port.clock.nowMs() + retryMs
    if (this.#lines.get(line.network.address) === line) this.#fault(line, error)
  }

  #closeLine(address: string): void {
    const line = this.#lines.get(address)
    this.#lines.delete(address)
    if (line?.group) closeSocket(line.group)
    if (line?.alone) closeSocket(line.alone)
    if (line?.isUp) this.#port.onDown(address)
  }

  #hasIPv4(name: string): boolean {
    const all = [...this.#lines.values()]
    return all.some(({ network }) => network.family === 4 && network.name === name)
  }

  #fault(line: Line, cause: unknown): void {
    const code = errnoOf(cause)
    if (line.fault === code) return
    line.fault = code
    // IPv6 comes beside IPv4: where it does not work and IPv4 does, nobody misses anything.
    if (line.network.family === 6 && this.#hasIPv4(line.network.name)) return
    const { name, address } = line.network
    const text = `mDNS fails on interface ${name} (${address}) with ${code}: ${remedyFor(code)}`
    const data = { interface: name, address, errno: code }
    const error = new EarshotError('EARSHOT_DISCOVERY', text, { cause, data })
    this.#port.onFault(error, RETRY_MS)
  }
}

function notePublic(): void {
  for (const { name, address } of publicInterfaces()) {
    const text =
      `mDNS is silent on ${name}, for ${address} is a public address: name the address in ` +
      `mdns({ scope: ['${address}'] }) to speak there`
    reportNote({ area: 'discovery', text, data: { interface: name, address } })
  }
}

function isSame(a: NetworkInterface, b: NetworkInterface): boolean {
  return a.name === b.name && a.netmask === b.netmask
}

function isReachedAlike({ reachable }: NetworkInterface, now: NetworkInterface): boolean {
  const isListed = (one: string, index: number) => now.reachable[index] === one
  return reachable.length === now.reachable.length && reachable.every(isListed)
}

/** As the kernel wants it: an IPv4 address of the interface, or its IPv6 zone. */
function interfaceOf({ family, address, name }: NetworkInterface): string {
  return family === 4 ? address : `::%${name}`
}

function closeSocket(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Already closed by its own error: that is what was wanted.
  }
}

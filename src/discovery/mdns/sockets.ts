// Owns which interfaces mDNS speaks on at this moment, for all peers of the process: what comes is
// heard once and handed to all. Never throws: an interface that fails is reported alone.

import type { Clock, Timer } from '../../base/clock.ts'
import { type EarshotError, toEarshotError } from '../../base/errors.ts'
import { errnoOf } from '../errno.ts'
import type { Address } from './answers.ts'
import { decodePacket } from './decode.ts'
import { closeSocket, GroupSocket, handOver, openAskingSocket } from './group-socket.ts'
import {
  isOnLink,
  isReachedAlike,
  isSame,
  isSecondFamily,
  listInterfaces,
  type MdnsScope,
  type NetworkInterface,
} from './interfaces.ts'
import { type Line, newLine, RETRY_MS, retryMsOf, SECOND_FAMILY_MS } from './line.ts'
import type { DnsPacket } from './packet.ts'
import { failsOn, noInterface, notePublic, unreadable } from './remedies.ts'

const POLL_MS = 1_000
/** A longer gap between two polls means that the host slept. */
const SLEPT_MS = 6_000

/** One peer that speaks over the sockets. */
export interface SocketsUser {
  /**
   * Undefined for what is no sound packet. `isAlone`: it came to the port that only we ask from.
   */
  onPacket(address: string, packet: DnsPacket | undefined, from: Address, isAlone: boolean): void
  /** Again when what is reached over the interface has changed. */
  onUp(address: string, canAnnounce: boolean): void
  onDown(address: string): void
  /** The host has slept. */
  onResume(): void
  onOffLink?(): void
  onFault?(error: EarshotError, retryInMs?: number): void
}

const shared = new WeakMap<Clock, Map<string, MulticastSockets>>()

/** The sockets for a scope, the same for all who ask in this process. */
export function socketsFor(scope: MdnsScope, clock: Clock): MulticastSockets {
  const ofClock = shared.get(clock) ?? new Map<string, MulticastSockets>()
  shared.set(clock, ofClock)
  const key = String(scope)
  const sockets = ofClock.get(key) ?? new MulticastSockets(scope, clock)
  ofClock.set(key, sockets)
  return sockets
}

export class MulticastSockets {
  readonly #scope: MdnsScope
  readonly #clock: Clock
  readonly #users = new Set<SocketsUser>()
  readonly #lines = new Map<string, Line>()
  readonly #groups = new Set<GroupSocket>()
  #sending = 0
  #onSettled: (() => void)[] = []
  #poll: Timer | undefined
  #second: Timer | undefined
  #polledAtMs = 0
  #hasNone = false
  #isBlind = false

  constructor(scope: MdnsScope, clock: Clock) {
    this.#scope = scope
    this.#clock = clock
  }

  /** From here on the user hears all; what is up already it is told at once. Idempotent. */
  join(user: SocketsUser): void {
    if (this.#users.has(user)) return
    this.#users.add(user)
    if (this.#poll) {
      for (const { network, group, isUp, fault } of this.#lines.values()) {
        if (isUp) user.onUp(network.address, group !== undefined)
        if (fault !== '') user.onFault?.(failsOn(network, fault), RETRY_MS)
      }
      if (this.#hasNone) user.onFault?.(noInterface(), POLL_MS)
      return
    }
    this.#polledAtMs = this.#clock.wallMs()
    this.#poll = this.#clock.every(POLL_MS, () => this.#onPoll(), true)
    this.#compare((one, all) => !isSecondFamily(one, all))
    this.#second = this.#clock.after(SECOND_FAMILY_MS, () => this.#compare(), true)
    if (this.#scope === 'lan' && !this.#isBlind) notePublic()
  }

  /** The last one who leaves closes the sockets. */
  leave(user: SocketsUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return
    this.#poll?.cancel()
    this.#poll = undefined
    this.#second?.cancel()
    for (const line of [...this.#lines.values()]) this.#closeLine(line)
    this.#hasNone = false
  }

  isOwnAddress(address: string): boolean {
    return [...this.#lines.values()].some(({ network }) => network.reachable.includes(address))
  }

  /** What stands for all that is heard on this interface: IPv6 beside IPv4 is the same link. */
  linkOf(address: string): string {
    const network = this.#lines.get(address)?.network
    return (network?.family === 6 && this.#besideIPv4(network.name)) || address
  }

  /** The name of the interface, if it has IPv6. */
  zoneAt(address: string): string | undefined {
    const name = this.#lines.get(address)?.network.name
    const has6 = ({ network }: Line) => network.family === 6 && network.name === name
    return [...this.#lines.values()].some(has6) ? name : undefined
  }

  lines(): { name: string; address: string; joined: boolean; fault: string }[] {
    return [...this.#lines.values()].map(({ network: { name, address }, group, fault }) => {
      return { name, address, joined: group !== undefined, fault }
    })
  }

  /** It came from where only we ask from. */
  isOwnSource(address: string, from: Address): boolean {
    return address === from.address && this.#lines.get(address)?.alonePort === from.port
  }

  /** Where a peer may listen to be reached over the interface with this address. */
  reachableAt(address: string): readonly string[] {
    return this.#lines.get(address)?.network.reachable ?? []
  }

  /** Hands the bytes to the kernel; without `to` they go to the group. */
  send(address: string, bytes: Uint8Array, to?: Address): void {
    const line = this.#lines.get(address)
    line?.group?.send(line.network, bytes, to, this.#taking(line, to))
  }

  /** Sends to the group from a port of our own: all answer it alone. */
  ask(address: string, bytes: Uint8Array): void {
    const line = this.#lines.get(address)
    if (!line?.alone) this.send(address, bytes)
    else handOver(line.alone, line.network.family, bytes, undefined, this.#taking(line, undefined))
  }

  /** Resolves when everything sent so far has been taken by the kernel, or refused. */
  settled(): Promise<void> {
    if (this.#sending === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onSettled.push(resolve))
  }

  #taking(line: Line, to: Address | undefined): (error?: unknown) => void {
    this.#sending++
    return (error) => {
      this.#sending--
      if (this.#sending === 0) for (const resolve of this.#onSettled.splice(0)) resolve()
      // A single asker that cannot be reached is its own affair.
      if (to) return
      if (error) this.#fault(line, error)
      else line.fault = ''
    }
  }

  #onPoll(): void {
    const nowMs = this.#clock.wallMs()
    const hasSlept = nowMs - this.#polledAtMs > SLEPT_MS
    this.#polledAtMs = nowMs
    this.#compare()
    if (hasSlept) for (const user of this.#users) user.onResume()
  }

  /** Opens what has appeared, closes what has gone, tries again what failed. */
  #compare(isWanted: typeof isSecondFamily = () => true): void {
    const all = this.#list()
    if (!all) return
    const networks = all.filter((one) => isWanted(one, all))
    const found = new Map(networks.map((network) => [network.address, network]))
    for (const [address, line] of [...this.#lines]) {
      const now = found.get(address)
      if (!now || !isSame(line.network, now)) this.#closeLine(line)
      else if (!isReachedAlike(line.network, now)) {
        // The sockets stay: only what is told over them changes.
        line.network = now
        if (line.isUp) this.#report(line)
      }
    }
    for (const [address, network] of found) {
      const line = this.#lines.get(address)
      if (!line) this.#openLine(network)
      else if (line.opening === 0 && this.#clock.nowMs() >= line.retryAtMs) {
        if (!line.group) this.#joinGroup(line)
        if (!line.alone) this.#openAlone(line)
      }
    }
    if (found.size === 0 && !this.#hasNone) {
      for (const user of this.#users) user.onFault?.(noInterface(), POLL_MS)
    }
    this.#hasNone = found.size === 0
  }

  /** Undefined where they cannot be read: none of those we know is gone for that. */
  #list(): NetworkInterface[] | undefined {
    try {
      const networks = listInterfaces(this.#scope)
      this.#isBlind = false
      return networks
    } catch (cause) {
      if (!this.#isBlind) for (const user of this.#users) user.onFault?.(unreadable(cause), POLL_MS)
      this.#isBlind = true
      return undefined
    }
  }

  #openLine(network: NetworkInterface): void {
    const line = newLine(network)
    this.#lines.set(network.address, line)
    this.#joinGroup(line)
    this.#openAlone(line)
  }

  #joinGroup(line: Line): void {
    line.opening++
    const group = this.#groupWithRoom(line.network.family)
    const { network } = line
    group.join(network, (error) => {
      if (!error && this.#isCurrent(line)) line.group = group
      else group.leave(network)
      this.#closeIfEmpty(group)
      this.#opened(line, error)
    })
  }

  #groupWithRoom(family: 4 | 6): GroupSocket {
    for (const group of this.#groups) if (group.family === family && group.hasRoom) return group
    const group: GroupSocket = new GroupSocket(family, {
      onMessage: (bytes, from) => this.#receive(group, bytes, from),
      onError: (error) => {
        this.#groups.delete(group)
        for (const line of this.#lines.values()) {
          if (line.group !== group) continue
          line.group = undefined
          this.#failed(line, error)
        }
      },
    })
    this.#groups.add(group)
    return group
  }

  #closeIfEmpty(group: GroupSocket | undefined): void {
    if (!group?.isEmpty) return
    this.#groups.delete(group)
    group.close()
  }

  #openAlone(line: Line): void {
    line.opening++
    const socket = openAskingSocket(line.network, {
      onMessage: (bytes, from) => this.#receiveAlone(line, bytes, from),
      onOpen: (error) => {
        if (!error && this.#isCurrent(line)) {
          line.alone = socket
          line.alonePort = socket.address().port
        } else closeSocket(socket)
        this.#opened(line, error)
      },
      onError: (error) => {
        line.alone = undefined
        this.#failed(line, error)
      },
    })
  }

  #opened(line: Line, error: unknown): void {
    line.opening--
    if (error) this.#failed(line, error)
    if (line.opening === 0) this.#report(line)
  }

  /** Port 5353 hears the packets of every interface; each line takes its own. */
  #receive(group: GroupSocket, bytes: Uint8Array, from: Address): void {
    let isOurs = false
    for (const line of this.#lines.values()) {
      if (!isOnLink(line.network, from.address)) continue
      isOurs = true
      if (line.group === group) this.#hand(line, bytes, from, false)
    }
    if (!isOurs) for (const user of this.#users) user.onOffLink?.()
  }

  #receiveAlone(line: Line, bytes: Uint8Array, from: Address): void {
    if (isOnLink(line.network, from.address)) this.#hand(line, bytes, from, true)
    else for (const user of this.#users) user.onOffLink?.()
  }

  #hand({ network }: Line, bytes: Uint8Array, from: Address, isAlone: boolean): void {
    const packet = decodePacket(bytes)
    for (const user of this.#users) {
      try {
        user.onPacket(network.address, packet, from, isAlone)
      } catch (thrown) {
        // A bug of ours; what a stranger sends must not turn it into a crash.
        user.onFault?.(toEarshotError(thrown))
      }
    }
  }

  #report(line: Line): void {
    if (!this.#isCurrent(line) || (!line.group && !line.alone)) return
    line.isUp = true
    for (const user of this.#users) user.onUp(line.network.address, line.group !== undefined)
  }

  #isCurrent(line: Line): boolean {
    return this.#lines.get(line.network.address) === line
  }

  #failed(line: Line, error: unknown): void {
    line.retryAtMs = this.#clock.nowMs() + retryMsOf(line)
    if (this.#isCurrent(line)) this.#fault(line, error)
  }

  #closeLine(line: Line): void {
    const { network, group, alone, isUp } = line
    this.#lines.delete(network.address)
    group?.leave(network)
    this.#closeIfEmpty(group)
    if (alone) closeSocket(alone)
    if (isUp) for (const user of this.#users) user.onDown(network.address)
  }

  #besideIPv4(name: string): string | undefined {
    for (const { network } of this.#lines.values()) {
      if (network.family === 4 && network.name === name) return network.address
    }
    return undefined
  }

  #fault(line: Line, cause: unknown): void {
    const code = errnoOf(cause)
    if (line.fault === code) return
    const { network } = line
    // IPv6 comes beside IPv4: where it does not work and IPv4 does, nobody misses anything.
    if (network.family === 6 && this.#besideIPv4(network.name) !== undefined) return
    line.fault = code
    for (const user of this.#users) user.onFault?.(failsOn(network, code, cause), RETRY_MS)
  }
}

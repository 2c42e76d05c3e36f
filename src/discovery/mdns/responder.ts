// Owns one announcement of ours over all interfaces: its names, and a presence on each.
// Never touches a socket.

import type { Clock } from '../../base/clock.ts'
import type { PeerRecord } from '../provider.ts'
import type { Address } from './answers.ts'
import { browseName, hostName, instanceName } from './names.ts'
import { type OwnNames, type OwnRecords, ownRecords } from './own-records.ts'
import { type DnsPacket, recordKey } from './packet.ts'
import { Presence } from './presence.ts'

const FIRST_PROBE_SPREAD_MS = 250
/** The second family of an interface announces when the first is through with the names. */
const SECOND_FAMILY_MS = 1_500
/** Who renames too often is fought by something broken. Source: RFC 6762, 8.1. */
const MAX_CONFLICTS = 15
const CONFLICT_PAUSE_MS = 5_000

export interface ResponderPort {
  readonly clock: Clock
  readonly random: () => number
  /** Sends on the interface with this address; without `to` it goes to the group. */
  readonly send: (address: string, packet: DnsPacket, to?: Address) => void
  readonly peerCount: () => number
  readonly isOwnAddress: (address: string) => boolean
  /** Our names were taken; we go on under this one. */
  readonly onRename: (instance: string) => void
  readonly onCrowd: () => void
}

export class Responder {
  readonly #port: ResponderPort
  readonly #presences = new Map<string, Presence>()
  /** Each interface by its own address, with all under which we can be reached over it. */
  readonly #reachable = new Map<string, readonly string[]>()
  readonly #second = new Set<string>()
  #self: PeerRecord
  #names: OwnNames
  #conflicts = 0
  #isWithdrawn = false

  constructor(port: ResponderPort, self: PeerRecord) {
    this.#port = port
    this.#self = self
    this.#names = namesFor(self, '')
  }

  get instance(): string {
    return this.#names.instance
  }

  /** Begins on an interface, or changes under which addresses we are reached over it. */
  addInterface(
    address: string,
    reachable: readonly string[] = [address],
    isSecond: boolean = false,
  ): void {
    if (this.#isWithdrawn) return
    const before = this.#recordsAt(address)
    this.#reachable.set(address, reachable)
    if (isSecond) this.#second.add(address)
    else this.#second.delete(address)
    this.#revise(address, before)
  }

  removeInterface(address: string): void {
    this.#reachable.delete(address)
    this.#second.delete(address)
    this.#presences.get(address)?.close()
    this.#presences.delete(address)
  }

  receive(address: string, packet: DnsPacket, from: Address): void {
    this.#presences.get(address)?.receive(packet, from)
  }

  /** Announces what has changed. The names stay. */
  update(self: PeerRecord): void {
    const addresses = [...this.#reachable.keys()]
    const before = addresses.map((address) => this.#recordsAt(address))
    this.#self = self
    for (const [index, address] of addresses.entries()) this.#revise(address, before[index])
  }

  /** After the host slept: the others may have forgotten us. */
  reannounce(): void {
    for (const presence of this.#presences.values()) presence.reannounce()
  }

  /** Says goodbye on every interface. Idempotent. */
  withdraw(): void {
    this.#isWithdrawn = true
    for (const presence of this.#presences.values()) presence.withdraw()
    this.#presences.clear()
  }

  #recordsAt(address: string): OwnRecords | undefined {
    return ownRecords(this.#self, this.#names, this.#reachable.get(address) ?? [])
  }

  #revise(address: string, before: OwnRecords | undefined): void {
    const records = this.#recordsAt(address)
    const presence = this.#presences.get(address)
    if (!presence) this.#begin(address, records)
    else if (!records) {
      presence.withdraw()
      this.#presences.delete(address)
    } else if (!sameRecords(records, before)) presence.change(records)
  }

  #begin(address: string, records: OwnRecords | undefined): void {
    if (!records || this.#presences.has(address)) return
    const { clock, random, send, peerCount, isOwnAddress, onCrowd } = this.#port
    const presence = new Presence(
      {
        clock,
        random,
        peerCount,
        isOwnAddress,
        browse: browseName(this.#self.mesh),
        send: (packet, to) => send(address, packet, to),
        onConflict: () => this.#rename(),
        onCrowd,
      },
      records,
    )
    this.#presences.set(address, presence)
    const isSecond = this.#second.has(address)
    const delayMs = isSecond ? SECOND_FAMILY_MS : 0
    presence.claim(records, delayMs + random() * FIRST_PROBE_SPREAD_MS, isSecond)
  }

  #rename(): void {
    const { random } = this.#port
    this.#conflicts++
    const suffix = Math.floor(random() * 0x1_0000)
    this.#names = namesFor(this.#self, `-${suffix.toString(16).padStart(4, '0')}`)
    for (const [address, presence] of this.#presences) {
      const records = this.#recordsAt(address)
      const pauseMs = this.#conflicts > MAX_CONFLICTS ? CONFLICT_PAUSE_MS : 0
      if (records) presence.claim(records, pauseMs + random() * FIRST_PROBE_SPREAD_MS)
    }
    this.#port.onRename(this.#names.instance)
  }
}

function namesFor({ id, name }: PeerRecord, suffix: string): OwnNames {
  return { instance: instanceName(name ?? 'peer', id, suffix), host: hostName(id, suffix) }
}

function sameRecords(a: OwnRecords, b: OwnRecords | undefined): boolean {
  const keys = new Set(b?.unique.map(recordKey))
  return keys.size === a.unique.length && a.unique.every((r) => keys.has(recordKey(r)))
}

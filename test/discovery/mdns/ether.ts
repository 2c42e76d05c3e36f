// Owns a network without sockets: hosts with a responder and a browser on one virtual link.
// Every packet goes through bytes, takes 1 ms, and is kept for the tests to look at.

import type { Clock } from '../../../src/base/clock.ts'
import type { Address } from '../../../src/discovery/mdns/answers.ts'
import { Browser } from '../../../src/discovery/mdns/browser.ts'
import { decodePacket } from '../../../src/discovery/mdns/decode.ts'
import { encodePacket } from '../../../src/discovery/mdns/encode.ts'
import type { DnsPacket } from '../../../src/discovery/mdns/packet.ts'
import { Responder } from '../../../src/discovery/mdns/responder.ts'
import type { DiscoveryEvent, PeerRecord } from '../../../src/discovery/provider.ts'
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { aRecord } from '../support.ts'

export interface Sent {
  readonly atMs: number
  readonly from: Address
  /** Absent: to the group. */
  readonly to: Address | undefined
  readonly packet: DnsPacket
  readonly bytes: number
}

const DELAY_MS = 1
const ALONE_PORT = 40_000

export class Ether<C extends Clock = VirtualClock> {
  readonly clock: C
  readonly sent: Sent[] = []
  readonly #hosts = new Map<string, Host>()
  /** Packets for which this holds are lost. */
  loses: (sent: Sent) => boolean = () => false
  #seed = 1
  readonly #onTheWay: { dueMs: number; deliver: () => void }[] = []

  constructor(...clock: VirtualClock extends C ? [clock?: C] : [clock: C]) {
    this.clock = clock[0] ?? (createVirtualClock() as Clock as C)
  }

  /** Repeatable, and different for each call. */
  readonly random = (): number => {
    this.#seed = (this.#seed * 48_271) % 0x7fff_ffff
    return this.#seed / 0x7fff_ffff
  }

  host(changes: Partial<PeerRecord> = {}): Host {
    const address = `10.0.0.${this.#hosts.size + 1}`
    const host = new Host(this, address, changes)
    this.#hosts.set(address, host)
    return host
  }

  send(from: Address, packet: DnsPacket, to?: Address): void {
    const bytes = encodePacket(packet)
    const sent: Sent = { atMs: this.clock.nowMs(), from, to, packet, bytes: bytes.length }
    this.sent.push(sent)
    if (this.loses(sent)) return
    const decoded = decodePacket(bytes)
    if (!decoded) throw new Error('our own packet cannot be read')
    const deliver = () => {
      for (const host of this.#hosts.values()) {
        if (!to || to.address === host.address) host.receive(decoded, from, to)
      }
    }
    // One timer for all that is on the way: the virtual clock looks at each of its timers.
    if (this.#onTheWay.push({ dueMs: sent.atMs + DELAY_MS, deliver }) === 1) this.#arm()
  }

  #arm(): void {
    const [first] = this.#onTheWay
    if (!first) return
    this.clock.after(first.dueMs - this.clock.nowMs(), () => {
      const nowMs = this.clock.nowMs()
      const due = this.#onTheWay.filter(({ dueMs }) => dueMs <= nowMs)
      for (const { deliver } of due) deliver()
      this.#onTheWay.splice(0, due.length)
      this.#arm()
    })
  }

  /** What went to the group, for which `fits` holds. */
  group(fits: (packet: DnsPacket) => boolean = () => true): Sent[] {
    return this.sent.filter(({ to, packet }) => !to && fits(packet))
  }
}

export class Host {
  readonly address: string
  readonly self: PeerRecord
  readonly events: DiscoveryEvent[] = []
  readonly renames: string[] = []
  crowded = 0
  readonly responder: Responder
  readonly browser: Browser
  readonly #ether: Ether<Clock>
  #isOff = false

  constructor(ether: Ether<Clock>, address: string, changes: Partial<PeerRecord>) {
    this.#ether = ether
    this.address = address
    this.self = aRecord({
      inbox: [`tcp://${address}:4711`],
      door: [`tcp://${address}:4712`],
      ...changes,
    })
    const { clock, random } = ether
    const me = { address, port: 5_353 }
    this.responder = new Responder(
      {
        clock,
        random,
        send: (_address, packet, to) => ether.send(me, packet, to),
        peerCount: () => this.browser.peerCount,
        isOwnAddress: (one) => one === address,
        onRename: (instance) => this.renames.push(instance),
        onCrowd: () => {
          this.crowded++
        },
      },
      this.self,
    )
    this.browser = new Browser(
      {
        clock,
        random,
        ask: (_address, packet, alone) => {
          ether.send({ address, port: alone ? ALONE_PORT : 5_353 }, packet)
        },
        // Who announces hears itself: the view leaves that out.
        emit: (event) => {
          const isOwn = 'peer' in event ? event.peer.id === this.self.id : false
          if (!isOwn) this.events.push(event)
        },
      },
      this.self.mesh,
    )
  }

  announce(): void {
    this.responder.addInterface(this.address)
  }

  browse(): void {
    this.browser.open()
    this.browser.addInterface(this.address)
  }

  /** As if killed: no word, and deaf. */
  die(): void {
    this.#isOff = true
    this.responder.removeInterface(this.address)
    this.browser.close()
  }

  receive(packet: DnsPacket, from: Address, to: Address | undefined): void {
    if (this.#isOff) return
    this.browser.receive(this.address, packet, from.port === 5_353, from.address)
    if (to?.port !== ALONE_PORT) this.responder.receive(this.address, packet, from)
  }

  /** Sends a packet made by the test, as if it came from here. */
  speak(packet: DnsPacket, port = 5_353): void {
    this.#ether.send({ address: this.address, port }, packet)
  }

  take(): DiscoveryEvent[] {
    return this.events.splice(0).filter(({ type }) => type !== 'synced')
  }
}

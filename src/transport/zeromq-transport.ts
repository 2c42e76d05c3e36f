// Owns the three sockets that a peer binds over ZeroMQ, and how their addresses come about.
// Never reads a frame: whose it is, and what it says, is the mesh's business.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reply, Router, XPublisher } from 'zeromq'
import { tcpEndpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { dropOldest } from '../base/drop-oldest.ts'
import { EarshotError } from '../base/errors.ts'
import { type Limits, SLAB_BYTES } from '../base/limits.ts'
import type { Trust } from '../security/trust.ts'
import { answerDoor } from './answer-door.ts'
import { type Binding, loadBinding } from './binding.ts'
import { FrameBound } from './frame-bound.ts'
import { createGuard, type Guard, keyless, type SocketRole } from './guard.ts'
import { Probing, watchEnds } from './probing.ts'
import { released, unlinked } from './released.ts'
import { topicWanted } from './shared-hearing.ts'
import {
  type BindOptions,
  type Bound,
  type Closable,
  type FrameLink,
  type Hearing,
  splitEndpoint,
  type Transport,
  type TransportEvents,
} from './transport.ts'
import {
  type AcceptedEnd,
  AcceptedLink,
  DialledLink,
  probe,
  pump,
  SubscriberHearing,
} from './zeromq-links.ts'

/** A frame may be a slab of small records, or one large message with its heads. */
const HEAD_BYTES = 16_384
/** Frames that libzmq reads ahead of us on one connection; credit bounds their bytes. */
const RECEIVE_FRAMES = 256
/** Time for what was handed over to leave after `close`. */
const LINGER_MS = 500

type Bindable = Router | XPublisher | Reply

/**
 * @param trust without it whoever reaches a socket is let in
 * @param mayHear who may come to the outlet, of those whom the trust admits
 */
export async function createZeromqTransport(
  limits: Limits,
  clock: Clock,
  trust: Trust | undefined,
  mayHear?: (publicKey: string) => boolean,
): Promise<Transport> {
  const zmq = await loadBinding()
  return new ZeromqTransport(zmq, limits, clock, createGuard(zmq, trust, limits, mayHear))
}

class ZeromqTransport implements Transport {
  readonly name = 'zeromq'
  readonly #zmq: Binding
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #guard: Guard
  readonly #accepted = new Map<string, AcceptedLink>()
  /** By routing id. A ROUTER cannot hang up: whom it let in once stays connected for as long. */
  readonly #shutOut = new Map<string, true>()
  readonly #dialled = new Set<Closable>()
  readonly #files: string[] = []
  /** Where we listen by TCP: the next peer may want it. */
  readonly #listening = new Set<string>()
  /** What each socket has bound, in that order. */
  readonly #bound: Record<SocketRole, string[]> = { inbox: [], outlet: [], door: [] }
  /** Subscriptions in force at the outlet, to be taken back when it is closed; kept by latin1. */
  readonly #subscribed = new Map<string, number>()
  #events: TransportEvents | undefined
  #reopening: Promise<void> = Promise.resolve()
  #closing = false
  #inbox: Router | undefined
  #outlet: XPublisher | undefined
  #outletBound: FrameBound | undefined
  #door: Reply | undefined
  /** Of sockets that bind; over IPv6 also by IPv4, where the address stands for all. */
  #bindable: Guard['options'] = {}
  readonly #probing: Probing

  constructor(zmq: Binding, limits: Limits, clock: Clock, guard: Guard) {
    this.#zmq = zmq
    this.#limits = limits
    this.#clock = clock
    this.#guard = guard
    this.#probing = new Probing(clock, () => {
      for (const link of [...this.#accepted.values()]) link.send(probe)
    })
  }

  async bind(options: BindOptions, events: TransportEvents): Promise<Bound> {
    try {
      this.#bindable = { ...this.#guard.options, ipv6: options.host.includes(':') }
      const inbox = this.#createInbox()
      const outlet = this.#createOutlet()
      const door = this.#createDoor()
      await this.#guard.open(events.refused)
      const at = (step: number) => (options.port === 0 ? 0 : options.port + step)
      const bound = {
        inbox: await this.#bindSocket(inbox, options, 'inbox', at(0)),
        outlet: await this.#bindSocket(outlet, options, 'outlet', at(1)),
        door: await this.#bindSocket(door, options, 'door', at(2)),
      }
      const test = (role: SocketRole) => this.#guard.selfTest(role, this.#bound[role], this.#clock)
      await Promise.all([test('inbox'), test('outlet'), test('door')])
      this.#events = events
      this.#listen(inbox, events)
      this.#listenOutside(outlet, door, events)
      return bound
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async reopen(): Promise<void> {
    // One after the other, also after one that failed: it told who asked for it.
    const next = () => this.#reopen()
    this.#reopening = this.#reopening.then(next, next)
    await this.#reopening
  }

  dial(endpoint: string): FrameLink {
    const { address, key } = splitEndpoint(endpoint)
    const open = () => {
      const dealer = new this.#zmq.Dealer({
        ...this.#guard.dialling(address, key),
        ...this.#bothWays(),
        reconnectInterval: -1,
      })
      return this.#guard.watch(dealer)
    }
    return new DialledLink(open, address, this.#dialled, key)
  }

  hear(endpoint: string, held: Set<Closable> = this.#dialled): Hearing {
    const { address, key } = splitEndpoint(endpoint)
    const open = () => {
      const subscriber = new this.#zmq.Subscriber({
        ...this.#guard.dialling(address, key),
        reconnectInterval: -1,
        receiveHighWaterMark: this.#limits.maxOutletFrames,
        linger: 0,
        maxMessageSize: this.#maxFrameBytes(),
      })
      return this.#guard.watch(subscriber)
    }
    return new SubscriberHearing(open, address, held, this.#limits)
  }

  publish(frame: Buffer): void {
    const outlet = this.#outlet
    // An XPUB never blocks and never fails while it is open: it drops for those who are too slow.
    if (!outlet || outlet.closed) return
    this.#outletBound?.pass(frame.length)
    outlet.send(frame).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#closing = true
    await Promise.allSettled([this.#reopening])
    this.#guard.close()
    for (const link of [...this.#accepted.values(), ...this.#dialled]) link.close()
    for (const socket of [this.#inbox, this.#outlet, this.#door]) socket?.close()
    const gone = this.#files.map((file) => rm(file, { force: true }))
    // Who closes a peer may bind its address at once: it is free when this resolves.
    const free = [...this.#listening].map((endpoint) => released(endpoint, this.#clock))
    await Promise.all([...gone, ...free])
  }

  #maxFrameBytes(): number {
    const { maxMessageBytes, maxFrameBytes } = this.#limits
    return Math.max(maxMessageBytes, maxFrameBytes, SLAB_BYTES) + HEAD_BYTES
  }

  /** Of a socket of links, at either end. */
  #bothWays() {
    return {
      sendTimeout: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: RECEIVE_FRAMES,
      linger: LINGER_MS,
      maxMessageSize: this.#maxFrameBytes(),
    }
  }

  async #bindSocket(
    socket: Bindable,
    options: BindOptions,
    role: SocketRole,
    port: number,
  ): Promise<string[]> {
    const endpoints: string[] = []
    if (options.ipcFolder !== undefined && this.#zmq.capability.ipc) {
      const file = join(options.ipcFolder, `${options.ipcStem}.${role.charAt(0)}`)
      await this.#bindTo(socket, role, `ipc://${file}`)
      this.#files.push(file)
      endpoints.push(`ipc://${file}`)
    }
    await this.#bindTo(socket, role, tcpEndpoint(options.host, port === 0 ? '*' : port))
    const own = socket.lastEndpoint ?? ''
    if (own) this.#listening.add(own)
    this.#bound[role] = [...endpoints, own]
    const bound = own.match(/:(\d+)$/)?.[1] ?? String(port)
    return endpoints.concat(options.advertise.map((address) => tcpEndpoint(address, bound)))
  }

  async #bindTo(socket: Bindable, role: SocketRole, endpoint: string): Promise<void> {
    try {
      this.#guard.protect(socket, role, endpoint)
      await socket.bind(endpoint)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const text = `cannot listen on ${endpoint}: ${why}`
      throw new EarshotError('EARSHOT_ADDRESS_IN_USE', text, { cause, data: { endpoint } })
    }
  }

  #createInbox(): Router {
    const inbox = new this.#zmq.Router({
      ...this.#bindable,
      ...this.#bothWays(),
      mandatory: true,
    })
    this.#inbox = this.#guard.watch(inbox)
    return inbox
  }

  #createOutlet(): XPublisher {
    const { maxOutletFrames, maxOutletBytes } = this.#limits
    const outlet = new this.#zmq.XPublisher({
      ...this.#bindable,
      verbosity: 'allSubsUnsubs',
      sendTimeout: 0,
      sendHighWaterMark: maxOutletFrames,
      linger: LINGER_MS,
      maxMessageSize: 1_024,
    })
    this.#guard.watch(outlet)
    this.#outlet = outlet
    this.#outletBound = new FrameBound(maxOutletFrames, maxOutletBytes, (frames) => {
      outlet.sendHighWaterMark = frames
    })
    return outlet
  }

  #createDoor(): Reply {
    const { maxDoorBytes: maxMessageSize } = this.#limits
    const own = { linger: LINGER_MS, maxMessageSize }
    const door = new this.#zmq.Reply({ ...this.#bindable, ...own })
    this.#door = this.#guard.watch(door)
    return door
  }

  /** ZeroMQ cuts no single connection of an outlet or a door: all are, by another socket. */
  async #reopen(): Promise<void> {
    const events = this.#events
    if (this.#closing || !events) return
    const { outlet: outletAt, door: doorAt } = this.#bound
    for (const socket of [this.#outlet, this.#door]) {
      // What waits for those who hear us may be for somebody who shall hear no more.
      if (socket) socket.linger = 0
      socket?.close()
    }
    for (const [prefix, count] of this.#subscribed) {
      for (let left = count; left > 0; left--)
        events.subscribed(Buffer.from(prefix, 'latin1'), false)
    }
    this.#subscribed.clear()
    await Promise.all([...outletAt, ...doorAt].map((endpoint) => this.#isFree(endpoint)))
    if (this.#closing) return
    const outlet = this.#createOutlet()
    const door = this.#createDoor()
    this.#listenOutside(outlet, door, events)
    for (const endpoint of outletAt) await this.#bindTo(outlet, 'outlet', endpoint)
    for (const endpoint of doorAt) await this.#bindTo(door, 'door', endpoint)
  }

  async #isFree(endpoint: string): Promise<void> {
    if (endpoint.startsWith('tcp:')) await released(endpoint, this.#clock)
    else await unlinked(endpoint.slice('ipc://'.length), this.#clock)
  }

  #listen(inbox: Router, events: TransportEvents): void {
    const broken = (error: Error) => events.malformed('inbox', error.message)
    pump(inbox, (parts) => this.#arrived(inbox, parts, events)).catch(broken)
    watchEnds(inbox, this.#probing)
    inbox.events.on('handshake:error:protocol', keyless('inbox', events.refused))
  }

  #listenOutside(outlet: XPublisher, door: Reply, events: TransportEvents): void {
    const broken = (socket: 'outlet' | 'door') => (error: Error) =>
      events.malformed(socket, error.message)
    pump(outlet as unknown as Parameters<typeof pump>[0], ([message]) => {
      const first = message?.[0]
      if (message && (first === 0 || first === 1)) {
        const topic = topicWanted(message.subarray(1))
        this.#count(topic.toString('latin1'), first === 1)
        events.subscribed(topic, first === 1)
      } else events.malformed('outlet', 'no subscription')
    }).catch(broken('outlet'))
    answerDoor(door, events).catch(broken('door'))
    outlet.events.on('handshake:error:protocol', keyless('outlet', events.refused))
    door.events.on('handshake:error:protocol', keyless('door', events.refused))
  }

  /** Only where the outlet may have to be opened anew. */
  #count(prefix: string, on: boolean): void {
    if (!this.#guard.revokes) return
    const count = (this.#subscribed.get(prefix) ?? 0) + (on ? 1 : -1)
    if (count > 0) this.#subscribed.set(prefix, count)
    else this.#subscribed.delete(prefix)
  }

  #arrived(inbox: Router, parts: Buffer[], events: TransportEvents): void {
    const [routingId, frame] = parts
    if (!routingId || !frame || parts.length !== 2) {
      events.malformed('inbox', `a message of ${parts.length - 1} parts`)
      return
    }
    const key = routingId.toString('latin1')
    const known = this.#accepted.get(key)
    if (known) known.arrived(frame)
    if (known || frame.length === 0) return
    if (this.#shutOut.has(key)) {
      events.refused('somebody who was shut out spoke on at the inbox: nothing of it was read')
      return
    }
    const forget = (why: AcceptedEnd) => {
      this.#accepted.delete(key)
      if (why === 'gone') this.#probing.found()
      else this.#probing.closed()
      if (why !== 'shut out') return
      this.#shutOut.set(key, true)
      dropOldest(this.#shutOut, this.#limits.maxPeers)
    }
    const link = new AcceptedLink(inbox, routingId, forget)
    this.#accepted.set(key, link)
    events.accepted(link, frame)
  }
}

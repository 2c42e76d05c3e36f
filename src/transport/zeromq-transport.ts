// Owns the three sockets that a peer binds over ZeroMQ, and how their addresses come about.
// Never reads a frame: whose it is, and what it says, is the mesh's business.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reply, Router, XPublisher } from 'zeromq'
import type { Clock } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'
import { type Limits, SLAB_BYTES } from '../base/limits.ts'
import type { CurveKeys } from '../security/keys.ts'
import { type Binding, loadBinding } from './binding.ts'
import { FrameBound } from './frame-bound.ts'
import { createGuard, type Guard } from './guard.ts'
import { released } from './released.ts'
import type {
  BindOptions,
  Bound,
  FrameLink,
  Hearing,
  Transport,
  TransportEvents,
} from './transport.ts'
import {
  AcceptedLink,
  type Closable,
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
/** A lost connection is known to the monitor before the ROUTER: it is asked again after these. */
const PROBE_AFTER_MS = [1, 10, 50, 200]

type Bindable = Router | XPublisher | Reply

/** @param keys of the mesh; without them whoever reaches a socket is let in */
export async function createZeromqTransport(
  limits: Limits,
  clock: Clock,
  keys: CurveKeys | undefined,
): Promise<Transport> {
  const zmq = await loadBinding()
  return new ZeromqTransport(zmq, limits, clock, createGuard(zmq, keys, limits))
}

class ZeromqTransport implements Transport {
  readonly name = 'zeromq'
  readonly #zmq: Binding
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #guard: Guard
  readonly #accepted = new Map<string, AcceptedLink>()
  readonly #dialled = new Set<Closable>()
  readonly #files: string[] = []
  /** Where we listen by TCP: the next peer may want it. */
  readonly #listening = new Set<string>()
  #inbox: Router | undefined
  #outlet: XPublisher | undefined
  #outletBound: FrameBound | undefined
  #door: Reply | undefined
  #probing = false

  constructor(zmq: Binding, limits: Limits, clock: Clock, guard: Guard) {
    this.#zmq = zmq
    this.#limits = limits
    this.#clock = clock
    this.#guard = guard
  }

  async bind(options: BindOptions, events: TransportEvents): Promise<Bound> {
    const { Router, XPublisher, Reply } = this.#zmq
    const maxMessageSize = this.#maxFrameBytes()
    const inbox = new Router({
      ...this.#guard.server,
      mandatory: true,
      sendTimeout: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: RECEIVE_FRAMES,
      linger: LINGER_MS,
      maxMessageSize,
    })
    const outlet = new XPublisher({
      ...this.#guard.server,
      verbosity: 'allSubsUnsubs',
      sendTimeout: 0,
      sendHighWaterMark: this.#limits.maxOutletFrames,
      linger: LINGER_MS,
      maxMessageSize: 1_024,
    })
    const door = new Reply({
      ...this.#guard.server,
      linger: LINGER_MS,
      maxMessageSize: this.#limits.maxDoorBytes,
    })
    this.#inbox = inbox
    this.#outlet = outlet
    const { maxOutletFrames, maxOutletBytes } = this.#limits
    this.#outletBound = new FrameBound(maxOutletFrames, maxOutletBytes, (frames) => {
      outlet.sendHighWaterMark = frames
    })
    this.#door = door
    try {
      await this.#guard.open()
      const at = (step: number) => (options.port === 0 ? 0 : options.port + step)
      const bound = {
        inbox: await this.#bindSocket(inbox, options, 'i', at(0)),
        outlet: await this.#bindSocket(outlet, options, 'o', at(1)),
        door: await this.#bindSocket(door, options, 'd', at(2)),
      }
      this.#listen(inbox, outlet, door, events)
      await this.#guard.selfTest(bound.inbox.at(-1) as string, this.#clock)
      return bound
    } catch (error) {
      await this.close()
      throw error
    }
  }

  dial(endpoint: string): FrameLink {
    const open = () =>
      new this.#zmq.Dealer({
        ...this.#guard.client,
        reconnectInterval: -1,
        sendTimeout: 0,
        sendHighWaterMark: 0,
        receiveHighWaterMark: RECEIVE_FRAMES,
        linger: LINGER_MS,
        maxMessageSize: this.#maxFrameBytes(),
      })
    return new DialledLink(open, endpoint, this.#dialled)
  }

  hear(endpoint: string): Hearing {
    const open = () =>
      new this.#zmq.Subscriber({
        ...this.#guard.client,
        reconnectInterval: -1,
        receiveHighWaterMark: this.#limits.maxOutletFrames,
        linger: 0,
        maxMessageSize: this.#maxFrameBytes(),
      })
    return new SubscriberHearing(open, endpoint, this.#dialled, this.#limits)
  }

  publish(frame: Buffer): void {
    const outlet = this.#outlet
    // An XPUB never blocks and never fails while it is open: it drops for those who are too slow.
    if (!outlet || outlet.closed) return
    this.#outletBound?.pass(frame.length)
    outlet.send(frame).catch(() => undefined)
  }

  async close(): Promise<void> {
    for (const link of [...this.#accepted.values(), ...this.#dialled]) link.close()
    for (const socket of [this.#inbox, this.#outlet, this.#door]) socket?.close()
    this.#guard.close()
    const gone = this.#files.map((file) => rm(file, { force: true }))
    // Who closes a peer may bind its address at once: it is free when this resolves.
    const free = [...this.#listening].map((endpoint) => released(endpoint, this.#clock))
    await Promise.all([...gone, ...free])
  }

  #maxFrameBytes(): number {
    const { maxMessageBytes, maxFrameBytes } = this.#limits
    return Math.max(maxMessageBytes, maxFrameBytes, SLAB_BYTES) + HEAD_BYTES
  }

  async #bindSocket(
    socket: Bindable,
    options: BindOptions,
    role: 'i' | 'o' | 'd',
    port: number,
  ): Promise<string[]> {
    const endpoints: string[] = []
    if (options.ipcFolder !== undefined && this.#zmq.capability.ipc) {
      const file = join(options.ipcFolder, `${options.ipcStem}.${role}`)
      await bindTo(socket, `ipc://${file}`)
      this.#files.push(file)
      endpoints.push(`ipc://${file}`)
    }
    await bindTo(socket, `tcp://${options.host}:${port === 0 ? '*' : port}`)
    const own = socket.lastEndpoint ?? ''
    if (own) this.#listening.add(own)
    const bound = own.match(/:(\d+)$/)?.[1] ?? String(port)
    return endpoints.concat(options.advertise.map((address) => `tcp://${address}:${bound}`))
  }

  #listen(inbox: Router, outlet: XPublisher, door: Reply, events: TransportEvents): void {
    const broken = (socket: 'inbox' | 'outlet' | 'door') => (error: Error) =>
      events.malformed(socket, error.message)
    pump(inbox, (parts) => this.#arrived(inbox, parts, events)).catch(broken('inbox'))
    pump(outlet as unknown as Parameters<typeof pump>[0], ([message]) => {
      const first = message?.[0]
      if (message && (first === 0 || first === 1))
        events.subscribed(message.subarray(1), first === 1)
      else events.malformed('outlet', 'no subscription')
    }).catch(broken('outlet'))
    this.#answerDoor(door, events).catch(broken('door'))
    inbox.events.on('disconnect', () => this.#probe())
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
    const link = new AcceptedLink(inbox, routingId, () => this.#accepted.delete(key))
    this.#accepted.set(key, link)
    events.accepted(link, frame)
  }

  async #answerDoor(door: Reply, events: TransportEvents): Promise<void> {
    while (!door.closed) {
      let parts: Buffer[]
      try {
        parts = await door.receive()
      } catch (error) {
        if (door.closed) return
        throw error
      }
      const answer = await events.asked(parts.length === 1 ? (parts[0] as Buffer) : Buffer.alloc(0))
      if (!door.closed) await door.send(answer)
    }
  }

  /** Somebody hung up, but the monitor does not say who: an empty frame to each finds out. */
  #probe(): void {
    if (this.#probing) return
    this.#probing = true
    const last = PROBE_AFTER_MS.length - 1
    for (const [index, delayMs] of PROBE_AFTER_MS.entries()) {
      const ask = () => {
        if (index === last) this.#probing = false
        for (const link of [...this.#accepted.values()]) link.send(probe)
      }
      this.#clock.after(delayMs, ask, true)
    }
  }
}

async function bindTo(socket: Bindable, endpoint: string): Promise<void> {
  try {
    await socket.bind(endpoint)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const text = `cannot listen on ${endpoint}: ${why}`
    throw new EarshotError('EARSHOT_ADDRESS_IN_USE', text, { cause, data: { endpoint } })
  }
}

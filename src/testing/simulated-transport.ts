// Owns the transport over the simulated network: what ZeroMQ's sockets do, as far as it matters.
// Never encrypts, and never answers a door: nobody in there speaks ZeroMQ.

import type { Limits } from '../base/limits.ts'
import {
  type BindOptions,
  type Bound,
  type FrameLink,
  type Hearing,
  splitEndpoint,
  type Transport,
  type TransportEvents,
} from '../transport/transport.ts'
import type { Connection, Side } from './connection.ts'
import type { SimulatedNetwork } from './network.ts'
import type { SimulatedProcess } from './process.ts'
import { InboxSide, SimulatedHearing, SimulatedLink } from './simulated-links.ts'
import { OutletSide } from './simulated-outlet.ts'

export class SimulatedTransport implements Transport {
  readonly name = 'simulated'
  readonly #network: SimulatedNetwork
  readonly #process: SimulatedProcess
  readonly #limits: Limits
  readonly #dialled = new Set<{ close(): void }>()
  readonly #inboxes = new Set<InboxSide>()
  readonly #outlets = new Set<OutletSide>()
  readonly #listening: string[] = []

  constructor(network: SimulatedNetwork, process: SimulatedProcess, limits: Limits) {
    this.#network = network
    this.#process = process
    this.#limits = limits
  }

  /** At the address of its process, whatever host is asked for. */
  async bind({ port }: BindOptions, events: TransportEvents): Promise<Bound> {
    const at = (step: number) => (port === 0 ? 0 : port + step)
    const inbox = this.#listen(at(0), (connection) => {
      return new InboxSide(connection, this.#process, events, this.#inboxes)
    })
    const outlet = this.#listen(at(1), (connection) => {
      const { maxOutletFrames, maxOutletBytes } = this.#limits
      const bounds = { frames: maxOutletFrames, bytes: maxOutletBytes }
      return new OutletSide(connection, this.#process, events, this.#outlets, bounds)
    })
    return { inbox: [inbox], outlet: [outlet], door: [] }
  }

  dial(endpoint: string): FrameLink {
    const { address, key } = splitEndpoint(endpoint)
    const connection = this.#network.connect(this.#process, address)
    return new SimulatedLink(connection, this.#process, this.#dialled, key)
  }

  hear(endpoint: string): Hearing {
    const { address } = splitEndpoint(endpoint)
    const connection = this.#network.connect(this.#process, address)
    return new SimulatedHearing(connection, this.#process, this.#dialled)
  }

  publish(frame: Buffer): void {
    for (const ear of this.#outlets) {
      if (ear.wants(frame)) ear.send(frame, this.#network)
    }
  }

  async reopen(): Promise<void> {
    for (const ear of [...this.#outlets]) {
      ear.close()
      ear.ended()
    }
  }

  async close(): Promise<void> {
    for (const endpoint of this.#listening) this.#network.unlisten(endpoint)
    for (const side of [...this.#inboxes, ...this.#outlets, ...this.#dialled]) side.close()
  }

  #listen(port: number, accept: (connection: Connection) => Side): string {
    const endpoint = this.#network.listen(this.#process.host, port, {
      process: this.#process,
      accept,
    })
    this.#listening.push(endpoint)
    return endpoint
  }
}

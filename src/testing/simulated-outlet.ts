// Owns what an outlet has of one subscriber: what it asked for, and what waits for it.
// Never waits for a subscriber: like an XPUB it drops what does not fit.

import type { TransportEvents } from '../transport/transport.ts'
import type { Connection, Piece, Side } from './connection.ts'
import type { SimulatedNetwork } from './network.ts'
import type { SimulatedProcess } from './process.ts'

export class OutletSide implements Side {
  readonly process: SimulatedProcess
  readonly #connection: Connection
  readonly #events: TransportEvents
  readonly #all: Set<OutletSide>
  readonly #bounds: { readonly frames: number; readonly bytes: number }
  /** By latin1 text. */
  readonly #prefixes = new Map<string, Buffer>()

  /** @param bounds of what waits for this subscriber, here and in its own socket */
  constructor(
    connection: Connection,
    process: SimulatedProcess,
    events: TransportEvents,
    all: Set<OutletSide>,
    bounds: { readonly frames: number; readonly bytes: number },
  ) {
    this.#connection = connection
    this.process = process
    this.#events = events
    this.#all = all
    this.#bounds = bounds
    all.add(this)
  }

  wants(frame: Buffer): boolean {
    for (const prefix of this.#prefixes.values()) {
      if (frame.subarray(0, prefix.length).equals(prefix)) return true
    }
    return false
  }

  send(frame: Buffer, network: SimulatedNetwork): void {
    const { unread } = this.#connection
    const isFull = unread.frames >= this.#bounds.frames || unread.bytes >= this.#bounds.bytes
    if (isFull || network.drops(this.#connection)) {
      network.note?.(`${this.process.name} drops ${frame.length}`)
      return
    }
    unread.frames++
    unread.bytes += frame.length
    this.#connection.send(this, 'frame', frame)
  }

  arrived({ type, bytes }: Piece): void {
    const key = bytes.toString('latin1')
    if (type === 'subscribe') this.#prefixes.set(key, bytes)
    else if (!this.#prefixes.delete(key)) return
    this.#events.subscribed(bytes, type === 'subscribe')
  }

  ended(): void {
    this.#all.delete(this)
    for (const prefix of this.#prefixes.values()) this.#events.subscribed(prefix, false)
    this.#prefixes.clear()
  }

  close(): void {
    this.#connection.close(this)
    this.#all.delete(this)
  }
}

// Owns links and ears over the simulated network, as their owners see them.
// Never decides what happens on the way: the network does.

import type { Closable, FrameLink, Hearing, TransportEvents } from '../transport/transport.ts'
import type { Connection, Piece, Side } from './connection.ts'
import type { SimulatedProcess } from './process.ts'

const nothing = () => undefined

/** A connection that we dialled. */
abstract class Dialled implements Side {
  readonly endpoint: string
  readonly process: SimulatedProcess
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  protected readonly connection: Connection
  protected closed = false
  readonly #held: Set<Closable>

  constructor(connection: Connection, process: SimulatedProcess, held: Set<Closable>) {
    this.connection = connection
    this.endpoint = connection.endpoint
    this.process = process
    this.#held = held
    held.add(this)
    connection.dialler = this
  }

  arrived({ bytes }: Piece): void {
    if (!this.closed) this.onFrame(bytes)
  }

  ended(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#held.delete(this)
    this.onClose(reason)
  }

  close(): void {
    if (this.closed) return
    this.connection.close(this)
    this.ended('closed here')
  }
}

/** A link that we dialled. */
export class SimulatedLink extends Dialled implements FrameLink {
  readonly key: string | undefined
  onOpen: () => void = nothing

  constructor(
    connection: Connection,
    process: SimulatedProcess,
    held: Set<Closable>,
    key: string | undefined,
  ) {
    super(connection, process, held)
    this.key = key
  }

  send(frame: Buffer): void {
    if (!this.closed && !this.process.killed) this.connection.send(this, 'frame', frame)
  }
}

/** An ear at one outlet. Like a SUB it tells the other side only what it does not know. */
export class SimulatedHearing extends Dialled implements Hearing {
  readonly #subscribed = new Map<string, number>()
  #unread: Piece[] = []
  #paused = false

  override arrived(piece: Piece): void {
    this.#unread.push(piece)
    this.#read()
  }

  override ended(reason: string): void {
    this.#unread = []
    super.ended(reason)
  }

  subscribe(prefix: Buffer): void {
    if (this.#count(prefix, 1) === 1) this.connection.send(this, 'subscribe', prefix)
  }

  unsubscribe(prefix: Buffer): void {
    if (this.#count(prefix, -1) === 0) this.connection.send(this, 'unsubscribe', prefix)
  }

  giveUp(): void {
    this.close()
  }

  pause(paused: boolean): void {
    this.#paused = paused
    if (!paused) this.process.clock.after(0, () => this.#read())
  }

  #read(): void {
    while (!this.#paused && !this.closed) {
      const piece = this.#unread.shift()
      if (!piece) return
      const { unread } = this.connection
      unread.frames--
      unread.bytes -= piece.bytes.length
      this.onFrame(piece.bytes)
    }
  }

  /** How often it is subscribed to now; undefined where nothing changes. */
  #count(prefix: Buffer, by: number): number | undefined {
    if (this.closed || this.process.killed) return undefined
    const key = prefix.toString('latin1')
    const known = this.#subscribed.get(key) ?? 0
    if (known + by < 0) return undefined
    this.#subscribed.set(key, known + by)
    return known + by
  }
}

/** What a ROUTER has of one connection: links are made, and forgotten, as frames come. */
export class InboxSide implements Side {
  readonly process: SimulatedProcess
  readonly #connection: Connection
  readonly #events: TransportEvents
  readonly #all: Set<InboxSide>
  #link: AcceptedLink | undefined

  constructor(
    connection: Connection,
    process: SimulatedProcess,
    events: TransportEvents,
    all: Set<InboxSide>,
  ) {
    this.#connection = connection
    this.process = process
    this.#events = events
    this.#all = all
    all.add(this)
  }

  arrived({ bytes }: Piece): void {
    if (this.#link) this.#link.onFrame(bytes)
    else {
      const send = (frame: Buffer) => {
        if (!this.process.killed) this.#connection.send(this, 'frame', frame)
      }
      const link = new AcceptedLink(send, () => {
        this.#link = undefined
      })
      this.#link = link
      this.#events.accepted(link, bytes)
    }
  }

  ended(reason: string): void {
    this.#all.delete(this)
    this.#link?.end(reason)
  }

  close(): void {
    this.#connection.close(this)
    this.ended('closed here')
  }
}

/** Closed here it is forgotten, as by a ROUTER: the next frame of its sender is a first one. */
class AcceptedLink implements FrameLink {
  readonly endpoint = 'accepted'
  readonly key: undefined = undefined
  onOpen: () => void = nothing
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  readonly #send: (frame: Buffer) => void
  readonly #forget: () => void
  #closed = false

  constructor(send: (frame: Buffer) => void, forget: () => void) {
    this.#send = send
    this.#forget = forget
  }

  send(frame: Buffer): void {
    if (!this.#closed) this.#send(frame)
  }

  close(): void {
    this.end('closed here')
  }

  end(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#forget()
    this.onClose(reason)
  }
}

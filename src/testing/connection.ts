// Owns one connection of the simulated network, from the dial to the end, and both its directions.
// Never tells what is in a frame from what is not: that is the transport's business.

import { crc32 } from 'node:zlib'
import type { Clock } from '../base/clock.ts'
import type { Chance } from './chance.ts'
import type { LinkConditions } from './conditions.ts'
import { textOfFrame } from './frame-text.ts'
import { Pipe } from './pipe.ts'
import type { SimulatedProcess } from './process.ts'

/** What a connection goes through. */
export interface Medium {
  readonly clock: Pick<Clock, 'nowMs' | 'after'>
  readonly chance: Chance
  readonly note: ((text: string) => void) | undefined
  conditions(one: string, other: string): LinkConditions
  /** When something that leaves now arrives, if nothing is before it. */
  arrival(one: string, other: string): number
  listenerAt(endpoint: string): Listener | undefined
}

/** What goes over a connection: a frame, or a subscription on its way to an outlet. */
export interface Piece {
  readonly type: 'frame' | 'subscribe' | 'unsubscribe'
  readonly bytes: Buffer
}

/** One of the two sides. */
export interface Side {
  readonly process: SimulatedProcess
  arrived(piece: Piece): void
  /** Called once; nothing arrives afterwards. */
  ended(reason: string): void
}

/** Whoever listens at an endpoint. */
export interface Listener {
  readonly process: SimulatedProcess
  accept(connection: Connection): Side
}

type Item = Piece | { readonly type: 'open' | 'end'; readonly reason: string }

/** So much and less is copied at once, more is read from the sender's memory on arrival. */
const COPIED_BYTES = 128
/** A connection is made in so many trips. */
const OPEN_TRIPS = 3

export class Connection {
  readonly endpoint: string
  onOver: () => void = () => undefined
  /** Of an outlet: what is sent, and not yet handed on over there. */
  readonly unread: { frames: number; bytes: number } = { frames: 0, bytes: 0 }
  readonly #medium: Medium
  readonly #from: SimulatedProcess
  readonly #toHost: string
  readonly #there: Pipe<Item>
  readonly #back: Pipe<Item>
  /** When the bytes before have left, in each direction. */
  readonly #freeMs = { there: 0, back: 0 }
  #dialler: Side | undefined
  #accepted: Side | undefined

  constructor(medium: Medium, from: SimulatedProcess, endpoint: string) {
    this.#medium = medium
    this.#from = from
    this.endpoint = endpoint
    this.#toHost = hostOf(endpoint)
    this.#there = new Pipe(medium.clock, (item) => this.#arrivedThere(item))
    this.#back = new Pipe(medium.clock, (item) => this.#arrivedBack(item))
  }

  /** The side that dials; set before the first turn is over. */
  set dialler(side: Side) {
    this.#dialler = side
  }

  open(): void {
    this.#medium.note?.(`${this.#from.name} dials ${this.endpoint}`)
    let atMs = this.#medium.clock.nowMs()
    for (let trip = 0; trip < OPEN_TRIPS; trip++) atMs += this.#tripMs()
    this.#there.push({ type: 'open', reason: '' }, atMs)
  }

  /** The one that dialled first. */
  get hosts(): readonly [string, string] {
    return [this.#from.host, this.#toHost]
  }

  /** @param vanishes whether what goes from one host to the other does not arrive for now */
  hold(vanishes: (from: string, to: string) => boolean): void {
    this.#there.hold(vanishes(this.#from.host, this.#toHost))
    this.#back.hold(vanishes(this.#toHost, this.#from.host))
  }

  send(from: Side, type: Piece['type'], bytes: Buffer): void {
    const isThere = from === this.#dialler
    if (!isThere && from !== this.#accepted) return
    const kept = bytes.length <= COPIED_BYTES ? Buffer.from(bytes) : bytes
    const conditions = this.#medium.conditions(this.#from.host, this.#toHost)
    const direction = isThere ? 'there' : 'back'
    const nowMs = this.#medium.clock.nowMs()
    const freeMs = Math.max(nowMs, this.#freeMs[direction]) + bytes.length / conditions.bytesPerMs
    this.#freeMs[direction] = freeMs
    const pipe = isThere ? this.#there : this.#back
    pipe.push({ type, bytes: kept }, freeMs + this.#tripMs())
    if (this.#medium.chance.is(conditions.cutRate)) this.break()
  }

  /** One side lets go: what it has sent still arrives, and then the end. */
  close(side: Side): void {
    if (side === this.#dialler) {
      this.#dialler = undefined
      this.#back.keep(0)
      // Who gives up before anybody has answered leaves no trace.
      if (!this.#accepted) this.#there.keep(0)
      else this.#end(this.#there, 'the other side is gone')
    } else if (side === this.#accepted) {
      this.#accepted = undefined
      this.#there.keep(0)
      this.#end(this.#back, 'the connection was lost')
    }
    this.#forgetIfOver()
  }

  /** It is lost on the way, with some of what is under way. */
  break(): void {
    for (const pipe of [this.#there, this.#back]) {
      pipe.keep(this.#medium.chance.int(0, pipe.length))
      this.#end(pipe, 'the connection was lost')
    }
  }

  died(process: SimulatedProcess): void {
    for (const [side, pipe] of [
      [this.#dialler, this.#there],
      [this.#accepted, this.#back],
    ] as const) {
      if (side?.process !== process) continue
      // What the dead one had handed over has left in part.
      pipe.keep(this.#medium.chance.int(0, pipe.length))
      this.close(side)
    }
  }

  #end(pipe: Pipe<Item>, reason: string): void {
    pipe.push({ type: 'end', reason }, this.#medium.clock.nowMs() + this.#tripMs())
  }

  #tripMs(): number {
    const { host } = this.#from
    return this.#medium.arrival(host, this.#toHost) - this.#medium.clock.nowMs()
  }

  #arrivedThere(item: Item): void {
    if (item.type === 'open') this.#accept()
    else this.#arrived(this.#accepted, item)
    this.#forgetIfOver()
  }

  #arrivedBack(item: Item): void {
    this.#arrived(this.#dialler, item)
    this.#forgetIfOver()
  }

  #accept(): void {
    const listener = this.#medium.listenerAt(this.endpoint)
    if (!listener || listener.process.killed) {
      this.#medium.note?.(`${this.endpoint} refuses ${this.#from.name}`)
      this.#there.keep(0)
      this.#end(this.#back, 'the connection was refused')
      return
    }
    this.#accepted = listener.accept(this)
  }

  #arrived(side: Side | undefined, item: Item): void {
    if (!side) return
    if (item.type === 'end') {
      this.#medium.note?.(`${side.process.name}: ${item.reason}`)
      if (side === this.#dialler) this.#dialler = undefined
      else this.#accepted = undefined
      side.process.run(() => side.ended(item.reason))
    } else if ('bytes' in item) {
      const { type, bytes } = item
      this.#medium.note?.(`${side.process.name} gets ${textOfPiece(type, bytes)}`)
      // As from a socket: bytes of its own, read when they arrive.
      const piece = { type, bytes: Buffer.from(bytes) }
      side.process.run(() => side.arrived(piece))
    }
  }

  #forgetIfOver(): void {
    if (!this.#dialler && !this.#accepted && this.#there.length === 0 && this.#back.length === 0) {
      this.onOver()
    }
  }
}

function textOfPiece(type: Piece['type'], bytes: Buffer): string {
  const what = type === 'frame' ? textOfFrame(bytes) : type
  return `${what} (${bytes.length} bytes, ${crc32(bytes).toString(16)})`
}

function hostOf(endpoint: string): string {
  return /^tcp:\/\/(.+):\d+$/.exec(endpoint)?.[1] ?? endpoint
}

// Owns how peers of one process hear each other's outlets: what each ear wants, and what waits for
// it.
// Never waits for an ear: as an XPUB it drops what does not fit, and the gap is known by numbers.

import { systemClock } from '../base/clock.ts'
import type { Limits } from '../base/limits.ts'
import { MemoryInbox } from './memory-link.ts'
import type { Closable, Hearing } from './transport.ts'

const nothing = () => undefined

/** What may wait for one ear. */
export type Bounds = Pick<Limits, 'maxOutletFrames' | 'maxOutletBytes'>
type Subscribed = (prefix: Buffer, on: boolean) => void

/** All that hear one outlet from within its process. */
export class MemoryOutlet {
  readonly #ears = new Set<MemoryHearing>()
  readonly #subscribed: Subscribed
  readonly #bounds: Bounds

  constructor(bounds: Bounds, subscribed: Subscribed) {
    this.#bounds = bounds
    this.#subscribed = subscribed
  }

  hear(endpoint: string, held: Set<Closable>): MemoryHearing {
    const ear = new MemoryHearing(endpoint, this.#bounds, {
      subscribed: this.#subscribed,
      ended: () => {
        this.#ears.delete(ear)
        held.delete(ear)
      },
    })
    this.#ears.add(ear)
    held.add(ear)
    return ear
  }

  /** Hot path: once a frame. */
  publish(frame: Buffer): void {
    for (const ear of this.#ears) ear.offer(frame)
  }

  /** All are lost: by those who may still hear it it is heard again. */
  close(): void {
    for (const ear of [...this.#ears]) ear.lost()
  }
}

interface Ends {
  readonly subscribed: Subscribed
  /** It hands on no more, or goes on. */
  readonly paused?: () => void
  /** Its owner takes it for dead: whoever shares it ends with it. */
  readonly gaveUp?: () => void
  readonly ended: () => void
}

export class MemoryHearing implements Hearing {
  readonly endpoint: string
  onFrame: (frame: Buffer) => void = nothing
  onClose: (reason: string) => void = nothing
  readonly #bounds: Bounds
  readonly #ends: Ends
  readonly #inbox = new MemoryInbox((frame) => this.onFrame(frame))
  /** By latin1 text, how often each was asked for. */
  readonly #wanted = new Map<string, number>()
  /** Of them, what the outlet knows of. */
  readonly #prefixes = new Map<string, Buffer>()
  isPaused = false
  #closed = false

  constructor(endpoint: string, bounds: Bounds, ends: Ends) {
    this.endpoint = endpoint
    this.#bounds = bounds
    this.#ends = ends
  }

  subscribe(topic: Buffer): void {
    this.#want(topic, 1)
  }

  unsubscribe(topic: Buffer): void {
    this.#want(topic, -1)
  }

  pause(paused: boolean): void {
    this.isPaused = paused
    this.#inbox.pause(paused)
    this.#ends.paused?.()
  }

  giveUp(): void {
    if (this.#ends.gaveUp) this.#ends.gaveUp()
    else this.lost()
  }

  close(): void {
    this.#end('closed here')
  }

  lost(): void {
    this.#end('the connection was lost')
  }

  /** Of whose memory it is not: it is written again, and read in a turn of its own. */
  offer(frame: Buffer): void {
    if (this.wants(frame) && this.#hasRoom()) this.#inbox.push(Buffer.from(frame))
  }

  /** Of its own memory: it is read at once, unless others wait before it. */
  hand(frame: Buffer): void {
    if (this.isPaused || this.#inbox.frames > 0) {
      if (this.#hasRoom()) this.#inbox.push(frame)
    } else this.#inbox.hand(frame)
  }

  #hasRoom(): boolean {
    const { maxOutletFrames, maxOutletBytes } = this.#bounds
    const { frames, bytes } = this.#inbox
    return frames < maxOutletFrames && bytes < maxOutletBytes
  }

  wants(frame: Buffer): boolean {
    for (const prefix of this.#prefixes.values()) {
      const { length } = prefix
      if (length <= frame.length && frame.compare(prefix, 0, length, 0, length) === 0) return true
    }
    return false
  }

  /** Told a turn later, as by a socket: who asks goes on first. */
  #want(topic: Buffer, step: 1 | -1): void {
    const name = topic.toString('latin1')
    const before = this.#wanted.get(name) ?? 0
    const after = before + step
    if (this.#closed || after < 0) return
    if (after === 0) this.#wanted.delete(name)
    else this.#wanted.set(name, after)
    if (before !== 0 && after !== 0) return
    const prefix = Buffer.from(topic)
    systemClock.afterTurn(() => this.#tell(name, prefix, after > 0))
  }

  #tell(name: string, prefix: Buffer, on: boolean): void {
    if (this.#closed) return
    if (on) this.#prefixes.set(name, prefix)
    else this.#prefixes.delete(name)
    this.#ends.subscribed(prefix, on)
  }

  #end(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox.drop()
    this.#ends.ended()
    const prefixes = [...this.#prefixes.values()]
    this.#prefixes.clear()
    systemClock.afterTurn(() => {
      for (const prefix of prefixes) this.#ends.subscribed(prefix, false)
    })
    this.onClose(reason)
  }
}

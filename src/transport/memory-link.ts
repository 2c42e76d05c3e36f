// Owns a link between two peers of one process: frames are copied over, and arrive a turn later.
// Never hands on the sender's own bytes: they are written again, the receiver may keep what it got.

import { BoundedQueue } from '../base/bounded-queue.ts'
import { systemClock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { textOf } from '../base/errors.ts'
import { frameDone } from './frame-memory.ts'
import type { Closable, FrameLink } from './transport.ts'

const nothing = () => undefined

/** Frames until they are read: in order, in a turn of their own. */
export class MemoryInbox {
  readonly #take: (frame: Buffer) => void
  /** Who pushes bounds it: a link by its credit, an outlet by its limits. */
  readonly #waiting = new BoundedQueue<Buffer>(Number.POSITIVE_INFINITY, 'block')
  #bytes = 0
  #isDue = false
  #isPaused = false
  #then: (() => void) | undefined

  /** @param take must not keep the loop busy; what it throws is reported */
  constructor(take: (frame: Buffer) => void) {
    this.#take = take
  }

  get frames(): number {
    return this.#waiting.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param frame is the inbox's own from now on */
  push(frame: Buffer): void {
    this.#waiting.push(frame)
    this.#bytes += frame.length
    this.#arm()
  }

  /** Runs once all that waits has been read; nothing is to be pushed afterwards. */
  last(then: () => void): void {
    this.#then = then
    this.#arm()
  }

  pause(paused: boolean): void {
    this.#isPaused = paused
    this.#arm()
  }

  /** Forgets what waits. */
  drop(): void {
    this.#waiting.clear()
    this.#bytes = 0
    this.#then = undefined
  }

  #arm(): void {
    if (this.#isDue || this.#isPaused) return
    this.#isDue = true
    systemClock.afterTurn(() => this.#read())
  }

  /** What comes while it reads waits for the next turn: others have theirs. */
  #read(): void {
    this.#isDue = false
    for (let left = this.#waiting.size; left > 0 && !this.#isPaused; left--) {
      // What it was told by the one before may have closed it.
      if (this.#waiting.size === 0) return
      const frame = this.#waiting.take()
      this.#bytes -= frame.length
      this.hand(frame)
      if (frameDone(frame.length)) break
    }
    if (this.#waiting.size > 0) this.#arm()
    else if (!this.#isPaused) this.#then?.()
  }

  /** Past all that waits. */
  hand(frame: Buffer): void {
    try {
      this.#take(frame)
    } catch (error) {
      // A fault of ours in one message must not make the link deaf to the next.
      reportFault({ area: 'link', text: `a message could not be handled: ${textOf(error)}` })
    }
  }
}

/** One end of it. */
export class MemoryLink implements FrameLink {
  readonly endpoint: string
  readonly key: string | undefined
  readonly inMemory = true
  onFrame: (frame: Buffer) => void = nothing
  onOpen: () => void = nothing
  onClose: (reason: string) => void = nothing
  readonly #inbox = new MemoryInbox((frame) => this.onFrame(frame))
  readonly #held: Set<Closable>
  #other: MemoryLink | undefined
  #closed = false

  constructor(endpoint: string, key: string | undefined, held: Set<Closable>) {
    this.endpoint = endpoint
    this.key = key
    this.#held = held
    held.add(this)
  }

  /** @param accept is given the first frame, as of who dials a socket */
  connect(other: MemoryLink, accept: (link: MemoryLink, frame: Buffer) => void): void {
    this.#other = other
    other.#other = this
    other.onFrame = (frame) => {
      other.onFrame = nothing
      accept(other, frame)
    }
    systemClock.afterTurn(() => {
      if (!this.#closed) this.onOpen()
    })
  }

  send(frame: Buffer): void {
    const other = this.#other
    if (!this.#closed && other && !other.#closed) other.#inbox.push(Buffer.from(frame))
  }

  close(): void {
    this.#end('closed here')
    // What was sent before arrives first.
    const other = this.#other
    if (other) other.#inbox.last(() => other.#end('the connection was lost'))
  }

  #end(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#held.delete(this)
    this.#inbox.drop()
    this.onClose(reason)
  }
}

// Owns what comes by one stream: items that wait until they are taken, and how many more may come.
// Never holds more than it granted: one item beyond is an error of who sent it.

import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { EarshotError } from '../base/errors.ts'

/** How much of one stream may be on its way. The item that uses the bytes up may be larger. */
export interface Window {
  readonly items: number
  readonly bytes: number
}

export interface IncomingParts {
  readonly clock: Clock
  readonly window: Window
  /** So many items and bytes have been taken: as many more may come. */
  readonly grant: (items: number, bytes: number) => void
  /** The reader wants no more. */
  readonly left: () => void
  /** How long a reader waits for one item, and what happens then. Default: for ever. */
  readonly idleMs?: number | undefined
  readonly idle?: () => void
}

interface Item {
  readonly body: unknown
  readonly bytes: number
}

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown>) => void
  readonly reject: (error: EarshotError) => void
}

const end: IteratorResult<unknown> = { value: undefined, done: true }

/** An async iterable for one consumer. What came before an error is read before it. */
export class Incoming implements AsyncIterableIterator<unknown> {
  readonly #parts: IncomingParts
  readonly #queue: BoundedQueue<Item>
  /** What may still come. */
  #items: number
  #bytes: number
  #takenItems = 0
  #takenBytes = 0
  #waiting: Waiting | undefined
  #timer: Timer | undefined
  #ended = false
  #left = false
  #error: EarshotError | undefined

  constructor(parts: IncomingParts) {
    this.#parts = parts
    this.#items = parts.window.items
    this.#bytes = parts.window.bytes
    this.#queue = new BoundedQueue(parts.window.items, 'block')
  }

  /** @throws EARSHOT_BYTES_INVALID for an item that was not granted */
  admit(bytes: number): void {
    if (this.#items <= 0 || this.#bytes <= 0) {
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'more of a stream than was granted')
    }
    this.#items--
    this.#bytes -= bytes
  }

  push(body: unknown, bytes: number): void {
    if (this.#left) this.#took(bytes)
    else if (this.#waiting) {
      this.#wake().resolve({ value: body, done: false })
      this.#took(bytes)
    } else if (!this.#ended) this.#queue.push({ body, bytes })
  }

  end(): void {
    this.#ended = true
    if (this.#waiting) this.#wake().resolve(end)
  }

  /** @param atOnce what came before is not read any more */
  fail(error: EarshotError, atOnce = false): void {
    if (this.#ended) return
    this.#ended = true
    if (atOnce) this.#queue.clear()
    if (this.#waiting) this.#wake().reject(error)
    else this.#error = error
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#queue.size > 0) {
      const { body, bytes } = this.#queue.take()
      this.#took(bytes)
      return Promise.resolve({ value: body, done: false })
    }
    if (this.#error !== undefined) {
      const error = this.#error
      this.#error = undefined
      return Promise.reject(error)
    }
    if (this.#ended) return Promise.resolve(end)
    if (this.#waiting) {
      const text = 'next() was called twice without waiting: a stream has one reader'
      return Promise.reject(new EarshotError('EARSHOT_OPTION_INVALID', text))
    }
    const { idleMs, idle, clock } = this.#parts
    if (idleMs !== undefined && idle) this.#timer = clock.after(idleMs, idle)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#queue.clear()
    this.#error = undefined
    this.end()
    if (!this.#left) {
      this.#left = true
      this.#parts.left()
    }
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #wake(): Waiting {
    const waiting = this.#waiting as Waiting
    this.#waiting = undefined
    this.#timer?.cancel()
    return waiting
  }

  /** Half of the window at a time: the sender never stands still, and grants are few. */
  #took(bytes: number): void {
    const { window, grant } = this.#parts
    this.#takenItems++
    this.#takenBytes += bytes
    if (this.#takenItems * 2 < window.items && this.#takenBytes * 2 < window.bytes) return
    this.#items += this.#takenItems
    this.#bytes += this.#takenBytes
    grant(this.#takenItems, this.#takenBytes)
    this.#takenItems = 0
    this.#takenBytes = 0
  }
}

// Owns the queue between a producer that calls and a consumer that iterates.
// Never grows past its capacity: what happens then is the overflow the owner chose, and counted.

import { BoundedQueue, type Overflow } from './bounded-queue.ts'
import { EarshotError } from './errors.ts'

/**
 * An async iterable that is filled by `push`. One consumer. Ends after `end()` once it is empty;
 * `fail(error)` ends it with that error. Leaving the loop early drops what waits, and calls
 * `onReturn` with how many that were.
 */
export class IterableQueue<T> implements AsyncIterableIterator<T> {
  readonly #queue: BoundedQueue<T>
  readonly #onReturn: (left: number) => void
  readonly #onRoom: () => void
  #waiting: { resolve: (r: IteratorResult<T>) => void; reject: (e: unknown) => void } | undefined
  #ended = false
  #error: unknown

  /** @param onRoom there is room again, each time that an item is taken and half is empty */
  constructor(
    capacity: number,
    overflow: Overflow,
    onReturn: (left: number) => void = () => undefined,
    onRoom: () => void = () => undefined,
  ) {
    this.#queue = new BoundedQueue(capacity, overflow)
    this.#onReturn = onReturn
    this.#onRoom = onRoom
  }

  /** How many items the overflow has dropped so far. */
  get dropped(): number {
    return this.#queue.dropped
  }

  get size(): number {
    return this.#queue.size
  }

  get full(): boolean {
    return this.#queue.full
  }

  /** False when an item was dropped, this one or the oldest. */
  push(item: T): boolean {
    if (this.#ended) return false
    if (this.#waiting) {
      const { resolve } = this.#waiting
      this.#waiting = undefined
      resolve({ value: item, done: false })
      return true
    }
    return this.#queue.push(item) === undefined
  }

  end(): void {
    this.#ended = true
    this.#waiting?.resolve({ value: undefined, done: true })
    this.#waiting = undefined
  }

  fail(error: unknown): void {
    if (this.#ended) return
    this.#error = error
    this.#ended = true
    this.#waiting?.reject(error)
    if (this.#waiting) this.#error = undefined
    this.#waiting = undefined
  }

  next(): Promise<IteratorResult<T>> {
    if (this.size > 0) {
      const value = this.#queue.take()
      if (this.#queue.roomy) this.#onRoom()
      return Promise.resolve({ value, done: false })
    }
    if (this.#error !== undefined) {
      const error = this.#error
      this.#error = undefined
      return Promise.reject(error)
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    if (this.#waiting) {
      const text = 'next() was called twice without waiting: an iterable has one consumer'
      return Promise.reject(new EarshotError('EARSHOT_OPTION_INVALID', text))
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<T>> {
    const left = this.#queue.dropAll().length
    this.end()
    this.#onReturn(left)
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

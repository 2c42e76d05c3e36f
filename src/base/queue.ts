// Owns the bounded queue between a producer that calls and a consumer that iterates.
// Never grows past its capacity: what happens then is the overflow the owner chose, and counted.

import { EarshotError } from './errors.ts'

export type Overflow = 'drop-oldest' | 'drop-newest'

/**
 * An async iterable that is filled by `push`. One consumer. Ends after `end()` once it is empty;
 * `fail(error)` ends it with that error. Leaving the loop early calls `onReturn`.
 */
export class IterableQueue<T> implements AsyncIterableIterator<T> {
  readonly #items: T[] = []
  readonly #capacity: number
  readonly #overflow: Overflow
  readonly #onReturn: () => void
  #head = 0
  #waiting: { resolve: (r: IteratorResult<T>) => void; reject: (e: unknown) => void } | undefined
  #ended = false
  #error: unknown
  #dropped = 0

  constructor(capacity: number, overflow: Overflow, onReturn: () => void = () => undefined) {
    this.#capacity = capacity
    this.#overflow = overflow
    this.#onReturn = onReturn
  }

  /** How many items the overflow has dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#items.length - this.#head
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
    if (this.size < this.#capacity) {
      this.#items.push(item)
      return true
    }
    this.#dropped++
    if (this.#overflow === 'drop-oldest') {
      this.#take()
      this.#items.push(item)
    }
    return false
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
    if (this.size > 0) return Promise.resolve({ value: this.#take(), done: false })
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
    this.#items.length = 0
    this.#head = 0
    this.end()
    this.#onReturn()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): T {
    const item = this.#items[this.#head] as T
    this.#items[this.#head] = undefined as T
    this.#head++
    // Compact when half is air, so that a steady queue stays as small as its content.
    if (this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }
}

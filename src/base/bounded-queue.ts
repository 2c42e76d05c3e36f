// Owns the bounded queue: what it holds, and what gives way when it is full.
// Never grows past its capacity, except by what a blocked producer had in hand already.

/**
 * What happens at a limit. `block`: who adds waits. `reject`: adding fails. `drop-oldest`,
 * `drop-newest`: one gives way. `latest`: only the newest waits, whatever the capacity.
 */
export type Overflow = 'block' | 'reject' | 'drop-oldest' | 'drop-newest' | 'latest'

export const overflows: readonly Overflow[] = [
  'block',
  'reject',
  'drop-oldest',
  'drop-newest',
  'latest',
]

export class BoundedQueue<T> {
  readonly overflow: Overflow
  /** How many items gave way so far. */
  dropped = 0
  readonly #capacity: number
  #items: T[] = []
  #head = 0

  constructor(capacity: number, overflow: Overflow) {
    this.overflow = overflow
    this.#capacity = overflow === 'latest' ? 1 : capacity
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  get full(): boolean {
    return this.size >= this.#capacity
  }

  /** True when there is room for a producer that was told to wait. */
  get roomy(): boolean {
    return this.size * 2 <= this.#capacity
  }

  /**
   * Returns the item that gave way, this one or the oldest, or undefined when none did. `block`
   * takes it all the same: its producer looks at `full`. `reject` refuses it.
   */
  push(item: T): T | undefined {
    if (!this.full || this.overflow === 'block') {
      this.#items.push(item)
      return undefined
    }
    this.dropped++
    if (this.overflow === 'drop-newest' || this.overflow === 'reject') return item
    const oldest = this.take()
    this.#items.push(item)
    return oldest
  }

  /** The oldest; only when `size` is above 0. */
  take(): T {
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

  /** All that wait give way. */
  dropAll(): T[] {
    const left = this.#items.slice(this.#head)
    this.dropped += left.length
    this.clear()
    return left
  }

  /** What waits is nobody's any more. */
  clear(): void {
    this.#items = []
    this.#head = 0
  }
}

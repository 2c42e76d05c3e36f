// Owns a bound on how many calls are outstanding at once, within a wider bound if there is one.
// Hot path: a count. Never lets a call wait: what does not fit goes elsewhere or is refused.

export class Bulkhead {
  readonly limit: number
  /** What the limit is of: `orders at peer x`. */
  readonly of: string
  readonly #around: Bulkhead | undefined
  #count = 0

  /** @param around the wider one, that counts these as well */
  constructor(limit: number, of: string, around?: Bulkhead) {
    this.limit = limit
    this.of = of
    this.#around = around
  }

  get count(): number {
    return this.#count
  }

  /** The one that has no room: this, or one around it. */
  get full(): Bulkhead | undefined {
    return this.#count >= this.limit ? this : this.#around?.full
  }

  /** Only when it is not full; `leave` follows exactly once. */
  enter(): void {
    this.#count++
    this.#around?.enter()
  }

  leave(): void {
    this.#count--
    this.#around?.leave()
  }
}

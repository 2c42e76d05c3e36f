// Owns two counts over the last so many ms, in buckets of time: of all, and of those that matter.
// Hot path: nothing is allocated. Never sets a timer: buckets are emptied when time is next told.

export class TimeWindow {
  readonly #bucketMs: number
  readonly #all: Float64Array
  readonly #marked: Float64Array
  #allTotal = 0
  #markedTotal = 0
  /** Number of the newest bucket since time began. */
  #newest = 0

  /** What is older than `spanMs` is forgotten, and may be up to one bucket earlier. */
  constructor(spanMs: number, buckets: number) {
    this.#bucketMs = spanMs / buckets
    this.#all = new Float64Array(buckets)
    this.#marked = new Float64Array(buckets)
  }

  /** @param marked how many of `all` matter */
  add(nowMs: number, all: number, marked: number): void {
    this.#turn(nowMs)
    const at = this.#newest % this.#all.length
    ;(this.#all[at] as number) += all
    ;(this.#marked[at] as number) += marked
    this.#allTotal += all
    this.#markedTotal += marked
  }

  all(nowMs: number): number {
    this.#turn(nowMs)
    return this.#allTotal
  }

  marked(nowMs: number): number {
    this.#turn(nowMs)
    return this.#markedTotal
  }

  clear(): void {
    this.#all.fill(0)
    this.#marked.fill(0)
    this.#allTotal = 0
    this.#markedTotal = 0
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs)
    const steps = bucket - this.#newest
    // Time that an answer was read may lie a little before the last call: the newest takes it.
    if (steps <= 0) return
    this.#newest = bucket
    const { length } = this.#all
    if (steps >= length) {
      this.clear()
      return
    }
    for (let step = 0; step < steps; step++) {
      const at = (bucket - step) % length
      this.#allTotal -= this.#all[at] as number
      this.#markedTotal -= this.#marked[at] as number
      this.#all[at] = 0
      this.#marked[at] = 0
    }
  }
}

// Owns one direction of a connection: what goes in comes out later, in order and once, as of TCP.
// Never loses a piece by itself: whoever breaks the connection says how much still arrives.

import type { Clock, Timer } from '../base/clock.ts'

interface Piece<T> {
  readonly item: T
  readonly atMs: number
}

export class Pipe<T> {
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>
  readonly #deliver: (item: T) => void
  #pieces: Piece<T>[] = []
  #timer: Timer | undefined
  #held = false
  #lastMs = 0

  constructor(clock: Pick<Clock, 'nowMs' | 'after'>, deliver: (item: T) => void) {
    this.#clock = clock
    this.#deliver = deliver
  }

  /** Arrives at `atMs`, never before what was pushed earlier. */
  push(item: T, atMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, atMs)
    this.#pieces.push({ item, atMs: this.#lastMs })
    this.#arm()
  }

  /** Nothing arrives while it is held; afterwards all does that waited. */
  hold(held: boolean): void {
    if (held === this.#held) return
    this.#held = held
    this.#timer?.cancel()
    this.#timer = undefined
    this.#arm()
  }

  /** What is on its way. */
  get length(): number {
    return this.#pieces.length
  }

  /** Of what is on its way only the first `count` arrive. */
  keep(count: number): void {
    this.#pieces.length = Math.min(count, this.#pieces.length)
  }

  #arm(): void {
    const [first] = this.#pieces
    if (!first || this.#held || this.#timer) return
    const take = () => {
      this.#timer = undefined
      const piece = this.#pieces.shift()
      this.#arm()
      if (piece) this.#deliver(piece.item)
    }
    this.#timer = this.#clock.after(Math.max(0, first.atMs - this.#clock.nowMs()), take)
  }
}

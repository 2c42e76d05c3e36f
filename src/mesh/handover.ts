// Owns who waits until what they wrote has been handed to the socket.
// Once a frame, not a message. Never knows what is in a frame.

import { type Awaited, awaited } from '../base/deferred.ts'

interface Waiter {
  /** The count of frames at which it has left. */
  readonly frame: number
  readonly left: Awaited<boolean>
}

export class Handover {
  /** Frames that left so far. */
  #left = 0
  #waiters: Waiter[] = []
  #ended = false

  /**
   * Resolves true when `frames` in all have left, false when they never will. Who waits for the
   * same frame shares the promise.
   */
  wait(frames: number): Promise<boolean> {
    if (this.#left >= frames) return Promise.resolve(true)
    if (this.#ended) return Promise.resolve(false)
    const last = this.#waiters.at(-1)
    if (last?.frame === frames) return last.left.promise
    const left = awaited<boolean>()
    this.#waiters.push({ frame: frames, left })
    return left.promise
  }

  get left(): number {
    return this.#left
  }

  /** One more has left. */
  next(): void {
    this.#left++
    if (this.#waiters.length === 0) return
    const waiting = this.#waiters.findIndex(({ frame }) => frame > this.#left)
    const ready = this.#waiters.splice(0, waiting < 0 ? this.#waiters.length : waiting)
    for (const { left } of ready) left.resolve(true)
  }

  /** None will leave any more. */
  end(): void {
    this.#ended = true
    for (const { left } of this.#waiters.splice(0)) left.resolve(false)
  }
}

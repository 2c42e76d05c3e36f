// Owns who waits until what they wrote has been handed to the socket.
// Once a frame, not a message. Never knows what is in a frame.

interface Waiter {
  /** The count of frames at which it has left. */
  readonly frame: number
  readonly promise: Promise<boolean>
  readonly resolve: (left: boolean) => void
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
    if (last?.frame === frames) return last.promise
    let resolve: (left: boolean) => void = () => undefined
    const promise = new Promise<boolean>((settle) => {
      resolve = settle
    })
    this.#waiters.push({ frame: frames, promise, resolve })
    return promise
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
    for (const { resolve } of ready) resolve(true)
  }

  /** None will leave any more. */
  end(): void {
    this.#ended = true
    for (const { resolve } of this.#waiters.splice(0)) resolve(false)
  }
}

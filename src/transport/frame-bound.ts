// Owns how many frames may wait in a socket so that their bytes stay within a bound: libzmq counts
// frames alone.
// Hot path, once a frame: a multiplication and a comparison. Never looks into a frame.

/** After so many frames in a row the bound follows the largest of them. */
const WINDOW_FRAMES = 1_024
/** However large they are, so many may wait: one that is being sent, and the next. */
const LEAST_FRAMES = 2

export class FrameBound {
  readonly #maxFrames: number
  readonly #maxBytes: number
  readonly #apply: (frames: number) => void
  #frames: number
  #largest = 0
  #seen = 0

  /** @param apply sets the socket's high water mark, also for connections that exist */
  constructor(maxFrames: number, maxBytes: number, apply: (frames: number) => void) {
    this.#maxFrames = maxFrames
    this.#maxBytes = maxBytes
    this.#frames = maxFrames
    this.#apply = apply
  }

  /** A frame goes through the socket. */
  pass(bytes: number): void {
    if (bytes > this.#largest) this.#largest = bytes
    if (bytes * this.#frames > this.#maxBytes) this.#set(bytes)
    if (++this.#seen < WINDOW_FRAMES) return
    this.#set(this.#largest)
    this.#largest = 0
    this.#seen = 0
  }

  #set(bytes: number): void {
    const fitting = Math.max(LEAST_FRAMES, Math.floor(this.#maxBytes / bytes))
    const frames = Math.min(this.#maxFrames, fitting)
    if (frames === this.#frames) return
    this.#frames = frames
    this.#apply(frames)
  }
}

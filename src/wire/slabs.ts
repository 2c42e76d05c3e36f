// Owns the memory that frames are written into: slabs, used again once the other side has them.
// Hot path, once a slab. Never guesses: a slab is free when all its bytes are acknowledged.
// A socket keeps a reference to what it is handed and does not say when it has been sent. But who
// grants credit for bytes has received them: nothing reads them here any more.

import { SLAB_BYTES } from '../base/limits.ts'

interface Retired {
  readonly slab: Buffer
  /** All bytes that were taken up to its last frame. */
  readonly takenBytes: number
}

export class Slabs {
  readonly #most: number
  readonly #retired: Retired[] = []
  #takenBytes = 0
  #acknowledgedBytes = 0
  #restedAtBytes = 0

  /**
   * @param most that wait for their acknowledgement; what is more goes to the garbage collector.
   * 0 where nothing is acknowledged: each slab is written once.
   */
  constructor(most: number) {
    this.#most = most
  }

  /** A slab with room for `bytes`, in place of `full`, which no new frame is begun in. */
  next(bytes: number, full: Buffer | undefined): Buffer {
    const oldest = this.#retired[0]
    const free = oldest !== undefined && oldest.takenBytes <= this.#acknowledgedBytes
    const reused = free && bytes <= SLAB_BYTES ? this.#retired.shift()?.slab : undefined
    if (full?.length === SLAB_BYTES && this.#retired.length < this.#most) {
      this.#retired.push({ slab: full, takenBytes: this.#takenBytes })
    }
    return reused ?? Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
  }

  /** A frame of so many bytes was handed out. */
  taken(bytes: number): void {
    this.#takenBytes += bytes
  }

  /** The other side has so many bytes more, counted from the first frame. */
  acknowledge(bytes: number): void {
    this.#acknowledgedBytes += bytes
  }

  /** Called now and then: a writer that took nothing since the last time keeps no spare slab. */
  rest(): void {
    if (this.#restedAtBytes === this.#takenBytes) this.#retired.length = 0
    this.#restedAtBytes = this.#takenBytes
  }
}

// Owns what ended while it still waited in our frames: struck out before the frame leaves.
// Only ever used while a link stands. Never looks for what may have left already.

import { FRAME_HEAD_BYTES, Kind, RecordWalker } from '../wire/record.ts'

export class Withdrawn {
  readonly #correlations = new Set<number>()
  readonly #walker = new RecordWalker()

  /** The request, or the notification that asks, stands in a frame that has not left. */
  add(correlation: number): void {
    this.#correlations.add(correlation)
  }

  /** A frame is about to leave: what was withdrawn in it becomes a record that says nothing. */
  strike(frame: Buffer): void {
    if (this.#correlations.size === 0) return
    const walker = this.#walker
    walker.open(frame, FRAME_HEAD_BYTES)
    while (walker.next()) {
      if (walker.kind !== Kind.request && walker.kind !== Kind.asking) continue
      walker.number()
      // Its length stays, and so does its place in the credit of the frame.
      if (this.#correlations.delete(walker.number())) frame[walker.at] = Kind.withdrawn
    }
  }

  clear(): void {
    this.#correlations.clear()
  }
}

// Owns how regularly the beats of one link come, and what silence is too long by that.
// Never reads a clock. Source: RFC 6298 for the estimate of mean and deviation.

/** Before so many beats nobody knows how regular they are. */
const LEARNED = 8
const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
const DEVIATIONS = 4
/** Of the time between two beats: earlier than these nobody is suspected, or given up. */
const LEAST_SUSPECT = 1.25
const LEAST_SILENT = 2
/** Until it is known how regular they are. */
const UNKNOWN_SUSPECT = 1.75

export class Rhythm {
  #lastMs = Number.NaN
  #meanMs = 0
  #deviationMs = 0
  #count = 0

  beat(nowMs: number): void {
    const distanceMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    if (Number.isNaN(distanceMs)) return
    if (this.#count++ === 0) {
      this.#meanMs = distanceMs
      this.#deviationMs = distanceMs / 2
      return
    }
    const off = Math.abs(distanceMs - this.#meanMs)
    this.#deviationMs += DEVIATION_GAIN * (off - this.#deviationMs)
    this.#meanMs += MEAN_GAIN * (distanceMs - this.#meanMs)
  }

  /** We stood still ourselves: the distance to the next says nothing of the link. */
  skip(): void {
    this.#lastMs = Number.NaN
  }

  /**
   * After so much silence the peer is suspected.
   * @param beatMs between two beats, as agreed
   * @param mostMs after which it is given up whatever was seen
   */
  suspectMs(beatMs: number, mostMs: number): number {
    const usual = this.#isKnown ? this.#usualMs + beatMs / 4 : beatMs * UNKNOWN_SUSPECT
    return Math.min(Math.max(usual, beatMs * LEAST_SUSPECT), mostMs)
  }

  /** After so much silence it is given up: one beat was lost, and the next is late as well. */
  silentMs(beatMs: number, mostMs: number): number {
    if (!this.#isKnown) return mostMs
    return Math.min(Math.max(2 * this.#usualMs, beatMs * LEAST_SILENT), mostMs)
  }

  get #isKnown(): boolean {
    return this.#count >= LEARNED
  }

  /** Nearly all beats come sooner. */
  get #usualMs(): number {
    return this.#meanMs + DEVIATIONS * this.#deviationMs
  }
}

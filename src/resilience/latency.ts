// Owns a small running estimate of how long calls take: counts by the order of magnitude.
// Never keeps a sample: 64 counts, halved now and then so that the past fades.

/** Four steps to each doubling: a percentile is right to within 19 %. */
const STEPS = 4
const COUNTS = 64
/** The first step ends here. */
const SMALLEST_MS = 0.0625
const FADE_AFTER = 1_024
const MINIMUM = 20

export class Latency {
  readonly #counts = new Float64Array(COUNTS)
  #total = 0
  #sinceFade = 0

  add(tookMs: number): void {
    const step = Math.ceil(Math.log2(Math.max(tookMs, SMALLEST_MS) / SMALLEST_MS) * STEPS)
    ;(this.#counts[Math.min(step, COUNTS - 1)] as number)++
    this.#total++
    if (++this.#sinceFade >= FADE_AFTER) this.#fade()
  }

  /** Upper bound of the step that holds it; undefined while too few calls are known. */
  percentile(share: number): number | undefined {
    if (this.#total < MINIMUM) return undefined
    let left = this.#total * share
    for (let step = 0; step < COUNTS; step++) {
      left -= this.#counts[step] as number
      if (left <= 0) return SMALLEST_MS * 2 ** (step / STEPS)
    }
    return SMALLEST_MS * 2 ** ((COUNTS - 1) / STEPS)
  }

  #fade(): void {
    this.#sinceFade = 0
    this.#total /= 2
    for (let step = 0; step < COUNTS; step++) (this.#counts[step] as number) /= 2
  }
}

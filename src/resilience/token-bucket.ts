// Owns a rate: so many a second on average, and so many at once.
// Never sets a timer: what has come in is worked out when the next one asks.

export interface RateLimitSettings {
  readonly perSecond: number
  /** How many may come at once after a quiet time. Default: those of one second. */
  readonly burst: number
}

export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor({ perSecond, burst }: RateLimitSettings, nowMs: number) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** True when one more may come; then it is counted. */
  take(nowMs: number): boolean {
    const come = Math.max(0, nowMs - this.#atMs) * this.#perMs
    this.#atMs = Math.max(this.#atMs, nowMs)
    this.#tokens = Math.min(this.#burst, this.#tokens + come)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** As good as new: nobody would see the difference if it were forgotten. */
  rested(nowMs: number): boolean {
    return this.#tokens + (nowMs - this.#atMs) * this.#perMs >= this.#burst
  }
}

// Owns counting durations in buckets of growing width: any number of them in fixed memory.
// Never keeps a duration itself, except the largest and the sum; never reads a clock.

/** Buckets for each power of two: the middle of one is at most 0.4 % from what it stands for. */
const BUCKETS = 128
/** From 2^40 ns (18 minutes) on all are counted in the last bucket. */
const LARGEST = 2 ** 40 - 1
const BUCKET_BITS = Math.log2(BUCKETS)
const SIZE = (40 - BUCKET_BITS + 1) * BUCKETS

/** What is shown of a histogram, in µs. */
export interface Percentiles {
  readonly count: number
  readonly meanUs: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

/** As HDR histograms do it: linear within a power of two, logarithmic from one to the next. */
export class Histogram {
  count = 0
  maxNs = 0
  readonly #counts = new Float64Array(SIZE)
  #sumNs = 0

  /** Fractions of a ns are dropped; what is negative counts as 0. */
  record(ns: number): void {
    const whole = ns > 0 ? Math.floor(ns) : 0
    const at = indexOf(Math.min(whole, LARGEST))
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.count++
    this.#sumNs += whole
    if (whole > this.maxNs) this.maxNs = whole
  }

  /** The duration that `share` (0 to 1) of all do not exceed; 0 when there are none. */
  percentileNs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count))
    let seen = 0
    for (let at = 0; at < SIZE; at++) {
      seen += this.#counts[at] as number
      if (seen >= wanted) return Math.min(middleOf(at), this.maxNs)
    }
    return 0
  }

  percentiles(): Percentiles {
    const us = (ns: number) => Math.round(ns / 10) / 100
    return {
      count: this.count,
      meanUs: us(this.count === 0 ? 0 : this.#sumNs / this.count),
      p50Us: us(this.percentileNs(0.5)),
      p90Us: us(this.percentileNs(0.9)),
      p99Us: us(this.percentileNs(0.99)),
      p999Us: us(this.percentileNs(0.999)),
      maxUs: us(this.maxNs),
    }
  }
}

/** Below 2 × BUCKETS each ns has a bucket of its own. */
function indexOf(ns: number): number {
  if (ns < 2 * BUCKETS) return ns
  const power = ns < 2 ** 31 ? 31 - Math.clz32(ns) : Math.floor(Math.log2(ns))
  const shift = power - BUCKET_BITS
  // A logarithm that was rounded up lands in the last bucket of the power below, which is right.
  return shift * BUCKETS + Math.floor(ns / 2 ** shift)
}

function middleOf(index: number): number {
  if (index < 2 * BUCKETS) return index
  const shift = Math.floor(index / BUCKETS) - 1
  const first = (index - shift * BUCKETS) * 2 ** shift
  return first + (2 ** shift - 1) / 2
}

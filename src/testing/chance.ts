// Owns chance that comes from a seed: the same seed, the same row of numbers.
// Never a source of secrets.

export interface Chance {
  /** From 0 up to 1. */
  next(): number
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number
  /** True in so many of 1. */
  is(rate: number): boolean
  pick<T>(list: readonly T[]): T
  /** So many hex digits. */
  hex(digits: number): string
}

/** Source: Chris Doty-Humphrey, PractRand, sfc32 */
export function createChance(seed: number): Chance {
  let [a, b, c, count] = [seed | 0, (seed / 2 ** 32) | 0, 0x9e3779b9, 1]
  const word = (): number => {
    const sum = (a + b + count++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  // Seeds that differ in one bit are far apart after so many.
  for (let round = 0; round < 12; round++) word()
  const next = () => word() / 2 ** 32
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    int,
    is: (rate) => rate > 0 && next() < rate,
    pick: <T>(list: readonly T[]) => list[int(0, list.length - 1)] as T,
    hex: (digits) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join(''),
  }
}

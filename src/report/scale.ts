// Owns where the lines of a linear axis are: at round figures, and not so many that they touch.

/** From 0 up to `highest`, at most five: steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(highest: number): number[] {
  const atLeast = highest / 4
  const power = 10 ** Math.floor(Math.log10(atLeast))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= atLeast) ?? 10)
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step)
}

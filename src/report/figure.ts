// Owns a figure that was taken more than once: its median, and how far the others were from it.

/** Median over processes or rounds, and the lowest and highest of them; every run is kept. */
export interface Figure {
  readonly median: number
  readonly lowest: number
  readonly highest: number
  readonly runs: readonly number[]
}

/** @throws Error when nothing was measured or a figure is none. */
export function figureOf(runs: readonly number[]): Figure {
  if (runs.length === 0 || runs.some((run) => !Number.isFinite(run) || run <= 0)) {
    throw new Error(`no figure can be made of [${runs.join(', ')}]`)
  }
  const sorted = [...runs].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const low = sorted[Math.floor(middle)] as number
  const high = sorted[Math.ceil(middle)] as number
  return {
    median: (low + high) / 2,
    lowest: sorted[0] as number,
    highest: sorted.at(-1) as number,
    runs,
  }
}

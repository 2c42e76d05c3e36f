// Owns the interface behind which all codecs are measured, whoever wrote them.

import type { ShapeName } from './shape-names.ts'

/** One shape in one format. */
export interface Pair {
  /** Writes at `position` of a buffer with room enough; returns the position after it. */
  readonly encode: (value: unknown, buffer: Buffer, position: number) => number
  readonly decode: (buffer: Buffer, start: number, end: number) => unknown
  /** What was decoded as plain data, for the equality check alone: never in what is timed. */
  readonly plain?: (decoded: unknown) => unknown
}

export type MakePair = (shape: ShapeName) => Pair

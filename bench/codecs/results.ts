// Owns the form of the results: what the JSON output holds, and all reports are made of.

import type { Figure, Machine } from 'earshot/report'
import type { ShapeName } from './shape-names.ts'
import type { Format } from './subjects.ts'

/** What one process measured of one codec and shape; ns a message. */
export interface Timing {
  readonly encodeNs: number
  readonly encodeP99Ns: number
  readonly decodeNs: number
  readonly decodeP99Ns: number
  /** On the heap of V8, a message. */
  readonly encodeAllocatedBytes: number
}

export interface Gain {
  /** Their median divided by ours: above 1, ours is faster. */
  readonly ratio: number
  /** `same`: less than 20 % apart, or the processes of one overlap with those of the other. */
  readonly verdict: 'faster' | 'slower' | 'same'
}

/** Bytes a message: means over the 64 values. A batch is all 64 bodies, one after the other. */
export interface Sizes {
  readonly bytes: number
  readonly gzipBytes: number
  readonly gzipInBatchBytes: number
}

export interface Cell {
  readonly subject: string
  readonly shape: ShapeName
  readonly sizes: Sizes
  /** From fresh processes with this codec and shape alone (`--quick`: with this codec alone). */
  readonly encodeNs: Figure
  readonly encodeP99Ns: Figure
  readonly decodeNs: Figure
  readonly decodeP99Ns: Figure
  /** On the heap of V8 by an encode: the least of the processes; 0 for none. */
  readonly encodeAllocatedBytes: number
  /** From processes in which all codecs and shapes ran, in turn. */
  readonly mixedEncodeNs: Figure
  readonly mixedDecodeNs: Figure
  /** Against the library of the same format; null for what is no codec of Earshot. */
  readonly encodeGain: Gain | null
  readonly decodeGain: Gain | null
  /** One request and its answer between two processes; null where there is no such link. */
  readonly roundTripP50Us: Figure | null
  readonly roundTripP99Us: Figure | null
}

export interface Effort {
  readonly quick: boolean
  readonly processes: number
  readonly mixedProcesses: number
  readonly roundTripProcesses: number
  /** One process for each codec and shape, or one for each codec. */
  readonly isolated: 'codec and shape' | 'codec'
  readonly warmUpMs: number
  readonly timeMs: number
  readonly roundTrips: number
}

const leastRatio = 1.2

export interface Results {
  readonly title: string
  readonly startedAt: string
  readonly tookS: number
  readonly machine: Machine
  readonly effort: Effort
  readonly subjects: readonly {
    readonly id: string
    readonly title: string
    readonly family: 'earshot' | 'library' | 'xml'
    readonly format: Format
  }[]
  readonly shapes: readonly {
    readonly name: ShapeName
    readonly title: string
    readonly example: unknown
  }[]
  readonly method: readonly string[]
  readonly caveats: readonly string[]
  readonly cells: readonly Cell[]
}

/** Compares two times; what noise may have made is called the same. */
export function gainOf(theirs: Figure, ours: Figure): Gain {
  const ratio = theirs.median / ours.median
  if (ratio >= leastRatio && ours.highest < theirs.lowest) return { ratio, verdict: 'faster' }
  if (ratio <= 1 / leastRatio && ours.lowest > theirs.highest) return { ratio, verdict: 'slower' }
  return { ratio, verdict: 'same' }
}

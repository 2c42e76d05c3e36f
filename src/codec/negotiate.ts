// Owns the choice of a codec between two peers. Never looks at a shape.

import type { CodecName } from './codec.ts'

/**
 * The common codec with the least sum of ranks in both lists (best first).
 * Ties go to the one that stands earlier in `theirs`: both sides must agree whose list is theirs.
 * @returns undefined when nothing is common.
 */
export function negotiate(
  mine: readonly CodecName[],
  theirs: readonly CodecName[],
): CodecName | undefined {
  let best: CodecName | undefined
  let least = Number.POSITIVE_INFINITY
  theirs.forEach((codec, rank) => {
    const own = mine.indexOf(codec)
    if (own < 0 || own + rank >= least) return
    least = own + rank
    best = codec
  })
  return best
}

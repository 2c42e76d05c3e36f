// Owns the guard before the clock starts: what was decoded must equal what was encoded.
// Never lets a wrong or missing field be fast.

import { firstDifference } from 'earshot/report'
import type { Pair } from './pair.ts'
import type { ShapeName } from './shape-names.ts'

/**
 * Encodes and decodes every value.
 * @throws Error naming codec, shape, value and field of the first difference
 */
export function verifyRoundTrip(
  title: string,
  shape: ShapeName,
  { encode, decode, plain = (decoded) => decoded }: Pair,
  values: readonly unknown[],
): void {
  const buffer = Buffer.alloc(1 << 20)
  values.forEach((value, index) => {
    const where = `${title}, shape ${shape}, value ${index}`
    let decoded: unknown
    try {
      const start = (index % 8) * 8
      const end = encode(value, buffer, start)
      if (!(end > start)) throw new Error(`encode returned ${end} for position ${start}`)
      decoded = plain(decode(buffer, start, end))
    } catch (error) {
      throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
    const found = firstDifference(value, decoded)
    if (found) throw new Error(`${where} does not come back as it was sent: ${found.text}`)
  })
}

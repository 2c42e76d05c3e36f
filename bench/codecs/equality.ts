// Owns the guard before the clock starts: what was decoded must equal what was encoded.
// Never lets a wrong or missing field be fast.

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
    const found = firstDifference(value, decoded, '')
    if (found) throw new Error(`${where} does not come back as it was sent: ${found}`)
  })
}

/** Where two values differ, in words; undefined when they are equal. Absent and null are one. */
export function firstDifference(sent: unknown, got: unknown, path: string): string | undefined {
  const at = path === '' ? 'the whole value' : path
  if (sent === undefined || sent === null) {
    return got === undefined || got === null ? undefined : `${at} came from nowhere`
  }
  if (typeof sent !== 'object' || typeof got !== 'object' || got === null) {
    return Object.is(sent, got) ? undefined : `${at} was ${show(sent)}, became ${show(got)}`
  }
  if (Array.isArray(sent) !== Array.isArray(got)) return `${at} is a list on one side only`
  if (Array.isArray(sent) && sent.length !== (got as unknown[]).length) {
    return `${at} had ${sent.length} items, became ${(got as unknown[]).length}`
  }
  for (const key of new Set([...Object.keys(sent), ...Object.keys(got)])) {
    const found = firstDifference(
      (sent as Record<string, unknown>)[key],
      (got as Record<string, unknown>)[key],
      `${path}/${key}`,
    )
    if (found) return found
  }
  return undefined
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

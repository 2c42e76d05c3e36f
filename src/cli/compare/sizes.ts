// Owns the check before any clock starts: every row comes back equal from the codec; and sizes.
// Never lets a row that came back changed be small or quick.

import { gzipSync } from 'node:zlib'
import { defaultLimits, isEarshotError } from 'earshot'
import { firstDifference } from 'earshot/report'
import type { Coder } from './subjects.ts'
import type { TypedSample } from './typed-sample.ts'

/** Bytes; means over the rows. */
export interface Sizes {
  readonly bytes: number
  readonly gzipBytes: number
  /** Of one batch of `inBatch` bodies, one after the other. */
  readonly batchBytes: number
  readonly batchGzipBytes: number
  readonly inBatch: number
}

/** The first row that does not come back. */
export interface Broken {
  readonly line: number
  readonly path: string
  readonly text: string
}

const BATCH = 64
const MAX_BATCHES = 16
const MAX_SINGLES = 512

/**
 * @param maxChecked rows that are encoded and decoded, evenly spread when there are more
 * @returns Broken for the first of them that is not equal after that
 */
export function sizesOf(
  coder: Coder,
  { values, lines }: TypedSample,
  maxChecked: number,
): Sizes | Broken {
  const room = new Room(coder)
  let bytes = 0
  const checked = spread([...values.keys()], maxChecked)
  for (const index of checked) {
    const value = values[index]
    const line = lines[index] as number
    try {
      const body = room.encode(value)
      bytes += body.length
      const decoded = coder.decode(room.buffer, 0, body.length)
      const found = firstDifference(value, decoded)
      if (found) return { line, ...found }
    } catch (error) {
      if (isEarshotError(error)) return { line, path: error.path ?? '', text: error.message }
      if (!(error instanceof Error)) throw error
      return { line, path: '', text: error.message }
    }
  }
  const singles = spread(values, MAX_SINGLES).map((value) => gzipSync(room.encode(value)).length)
  const inBatch = Math.min(BATCH, values.length)
  const batches = batchesOf(values, inBatch).map((batch) =>
    Buffer.concat(batch.map((value) => Buffer.from(room.encode(value)))),
  )
  return {
    bytes: bytes / checked.length,
    gzipBytes: mean(singles),
    batchBytes: mean(batches.map(({ length }) => length)),
    batchGzipBytes: mean(batches.map((batch) => gzipSync(batch).length)),
    inBatch,
  }
}

/** Room for one message, which grows with the largest. */
class Room {
  buffer: Buffer = Buffer.allocUnsafe(65_536)
  readonly #coder: Coder

  constructor(coder: Coder) {
    this.#coder = coder
  }

  encode(value: unknown): Buffer {
    for (;;) {
      const end = this.#coder.encodeInto(value, this.buffer, 0)
      if (end >= 0) return this.buffer.subarray(0, end)
      const next = this.buffer.length * 4
      if (next > defaultLimits.maxMessageBytes * 4) {
        throw new Error(`larger than ${defaultLimits.maxMessageBytes} bytes (maxMessageBytes)`)
      }
      this.buffer = Buffer.allocUnsafe(next)
    }
  }
}

/** Up to `most` of a list, evenly spread over it. */
export function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return Array.from({ length: most }, (_, at) => list[Math.floor((at * list.length) / most)] as T)
}

/** Consecutive rows, as they would share a frame. */
function batchesOf(values: readonly unknown[], size: number): (readonly unknown[])[] {
  const count = Math.floor(values.length / size)
  const starts = Array.from({ length: count }, (_, at) => at * size)
  return spread(starts, MAX_BATCHES).map((start) => values.slice(start, start + size))
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}

// Owns taking the time of encoding and decoding: warm-up, rounds, medians.
// Hot path: what is timed is the codec and a loop, nothing else.

import { defaultLimits, systemClock } from 'earshot'
import type { Coder } from './subjects.ts'

/** ns a message: the median of the rounds, and the ends of what lies between. */
export interface Time {
  readonly medianNs: number
  readonly lowestNs: number
  readonly highestNs: number
}

export interface Times {
  readonly encode: Time
  readonly decode: Time
}

interface Encoded {
  readonly buffer: Buffer
  readonly ends: readonly number[]
}

/** Does so many messages. */
type Work = (count: number) => void

const ROUNDS = 9
const ROUND_MS = 10
const WARM_UP_MS = 200
/** Bytes of encoded messages that are kept for decoding. */
const MAX_KEPT_BYTES = 33_554_432

/** Results end here, where the optimizer cannot see that nobody wants them. */
const consumed: { value: unknown; end: number } = { value: undefined, end: 0 }

/** Values in rotation, as a service would see them. */
export function timesOf(coder: Coder, values: readonly unknown[], quick: boolean): Times {
  const encoded = encodeAll(coder, values)
  const used = values.slice(0, encoded.ends.length)
  const works = [encoding(coder, used, encoded), decoding(coder, encoded)] as const
  const parts = quick ? 10 : 1
  // In turn, so that neither is cold again when its turn to be timed comes.
  const counts = works.map((work) => warmUp(work, WARM_UP_MS / parts))
  const rounds: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, work] of works.entries()) {
      const perRound = Math.max(1, Math.round((counts[at] as number) / parts))
      rounds[at]?.push(nsEach(work, perRound))
    }
  }
  return { encode: timeOf(rounds[0]), decode: timeOf(rounds[1]) }
}

function encodeAll(coder: Coder, values: readonly unknown[]): Encoded {
  let buffer = Buffer.allocUnsafe(1 << 18)
  const ends: number[] = []
  let position = 0
  for (const value of values) {
    let end = coder.encodeInto(value, buffer, position)
    while (end < 0 && buffer.length <= defaultLimits.maxMessageBytes * 4) {
      const larger = Buffer.allocUnsafe(buffer.length * 2)
      buffer.copy(larger, 0, 0, position)
      buffer = larger
      end = coder.encodeInto(value, buffer, position)
    }
    if (end < 0) throw new Error('a message is too large')
    if (end > MAX_KEPT_BYTES && ends.length > 0) break
    ends.push(end)
    position = end
  }
  return { buffer, ends }
}

/** Like the frames of a link, the room is used from start to end, then again. */
function encoding(coder: Coder, values: readonly unknown[], { ends }: Encoded): Work {
  const largest = ends.reduce((most, end, at) => Math.max(most, end - (ends[at - 1] ?? 0)), 0)
  // An encoder may ask for more room than it takes: three bytes for each character of a text.
  const room = Buffer.allocUnsafe(Math.max(1 << 17, largest * 8 + 256))
  const last = room.length - largest * 4 - 128
  let position = 0
  let next = 0
  return (count) => {
    for (let index = 0; index < count; index++) {
      position = coder.encodeInto(values[next], room, position)
      if (position < 0 || position > last) position = 0
      if (++next === values.length) next = 0
    }
    consumed.end = position
  }
}

function decoding(coder: Coder, { buffer, ends }: Encoded): Work {
  let start = 0
  let next = 0
  return (count) => {
    for (let index = 0; index < count; index++) {
      const end = ends[next] as number
      consumed.value = coder.decode(buffer, start, end)
      start = end
      if (++next === ends.length) {
        next = 0
        start = 0
      }
    }
  }
}

/** Runs for a while; returns how many messages a round has. */
function warmUp(work: Work, ms: number): number {
  const start = systemClock.nowMs()
  let count = 0
  let elapsed = 0
  for (let step = 1; elapsed < ms; step = Math.min(step * 2, 1_024)) {
    work(step)
    count += step
    elapsed = systemClock.nowMs() - start
  }
  return Math.max(1, Math.round((count / elapsed) * ROUND_MS))
}

function nsEach(work: Work, count: number): number {
  const start = systemClock.nowMs()
  work(count)
  return ((systemClock.nowMs() - start) * 1e6) / count
}

function timeOf(rounds: readonly number[]): Time {
  const sorted = [...rounds].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] as number
  const last = sorted.length - 1
  return { medianNs: at(last >> 1), lowestNs: at(0), highestNs: at(last) }
}

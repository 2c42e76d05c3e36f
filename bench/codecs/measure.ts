// Owns one measuring process: loads the codecs it is told, checks, counts bytes, takes times.
// Run by measurements.ts; its job is the first argument, its answer one line of JSON.

import { gzipSync } from 'node:zlib'
import { Bench } from 'tinybench'
import { allocatedBytes } from './allocation.ts'
import { verifyRoundTrip } from './equality.ts'
import type { Pair } from './pair.ts'
import type { Sizes, Timing } from './results.ts'
import type { ShapeName } from './shape-names.ts'
import { subjectOf } from './subjects.ts'
import { valueCount, valuesOf } from './values.ts'

export interface Job {
  readonly subjects: readonly string[]
  readonly shapes: readonly ShapeName[]
  readonly warmUpMs: number
  readonly timeMs: number
}

export interface Measured {
  readonly subject: string
  readonly shape: ShapeName
  readonly sizes: Sizes
  readonly timing: Timing
}

interface Rig {
  readonly subject: string
  readonly shape: ShapeName
  readonly pair: Pair
  readonly values: readonly unknown[]
  readonly sizes: Sizes
  readonly encoded: Encoded
}

interface Encoded {
  readonly buffer: Buffer
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Does so many messages. */
type Work = (count: number) => void

interface Time {
  readonly medianNs: number
  readonly p99Ns: number
}

/** Like the frames of a link, the buffer is used from start to end, then again. */
const room = Buffer.alloc(1 << 18)
const wrapBytes = 1 << 16
/** A sample lasts no longer than about this, so that slow codecs have samples enough for a p99. */
const sampleMs = 0.5
const warmUpSlices = 8

/** Results end here, where the optimizer cannot see that nobody wants them. */
const consumed: { value: unknown; count: number } = { value: undefined, count: 0 }

async function setUp(id: string, shape: ShapeName): Promise<Rig> {
  const subject = subjectOf(id)
  const pair = (await subject.load())(shape)
  const values = valuesOf(shape)
  verifyRoundTrip(subject.title, shape, pair, values)
  const encoded = encodeAll(pair, values)
  return { subject: id, shape, pair, values, sizes: sizesOf(encoded), encoded }
}

/** Messages begin at multiples of eight bytes, because msgpackr begins nowhere else. */
function encodeAll(pair: Pair, values: readonly unknown[]): Encoded {
  const buffer = Buffer.alloc(1 << 20)
  const starts: number[] = []
  const ends: number[] = []
  let position = 0
  for (const value of values) {
    starts.push(position)
    const end = pair.encode(value, buffer, position)
    ends.push(end)
    position = (end + 7) & ~7
  }
  return { buffer, starts, ends }
}

function sizesOf({ buffer, starts, ends }: Encoded): Sizes {
  const bodies = starts.map((start, index) => buffer.subarray(start, ends[index]))
  const mean = (lengths: readonly number[]) =>
    lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  return {
    bytes: mean(bodies.map((body) => body.length)),
    gzipBytes: mean(bodies.map((body) => gzipSync(body).length)),
    gzipInBatchBytes: gzipSync(Buffer.concat(bodies)).length / bodies.length,
  }
}

/** Encodes `count` messages a call, values in rotation. */
function encoding({ pair, values }: Rig): Work {
  let position = 0
  let next = 0
  return (count) => {
    for (let index = 0; index < count; index++) {
      position = (pair.encode(values[next], room, position) + 7) & ~7
      if (position > wrapBytes) position = 0
      next = (next + 1) % valueCount
    }
    consumed.count += position
  }
}

function decoding({ pair, encoded }: Rig): Work {
  const { buffer, starts, ends } = encoded
  let next = 0
  return (count) => {
    for (let index = 0; index < count; index++) {
      consumed.value = pair.decode(buffer, starts[next] as number, ends[next] as number)
      next = (next + 1) % valueCount
    }
  }
}

/** Runs for a while; returns how many messages make a sample: 64, fewer where they are slow. */
function warmUp(work: Work, warmUpMs: number): number {
  const start = performance.now()
  let batches = 0
  do {
    work(valueCount)
    batches++
  } while (performance.now() - start < warmUpMs)
  const batchMs = (performance.now() - start) / batches
  let count = valueCount
  while (count > 1 && (batchMs * count) / valueCount > sampleMs) count /= 2
  return count
}

/**
 * All are warmed up before any is timed, a slice each in turn: so inline caches have seen what they
 * will see, and V8 throws away no code for having been idle while the others warmed up.
 */
function warmUpAll(works: readonly Work[], warmUpMs: number): number[] {
  let counts: number[] = []
  for (let slice = 0; slice < warmUpSlices; slice++) {
    counts = works.map((work) => warmUp(work, warmUpMs / warmUpSlices))
  }
  return counts
}

function time(work: Work, count: number, timeMs: number): Time {
  // Warm already, and longer than tinybench's own warm-up would be.
  const bench = new Bench({ time: timeMs, iterations: 32, warmup: false, throws: true })
  bench.add('work', () => work(count))
  const result = bench.runSync()[0]?.result
  if (result?.state !== 'completed') throw new Error(`tinybench ended ${result?.state}`)
  const nsEach = 1e6 / count
  return { medianNs: result.latency.p50 * nsEach, p99Ns: result.latency.p99 * nsEach }
}

/** Takes the times of every codec and shape of the job. */
export async function measure(job: Job): Promise<Measured[]> {
  const rigs: Rig[] = []
  for (const id of job.subjects) {
    for (const shape of job.shapes) rigs.push(await setUp(id, shape))
  }
  const works = rigs.flatMap((rig) => [encoding(rig), decoding(rig)])
  const counts = warmUpAll(works, job.warmUpMs)
  const times = works.map((work, index) => time(work, counts[index] as number, job.timeMs))
  // The encoders are every second: what decoders allocate is the values they are asked for.
  const allocated = rigs.map((_, index) => allocatedBytes(works[index * 2] as Work))
  return rigs.map(({ subject, shape, sizes }, index) => {
    const [encoded, decoded] = times.slice(index * 2) as [Time, Time]
    const timing = {
      encodeNs: encoded.medianNs,
      encodeP99Ns: encoded.p99Ns,
      decodeNs: decoded.medianNs,
      decodeP99Ns: decoded.p99Ns,
      encodeAllocatedBytes: allocated[index] as number,
    }
    return { subject, shape, sizes, timing }
  })
}

if (import.meta.filename === process.argv[1]) {
  const job = JSON.parse(process.argv[2] ?? '{}') as Job
  process.stdout.write(`${JSON.stringify(await measure(job))}\n`)
}

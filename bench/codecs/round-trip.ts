// Owns the round trip: two processes, a peer in each, requests over Earshot's own links.
// Run twice by round-trips.ts: one process answers, the other asks and takes the time.

import { createPeer, type Peer } from 'earshot'
import { firstDifference } from 'earshot/report'
import type { Pair } from './pair.ts'
import { type ShapeName, shapeNames } from './shape-names.ts'
import { Carrier, Shapes } from './shapes.ts'
import { type Format, subjectOf } from './subjects.ts'
import { valueCount, valuesOf } from './values.ts'

export interface RoundTripJob {
  readonly role: 'answer' | 'ask'
  readonly format: Format
  /** A mesh and a directory of its own, so that no other peer of this machine is met. */
  readonly mesh: string
  readonly directory: string
  readonly warmUps: number
  readonly roundTrips: number
}

export interface RoundTripMeasured {
  readonly shape: ShapeName
  readonly p50Us: number
  readonly p99Us: number
  readonly count: number
}

type Ask = (value: unknown) => Promise<unknown>

const foundWithinMs = 20_000
const timeoutMs = 10_000
/** Slow codecs answer fewer requests in this time than they are asked for. */
const enoughMs = 1_200
const least = 100

function start({ role, format, mesh, directory }: RoundTripJob): Promise<Peer> {
  const name = `bench-${role}`
  const discovery = ['directory'] as const
  // One codec only: so nothing else can have been agreed on.
  const codecs = format === 'xml' ? {} : { codecs: [format] }
  return createPeer({ name, mesh, directory, discovery, ...codecs })
}

/** Answers each message with itself, decoded and encoded anew. Ends when its parent does. */
async function answer(job: RoundTripJob): Promise<void> {
  const peer = await start(job)
  if (job.format === 'xml') {
    const pairs = await xmlPairs()
    // The first byte says which shape the text is of.
    const bytes = (body: Uint8Array) => {
      const pair = pairs[body[0] as number] as Pair
      return pack(pair, body[0] as number, unpack(pair, body))
    }
    await peer.serve(Carrier, { bytes })
  } else {
    await peer.serve(Shapes, {
      tiny: (body) => body,
      tick: (body) => body,
      order: (body) => body,
      telemetry: (body) => body,
      text: (body) => body,
    })
  }
  process.stdout.write('ready\n')
  process.stdin.resume()
  process.stdin.once('end', () => void peer.close())
}

async function ask(job: RoundTripJob): Promise<RoundTripMeasured[]> {
  const peer = await start(job)
  const asks = await askers(peer, job.format)
  const measured: RoundTripMeasured[] = []
  for (const shape of shapeNames) {
    const values = valuesOf(shape)
    await verify(job.format, shape, asks[shape], values)
    for (let index = 0; index < job.warmUps; index++) await asks[shape](values[index % valueCount])
    measured.push({ shape, ...(await take(asks[shape], values, job.roundTrips)) })
  }
  await peer.close()
  return measured
}

async function askers(peer: Peer, format: Format): Promise<Record<ShapeName, Ask>> {
  if (format !== 'xml') {
    const client = peer.client(Shapes, { timeoutMs })
    await client.tiny(valuesOf('tiny')[0] as never, { timeoutMs: foundWithinMs })
    return client as never
  }
  const client = peer.client(Carrier, { timeoutMs })
  const pairs = await xmlPairs()
  const asks = shapeNames.map((shape, index) => {
    const pair = pairs[index] as Pair
    const request: Ask = async (value) =>
      unpack(pair, await client.bytes(pack(pair, index, value), { timeoutMs: foundWithinMs }))
    return [shape, request] as const
  })
  return Object.fromEntries(asks) as Record<ShapeName, Ask>
}

async function verify(format: Format, shape: ShapeName, request: Ask, values: readonly unknown[]) {
  for (const [index, value] of values.entries()) {
    const found = firstDifference(value, await request(value))
    if (!found) continue
    const where = `${format} over the transport, shape ${shape}, value ${index}`
    throw new Error(`${where} does not come back as it was sent: ${found.text}`)
  }
}

/** One request at a time: latency, not throughput. */
async function take(request: Ask, values: readonly unknown[], roundTrips: number) {
  const times: number[] = []
  const start = performance.now()
  for (let index = 0; index < roundTrips; index++) {
    const value = values[index % valueCount]
    const from = performance.now()
    if (index >= least && from - start > enoughMs) break
    await request(value)
    times.push((performance.now() - from) * 1e3)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.ceil(share * times.length) - 1] as number
  return { p50Us: at(0.5), p99Us: at(0.99), count: times.length }
}

async function xmlPairs(): Promise<Pair[]> {
  const makePair = await subjectOf('xml').load()
  return shapeNames.map(makePair)
}

const room = Buffer.alloc(1 << 16)

function pack(pair: Pair, index: number, value: unknown): Buffer {
  room[0] = index
  return Buffer.from(room.subarray(0, pair.encode(value, room, 1)))
}

function unpack(pair: Pair, body: Uint8Array): unknown {
  return pair.decode(Buffer.from(body.buffer, body.byteOffset, body.length), 1, body.length)
}

if (import.meta.filename === process.argv[1]) {
  const job = JSON.parse(process.argv[2] ?? '{}') as RoundTripJob
  if (job.role === 'answer') await answer(job)
  else process.stdout.write(`${JSON.stringify(await ask(job))}\n`)
}

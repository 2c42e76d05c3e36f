// Owns one measuring process: the times of one codec alone, and requests over TCP on loopback to a
// process that decodes and encodes them anew. Never starts another; told and heard over IPC.

import { once } from 'node:events'
import {
  type AnyContract,
  type Client,
  type CodecName,
  contractFromDescription,
  createPeer,
  defaultLimits,
  type Peer,
  sleep,
  staticPeers,
  systemClock,
} from 'earshot'
import { firstDifference } from 'earshot/report'
import { oneAtATime } from '../bench/latency.ts'
import type { Job, Told } from './job.ts'
import { type Coder, coderOf, isRival, type SubjectId } from './subjects.ts'
import { type Times, timesOf } from './times.ts'

type Bytes = (body: Uint8Array) => Promise<Uint8Array>
type Ask = (value: unknown) => Promise<unknown>

const FOUND_MS = 10_000
const SECONDS = 0.5

process.once('message', (job: Job) => void run(job))

async function run(job: Job): Promise<void> {
  const contract = contractFromDescription(job.contract)
  const coder = coderOf(job.subject, contract)
  try {
    if (!coder) throw new Error('its library is gone')
    if (job.role === 'answer') await answer(job, contract, coder)
    else await measure(job, contract, coder)
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) })
  }
}

/** A parent that is gone wants to hear nothing more. */
function tell(message: Told): void {
  if (process.connected) process.send?.(message)
}

/** Until the parent lets go of us. */
async function answer(job: Job, contract: AnyContract, coder: Coder): Promise<void> {
  const released = once(process, 'disconnect')
  const peer = await join(job)
  const handlers = {
    echo: (body: unknown) => body,
    carry: (bytes: Uint8Array) => packed(coder, unpacked(coder, bytes)),
  }
  await peer.serve(contract, handlers as never)
  tell({ ready: peer.endpoints.inbox })
  await released
  await peer.close()
}

async function measure(job: Job, contract: AnyContract, coder: Coder): Promise<void> {
  const { values, quick } = job
  const times: Times = timesOf(coder, values, quick)
  const peer = await join(job)
  try {
    const remote = await found(peer)
    const client = peer.client(contract, { timeoutMs: FOUND_MS }) as Client<AnyContract>
    const ask = askerOf(client, job.subject, coder)
    let next = 0
    const inTurn = () => ask(values[next++ % values.length])
    const difference = firstDifference(values[0], await ask(values[0]))
    if (difference) throw new Error(`over the transport ${difference.text}`)
    const { p50Us, p99Us, count } = await oneAtATime(inTurn, quick ? SECONDS / 10 : SECONDS)
    tell({ times, latency: { p50Us, p99Us, count, transport: remote } })
  } finally {
    await peer.close()
  }
}

function join({ subject, mesh, directory, inbox }: Job): Promise<Peer> {
  return createPeer({
    name: `compare-${subject}`,
    mesh,
    directory,
    discovery: inbox === undefined ? ['directory'] : [staticPeers([inbox])],
    announce: inbox === undefined,
    // One codec alone: nothing else can be agreed on.
    ...(isRival(subject) ? {} : { codecs: [subject as CodecName] }),
  })
}

async function found(peer: Peer): Promise<string> {
  const endMs = systemClock.nowMs() + FOUND_MS
  while (systemClock.nowMs() < endMs) {
    const [remote] = peer.peers()
    if (remote) return remote.transport
    await sleep(systemClock, 5)
  }
  throw new Error('the two peers did not find each other')
}

function askerOf(client: object, subject: SubjectId, coder: Coder): Ask {
  const { echo, carry } = client as { echo: Ask; carry: Bytes }
  if (!isRival(subject)) return echo
  return async (value) => unpacked(coder, await carry(packed(coder, value)))
}

let room = Buffer.allocUnsafe(65_536)

function packed(coder: Coder, value: unknown): Uint8Array {
  for (;;) {
    const end = coder.encodeInto(value, room, 0)
    if (end >= 0) return Buffer.from(room.subarray(0, end))
    if (room.length > defaultLimits.maxMessageBytes) throw new Error('a message is too large')
    room = Buffer.allocUnsafe(room.length * 4)
  }
}

function unpacked(coder: Coder, bytes: Uint8Array): unknown {
  return coder.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
}

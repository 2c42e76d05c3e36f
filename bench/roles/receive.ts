// Owns the role of a receiver of notifications: counts by sender, at once or slowly.

import { type Answers, playRole } from '../process/role.ts'
import { numberOf } from './bodies.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { rssMiB } from './rss.ts'

export interface ReceiveJob extends Meeting {
  /** ms that the handler takes for each; 0: it returns at once. */
  readonly delayMs: number
}

export interface Received {
  /** By sender. */
  readonly received: readonly number[]
  /** Numbers that were passed over, all senders together. */
  readonly lost: number
  readonly atMs: number
  readonly rssMiB: number
}

const MAX_SENDERS = 256

await playRole<ReceiveJob>(async ({ delayMs, ...meeting }): Promise<Answers> => {
  const peer = await joinMeeting(meeting, 'receiver')
  const received = new Float64Array(MAX_SENDERS)
  let lost = 0
  const count = (body: Uint8Array) => {
    const origin = body[0] as number
    // The difference counts what is missing, and would count what comes twice as well.
    lost += Math.abs(numberOf(body) - (received[origin] as number))
    received[origin] = numberOf(body) + 1
  }
  const slowly = async (body: Uint8Array) => {
    count(body)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
  await peer.serve(Suite, { item: delayMs > 0 ? slowly : count, echo: (body) => body })
  const mark = (): Received => {
    return { received: [...received], lost, atMs: performance.now(), rssMiB: rssMiB() }
  }
  return { mark, end: () => peer.close() }
})

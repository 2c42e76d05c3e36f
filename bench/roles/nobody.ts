// Owns the role of a publisher that nobody hears: what a call of `send` costs then.

import type { Publisher } from 'earshot'
import { valuesOf } from '../codecs/values.ts'
import { type Answers, playRole } from '../process/role.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'

export interface ToNobody {
  readonly bytesNs: number
  readonly tickNs: number
}

const CALLS = 200_000
const ROUNDS = 21

/** The median of rounds: a round that the machine interrupts does not count. */
async function nsPerCall<B>(out: Publisher<B>, body: B): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const fromMs = performance.now()
    for (let call = 0; call < CALLS; call++) out.send(body)
    rounds.push(((performance.now() - fromMs) * 1e6) / CALLS)
    await new Promise(setImmediate)
  }
  return rounds.sort((a, b) => a - b)[(ROUNDS - 1) / 2] as number
}

await playRole<Meeting>(async (meeting): Promise<Answers> => {
  const peer = await joinMeeting(meeting, 'publisher')
  const measure = async (): Promise<ToNobody> => {
    const bytesNs = await nsPerCall(peer.publisher(Suite.sample), new Uint8Array(100))
    const [tick] = valuesOf('tick')
    return { bytesNs, tickNs: await nsPerCall(peer.publisher(Suite.tick), tick as never) }
  }
  return { measure, end: () => peer.close() }
})

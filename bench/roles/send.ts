// Owns the role of a sender of notifications: at full rate, heeding `false` and `ready()`.

import { type Answers, playRole } from '../process/role.ts'
import { stamp } from './bodies.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { rssMiB } from './rss.ts'

export interface SendJob extends Meeting {
  /** Tells senders apart, 0 to 255. */
  readonly origin: number
  readonly size: number
}

export interface Sent {
  readonly sent: number
  readonly atMs: number
  readonly rssMiB: number
}

const FOUND_WITHIN_MS = 20_000
const PER_ROUND = 100
const ROUNDS_A_TURN = 20

await playRole<SendJob>(async ({ origin, size, ...meeting }): Promise<Answers> => {
  const peer = await joinMeeting(meeting, `sender-${origin}`)
  const out = peer.sender(Suite.item)
  await out.ready(FOUND_WITHIN_MS)
  const body = new Uint8Array(size).fill(120)
  let sent = 0
  let stopping = false
  let ended: Promise<void> = Promise.resolve()
  const run = async () => {
    for (let round = 1; !stopping; round++) {
      for (let left = PER_ROUND; left > 0 && !stopping; left--) {
        stamp(body, origin, sent)
        sent++
        if (!out.send(body)) await out.ready()
      }
      if (round % ROUNDS_A_TURN === 0) await new Promise(setImmediate)
    }
  }
  const mark = (): Sent => ({ sent, atMs: performance.now(), rssMiB: rssMiB() })
  return {
    begin: () => {
      ended = run()
    },
    mark,
    stop: async () => {
      stopping = true
      await ended
      return mark()
    },
    end: () => peer.close(),
  }
})

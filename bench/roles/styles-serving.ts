// Owns the role of who serves: echoes, hangs until it is cancelled, streams, publishes; or a crowd
// of peers of which each answers.

import { type Answers, playRole } from '../process/role.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { Crowd, nowUs, Styles } from './styles.ts'

export interface ServingJob extends Meeting {
  /** So many peers that answer questions to all; none: the one that does the rest. */
  readonly crowd?: number
}

const ITEM = new Uint8Array(100).fill(120)
const PER_TURN = 1_000

async function serveCrowd(meeting: Meeting, count: number): Promise<Answers> {
  const peers = await Promise.all(
    Array.from({ length: count }, (_, index) => joinMeeting(meeting, `one-${index}`)),
  )
  for (const peer of peers) {
    await peer.serve(Crowd, { one: (body) => body, all: (body) => body })
  }
  return { end: () => Promise.all(peers.map((peer) => peer.close())) }
}

async function serveStyles(meeting: Meeting): Promise<Answers> {
  const peer = await joinMeeting(meeting, 'server')
  let endedUs: number[] = []
  let publishing = false
  await peer.serve(Styles, {
    echo: (body) => body,
    hang: (body, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          endedUs.push(nowUs())
          resolve(body)
        })
      }),
    async *items() {
      for (;;) yield ITEM
    },
  })
  const out = peer.publisher(Styles.sample)
  const publish = async () => {
    publishing = true
    while (publishing) {
      for (let left = PER_TURN; left > 0; left--) if (!out.send(ITEM)) await out.ready()
      await new Promise(setImmediate)
    }
  }
  return {
    /** When the handlers that were cancelled heard of it, in order, since it was last asked. */
    ended: () => {
      const ended = endedUs
      endedUs = []
      return ended
    },
    begin: () => void publish(),
    stop: () => {
      publishing = false
    },
    end: () => peer.close(),
  }
}

await playRole<ServingJob>(({ crowd, ...meeting }) =>
  crowd === undefined ? serveStyles(meeting) : serveCrowd(meeting, crowd),
)

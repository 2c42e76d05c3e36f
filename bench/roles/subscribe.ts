// Owns the role of subscribers: one peer or several in a process, each with codecs of its own.
// Hot path: the handler counts, and does nothing else.

import type { CodecName, Subscription } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import { Suite } from './contract.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { rssMiB } from './rss.ts'

export interface SubscribeJob extends Meeting {
  readonly channel: 'sample' | 'tick'
  /** A peer for each; an empty list means the default codecs. */
  readonly peers: readonly (readonly CodecName[])[]
}

export interface Heard {
  /** By peer. */
  readonly received: readonly number[]
  readonly missed: readonly number[]
  readonly atMs: number
  readonly rssMiB: number
}

await playRole<SubscribeJob>(async ({ channel, peers, ...meeting }): Promise<Answers> => {
  const received = new Float64Array(peers.length)
  const joined = await Promise.all(
    peers.map((codecs, index) =>
      joinMeeting(meeting, `subscriber-${index}`, codecs.length > 0 ? codecs : undefined),
    ),
  )
  await Promise.all(joined.map((peer) => peer.synced()))
  const subscriptions: Subscription[] = await Promise.all(
    joined.map((peer, index) => {
      const on = () => {
        received[index] = (received[index] as number) + 1
      }
      return channel === 'tick' ? peer.subscribe(Suite.tick, on) : peer.subscribe(Suite.sample, on)
    }),
  )
  const mark = (): Heard => {
    const missed = subscriptions.map((one) => one.missed)
    return { received: [...received], missed, atMs: performance.now(), rssMiB: rssMiB() }
  }
  return { mark, end: () => Promise.all(joined.map((peer) => peer.close())) }
})

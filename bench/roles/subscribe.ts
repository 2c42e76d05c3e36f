// Owns the role of subscribers: one peer or several in a process, each with codecs of its own.
// Hot path: the handler counts, and does nothing else.

import type { CodecName, Peer, Subscription } from 'earshot'
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

interface Hearing {
  readonly peers: readonly Peer[]
  readonly subscriptions: readonly Subscription[]
}

/** Resolves when all subscriptions are in force. */
async function hear(job: SubscribeJob, received: Float64Array): Promise<Hearing> {
  const { channel, peers: lists, ...meeting } = job
  const joining = lists.map((codecs, index) =>
    joinMeeting(meeting, `subscriber-${index}`, codecs.length > 0 ? codecs : undefined),
  )
  const peers = await Promise.all(joining)
  await Promise.all(peers.map((peer) => peer.synced()))
  const subscribing = peers.map((peer, index) => {
    const on = () => {
      received[index] = (received[index] as number) + 1
    }
    return channel === 'tick' ? peer.subscribe(Suite.tick, on) : peer.subscribe(Suite.sample, on)
  })
  return { peers, subscriptions: await Promise.all(subscribing) }
}

await playRole<SubscribeJob>(async (job): Promise<Answers> => {
  const received = new Float64Array(job.peers.length)
  let hearing: Hearing = { peers: [], subscriptions: [] }
  return {
    // Not at the start: whom to hear is known when that process, started beside, is ready.
    hear: async (only: string | null) => {
      hearing = await hear({ ...job, ...(only && { only }) }, received)
    },
    mark: (): Heard => {
      const missed = hearing.subscriptions.map((one) => one.missed)
      return { received: [...received], missed, atMs: performance.now(), rssMiB: rssMiB() }
    },
    end: () => Promise.all(hearing.peers.map((peer) => peer.close())),
  }
})

// Owns publishing at full rate to subscribers in some processes, and what arrives of it.

import { setTimeout as sleep } from 'node:timers/promises'
import type { CodecName } from 'earshot'
import { withMeeting } from '../roles/meeting.ts'
import type { Published, PublishJob } from '../roles/publish.ts'
import type { Heard, SubscribeJob } from '../roles/subscribe.ts'
import type { Times } from './effort.ts'
import { allStarted, endAll, type Role, startRole } from './parent.ts'
import { type Settled, settle } from './settle.ts'

export interface SpreadJob {
  readonly channel: 'sample' | 'tick'
  readonly codecs?: readonly CodecName[]
  /** For each process, the codecs of each subscriber in it. */
  readonly processes: readonly (readonly (readonly CodecName[])[])[]
  readonly secret?: string
  readonly times: Times
}

export interface Spread extends Settled {
  readonly publishedPerSecond: number
  /** All subscribers together. */
  readonly deliveredPerSecond: number
}

export const publishModule = new URL('../roles/publish.js', import.meta.url)
export const subscribeModule = new URL('../roles/subscribe.js', import.meta.url)

export async function measureSpread(job: SpreadJob): Promise<Spread> {
  const { channel, codecs, processes, secret, times } = job
  return await withMeeting(async (meeting) => {
    const roles: Role[] = []
    try {
      const publishing: PublishJob = { ...meeting, channel, ...(codecs && { codecs }) }
      const starting = processes.map((peers) => {
        const hearing: SubscribeJob = { ...meeting, channel, peers }
        return startRole(subscribeModule, hearing)
      })
      roles.push(...(await allStarted([startRole(publishModule, publishing), ...starting])))
      const [publisher, ...subscribers] = roles as [Role, ...Role[]]
      // Subscribers need not know each other: what many links cost is the mesh's figure.
      const only = await publisher.ask<string>('inbox')
      await Promise.all(subscribers.map((role) => role.ask('hear', only)))
      await publisher.ask('begin', processes.flat().length)
      await sleep(times.warmUpMs)
      const rates = await take(publisher, subscribers, times.seconds)
      await publisher.ask('stop')
      return { ...rates, ...(await settle(publisher, subscribers)) }
    } finally {
      await endAll(roles)
    }
  }, secret)
}

async function take(publisher: Role, subscribers: readonly Role[], seconds: number) {
  const mark = async () => {
    const heard = subscribers.map((role) => role.ask<Heard>('mark'))
    return { out: await publisher.ask<Published>('mark'), heard: await Promise.all(heard) }
  }
  const from = await mark()
  await sleep(seconds * 1_000)
  const to = await mark()
  const publishedPerSecond = rate(from.out, to.out, ({ published }) => published)
  const each = to.heard.map((heard, index) =>
    rate(from.heard[index] as Heard, heard, ({ received }) =>
      received.reduce((sum, count) => sum + count, 0),
    ),
  )
  return { publishedPerSecond, deliveredPerSecond: each.reduce((sum, one) => sum + one, 0) }
}

function rate<T extends { readonly atMs: number }>(from: T, to: T, of: (mark: T) => number) {
  return ((of(to) - of(from)) / (to.atMs - from.atMs)) * 1_000
}

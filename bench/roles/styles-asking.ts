// Owns the role of who asks: round trips, cancellations, questions to all, and what it reads and
// hears a second.

import type { Peer } from 'earshot'
import { type Answers, playRole } from '../process/role.ts'
import { joinMeeting, type Meeting } from './meeting.ts'
import { Crowd, nowUs, Styles } from './styles.ts'

export interface AskingJob extends Meeting {
  /** Peers of the crowd that it waits for. */
  readonly crowd: number
}

export interface Cancelled {
  /** µs, each. */
  readonly roundTripsUs: readonly number[]
  /** When each was cancelled. */
  readonly cancelledUs: readonly number[]
}

export interface Asked {
  readonly onesUs: readonly number[]
  /** As many requests at once, one to each of the crowd: what a question to all is made of. */
  readonly eachUs: readonly number[]
  readonly allUs: readonly number[]
}

export interface Window {
  readonly warmUpMs: number
  readonly seconds: number
}

const MEET_WITHIN_MS = 30_000
const body = new Uint8Array(100)

async function tookUs(work: () => Promise<unknown>): Promise<number> {
  const fromUs = nowUs()
  await work()
  return nowUs() - fromUs
}

/** Items of one stream a second. */
async function read(peer: Peer, { warmUpMs, seconds }: Window): Promise<number> {
  const fromMs = performance.now() + warmUpMs
  const untilMs = fromMs + seconds * 1_000
  let counted = 0
  let taken = 0
  for await (const _ of peer.client(Styles).items({ id: 0 })) {
    // The clock is read for one in a hundred: it is not what is measured.
    if (++taken % 100 !== 0) continue
    const now = performance.now()
    if (now >= fromMs) counted += 100
    if (now >= untilMs) break
  }
  return counted / seconds
}

/** Events of one publisher a second. */
async function hear(peer: Peer, { warmUpMs, seconds }: Window): Promise<number> {
  let heard = 0
  const subscription = await peer.subscribe(Styles.sample, () => {
    heard++
  })
  await new Promise((resolve) => setTimeout(resolve, warmUpMs))
  const [from, fromMs] = [heard, performance.now()]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const perSecond = (heard - from) / ((performance.now() - fromMs) / 1_000)
  await subscription.close()
  return perSecond
}

await playRole<AskingJob>(async ({ crowd, ...meeting }): Promise<Answers> => {
  const peer = await joinMeeting(meeting, 'caller')
  const styles = peer.client(Styles)
  const all = peer.client(Crowd)
  const endMs = performance.now() + MEET_WITHIN_MS
  while (peer.peers().filter(({ contracts }) => contracts.length > 0).length < crowd + 1) {
    if (performance.now() > endMs) throw new Error(`${peer.peers().length} of ${crowd + 1} are up`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** A round trip, then a call that is cancelled once it is certainly at work. */
  const cancel = async (samples: number): Promise<Cancelled> => {
    const roundTripsUs: number[] = []
    const cancelledUs: number[] = []
    for (let id = 0; id < samples; id++) {
      roundTripsUs.push(await tookUs(() => styles.echo(body)))
      const controller = new AbortController()
      const hanging = styles.hang({ id }, { signal: controller.signal }).catch(() => undefined)
      await styles.echo(body)
      cancelledUs.push(nowUs())
      controller.abort()
      await hanging
      await styles.echo(body)
    }
    return { roundTripsUs, cancelledUs }
  }

  const ask = async (samples: number): Promise<Asked> => {
    const onesUs: number[] = []
    const eachUs: number[] = []
    const allUs: number[] = []
    const ids = peer.peers().flatMap(({ id, name }) => (name === 'server' ? [] : [id]))
    for (let sample = 0; sample < samples; sample++) {
      onesUs.push(await tookUs(() => all.one(body)))
      eachUs.push(await tookUs(() => Promise.all(ids.map((to) => all.one(body, { to })))))
      const fromUs = nowUs()
      const { answers } = await all.all(body)
      allUs.push(nowUs() - fromUs)
      if (answers.length !== crowd) throw new Error(`${answers.length} of ${crowd} answered`)
    }
    return { onesUs, eachUs, allUs }
  }

  return {
    ...{ cancel, ask },
    read: (window: Window) => read(peer, window),
    hear: (window: Window) => hear(peer, window),
    end: () => peer.close(),
  }
})

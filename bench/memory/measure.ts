// Owns the component `memory`: overload that lasts, and what the processes hold meanwhile.
// Never leaves a process stopped: what stands still is made to go on, or is killed.

import { setTimeout as sleep } from 'node:timers/promises'
import { drained, receiveModule, sendModule, total } from '../one-way/fan-in.ts'
import type { Effort, Progress } from '../process/effort.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { settle } from '../process/settle.ts'
import { publishModule, subscribeModule } from '../process/spread.ts'
import { type Meeting, withMeeting } from '../roles/meeting.ts'
import type { PublishJob } from '../roles/publish.ts'
import type { Received, ReceiveJob } from '../roles/receive.ts'
import type { SendJob, Sent } from '../roles/send.ts'
import type { Heard, SubscribeJob } from '../roles/subscribe.ts'
import { heldOf, type MemoryFigures, type SlowFigures, type StoppedFigures } from './figures.ts'

const BODY_BYTES = 1_024
/** With the credit of a link it bounds the rate, far below what the sender could do. */
const HANDLER_MS = 50
const SAMPLE_MS = 1_000
/** A peer that went on must be found again, and catch up. */
const GAP_WITHIN_MS = 20_000

export async function measureMemory(effort: Effort, progress: Progress): Promise<MemoryFigures> {
  const { memorySeconds, quick } = effort
  progress(`a stopped subscriber, ${memorySeconds} s`)
  const stopping = withMeeting((meeting) => measureStopped(meeting, effort))
  // Memory is no matter of speed: a quick run takes both at once.
  if (!quick) await stopping
  progress(`a slow server, ${memorySeconds} s`)
  const slowing = withMeeting((meeting) => measureSlow(meeting, effort))
  const [stopped, slow] = await Promise.all([stopping, slowing])
  return { stopped, slow }
}

async function measureStopped(meeting: Meeting, effort: Effort): Promise<StoppedFigures> {
  const { memorySeconds: seconds, memoryWarmUpMs } = effort
  const channel = 'sample'
  const publishing: PublishJob = { ...meeting, channel, size: BODY_BYTES }
  const hearing: SubscribeJob = { ...meeting, channel, peers: [[]] }
  const starting = [
    startRole(publishModule, publishing),
    startRole(subscribeModule, hearing),
    startRole(subscribeModule, hearing),
  ]
  const roles = (await allStarted(starting)) as [Role, Role, Role]
  const [publisher, stopped, other] = roles
  try {
    await Promise.all([stopped, other].map((role) => role.ask('hear', null)))
    await publisher.ask('begin', 2)
    await sleep(memoryWarmUpMs / 2)
    const otherBefore = await rateOf(other, 1_000)
    stopped.signal('SIGSTOP')
    await sleep(memoryWarmUpMs)
    const measuring = sampled([publisher], seconds)
    const otherDuring = await rateOf(other, seconds * 1_000)
    const [samples = []] = await measuring
    stopped.signal('SIGCONT')
    await sleep(memoryWarmUpMs)
    await publisher.ask('stop')
    const gap = await settle(publisher, [stopped], GAP_WITHIN_MS)
    return {
      seconds,
      publisher: heldOf('the publisher beside a stopped subscriber', samples),
      otherBefore,
      otherDuring,
      gap,
    }
  } finally {
    stopped.signal('SIGCONT')
    await endAll(roles)
  }
}

async function measureSlow(meeting: Meeting, effort: Effort): Promise<SlowFigures> {
  const { memorySeconds: seconds, memoryWarmUpMs } = effort
  const receiving: ReceiveJob = { ...meeting, delayMs: HANDLER_MS }
  const sending: SendJob = { ...meeting, origin: 0, size: BODY_BYTES }
  const starting = [startRole(receiveModule, receiving), startRole(sendModule, sending)]
  const roles = (await allStarted(starting)) as [Role, Role]
  const [receiver, sender] = roles
  try {
    await sender.ask('begin')
    await sleep(memoryWarmUpMs)
    const [ofSender = [], ofReceiver = []] = await sampled([sender, receiver], seconds)
    const { sent } = await sender.ask<Sent>('stop')
    const end: Received = await drained(receiver, sent)
    return {
      seconds,
      handlerMs: HANDLER_MS,
      sender: heldOf('the sender to a slow server', ofSender),
      receiver: heldOf('the slow server', ofReceiver),
      sent,
      handled: total(end),
      lost: end.lost + sent - total(end),
    }
  } finally {
    await endAll(roles)
  }
}

/** Memory of each role, once a second. */
async function sampled(roles: readonly Role[], seconds: number): Promise<number[][]> {
  const samples = roles.map((): number[] => [])
  for (let second = 0; second < seconds; second++) {
    await sleep(SAMPLE_MS)
    for (const [index, role] of roles.entries()) {
      samples[index]?.push((await role.ask<{ rssMiB: number }>('mark')).rssMiB)
    }
  }
  return samples
}

async function rateOf(subscriber: Role, ms: number): Promise<number> {
  const from = await subscriber.ask<Heard>('mark')
  await sleep(ms)
  const to = await subscriber.ask<Heard>('mark')
  const received = (to.received[0] as number) - (from.received[0] as number)
  return (received / (to.atMs - from.atMs)) * 1_000
}

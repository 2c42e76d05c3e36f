// Owns fan-in: several senders of notifications, one receiver; nothing may be lost.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Times } from '../process/effort.ts'
import { allStarted, endAll, type Role, startRole } from '../process/parent.ts'
import { withMeeting } from '../roles/meeting.ts'
import type { Received, ReceiveJob } from '../roles/receive.ts'
import type { SendJob, Sent } from '../roles/send.ts'
import type { FanIn } from './figures.ts'

export const sendModule = new URL('../roles/send.js', import.meta.url)
export const receiveModule = new URL('../roles/receive.js', import.meta.url)

const ITEM_BYTES = 100
const STEP_MS = 50
const DRAINED_WITHIN_MS = 10_000

export async function measureFanIn(senders: number, times: Times): Promise<FanIn> {
  return await withMeeting(async (meeting) => {
    const roles: Role[] = []
    try {
      const job: ReceiveJob = { ...meeting, delayMs: 0 }
      const origins = Array.from({ length: senders }, (_, origin) => origin)
      const starting = origins.map((origin) => {
        const sending: SendJob = { ...meeting, origin, size: ITEM_BYTES }
        return startRole(sendModule, sending)
      })
      roles.push(...(await allStarted([startRole(receiveModule, job), ...starting])))
      const [receiver, ...sending] = roles as [Role, ...Role[]]
      await Promise.all(sending.map((role) => role.ask('begin')))
      await sleep(times.warmUpMs)
      const from = await receiver.ask<Received>('mark')
      await sleep(times.seconds * 1_000)
      const to = await receiver.ask<Received>('mark')
      const stopped = await Promise.all(sending.map((role) => role.ask<Sent>('stop')))
      const sent = stopped.reduce((sum, one) => sum + one.sent, 0)
      const end = await drained(receiver, sent)
      const perSecond = ((total(to) - total(from)) / (to.atMs - from.atMs)) * 1_000
      return { senders, perSecond, sent, received: total(end), lost: end.lost + sent - total(end) }
    } finally {
      await endAll(roles)
    }
  })
}

/** The receiver's count when all have arrived, or when it has been waited for long enough. */
export async function drained(receiver: Role, sent: number): Promise<Received> {
  const endMs = performance.now() + DRAINED_WITHIN_MS
  for (;;) {
    const mark = await receiver.ask<Received>('mark')
    if (total(mark) >= sent || performance.now() > endMs) return mark
    await sleep(STEP_MS)
  }
}

export function total({ received }: Received): number {
  return received.reduce((sum, count) => sum + count, 0)
}

// Owns measuring a baseline: its processes, one after the other, and the figures they bring.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Percentiles } from '../process/command.ts'
import type { ItemSize, Times } from '../process/effort.ts'
import { endAll, type Role, startRole } from '../process/parent.ts'
import type { BaselineName } from './adapter.ts'
import type { Paced } from './asking.ts'
import type { BaselineJob } from './role.ts'

const module = new URL('./role.js', import.meta.url)

interface Mark {
  readonly count: number
  readonly atMs: number
}

/** Messages a second, counted at the receiver. */
export async function baselineOneWay(
  system: BaselineName,
  size: ItemSize,
  { seconds, warmUpMs }: Times,
): Promise<number> {
  const receiver = await start({ system, side: 'receive' })
  try {
    const address = await receiver.ask<string>('address')
    const sender = await start({ system, side: 'send', address, size })
    try {
      await sender.ask('begin')
      await sleep(warmUpMs)
      const from = await receiver.ask<Mark>('mark')
      await sleep(seconds * 1_000)
      const to = await receiver.ask<Mark>('mark')
      return ((to.count - from.count) / (to.atMs - from.atMs)) * 1_000
    } finally {
      await sender.end()
    }
  } finally {
    await receiver.end()
  }
}

export interface Asked {
  readonly alone: Percentiles
  readonly perSecond: number
}

/** One request at a time, then many at once. */
export function baselineRequests(
  system: BaselineName,
  lanes: number,
  { seconds, warmUpMs }: Times,
): Promise<Asked> {
  return withClient(system, async (client) => {
    const alone = await client.ask<Percentiles>('alone', seconds)
    const perSecond = await client.ask<number>('many', { lanes, seconds, warmUpMs })
    return { alone, perSecond }
  })
}

/** At each fixed rate so many requests; after as many one at a time as `seconds` allow. */
export function baselinePaced(
  system: BaselineName,
  paces: readonly Paced[],
  seconds: number,
): Promise<Percentiles[]> {
  return withClient(system, async (client) => {
    await client.ask('alone', seconds)
    const found: Percentiles[] = []
    for (const pace of paces) found.push(await client.ask<Percentiles>('paced', pace))
    return found
  })
}

async function withClient<T>(system: BaselineName, run: (client: Role) => Promise<T>): Promise<T> {
  const server = await start({ system, side: 'echo' })
  const roles: Role[] = [server]
  try {
    const address = await server.ask<string>('address')
    const client = await start({ system, side: 'client', address })
    roles.push(client)
    return await run(client)
  } finally {
    await endAll(roles)
  }
}

function start(job: BaselineJob): Promise<Role> {
  return startRole(module, job)
}

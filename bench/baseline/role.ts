// Owns a process that is one side of a baseline: receiver, sender, server or client.
// Sends and asks in the same rhythm as `earshot bench run`, so that only the systems differ.

import { type Answers, playRole } from '../process/role.ts'
import { bodiesOf } from '../roles/bodies.ts'
import type { Adapter, BaselineName } from './adapter.ts'
import { alone, type Many, many, type Paced, paced } from './asking.ts'
import { net } from './net.ts'
import { zeromq } from './zeromq.ts'

export interface BaselineJob {
  readonly system: BaselineName
  readonly side: 'receive' | 'send' | 'echo' | 'client'
  readonly address?: string
  readonly size?: number | 'mixed'
}

const adapters: Readonly<Record<BaselineName, Adapter>> = { zeromq, net }

const REQUEST_BYTES = 64
const PER_ROUND = 100
const ROUNDS_A_TURN = 20

async function receive(adapter: Adapter): Promise<Answers> {
  let count = 0
  const address = await adapter.receive(() => {
    count++
  })
  return { address: () => address, mark: () => ({ count, atMs: performance.now() }) }
}

async function send(adapter: Adapter, address: string, size: number | 'mixed'): Promise<Answers> {
  const sender = await adapter.sender(address)
  const bodies = bodiesOf(size)
  const run = async () => {
    let at = 0
    for (let round = 1; ; round++) {
      for (let left = PER_ROUND; left > 0; left--) {
        const wait = sender.send(bodies[at] as Buffer)
        if (wait) await wait
        at = at + 1 === bodies.length ? 0 : at + 1
      }
      if (round % ROUNDS_A_TURN === 0) await new Promise(setImmediate)
    }
  }
  return { begin: () => void run() }
}

async function client(adapter: Adapter, address: string): Promise<Answers> {
  const { request } = await adapter.client(address)
  const body = Buffer.alloc(REQUEST_BYTES)
  const ask = () => request(body)
  return {
    alone: (seconds: number) => alone(ask, seconds),
    paced: (pace: Paced) => paced(ask, pace),
    many: (how: Many) => many(ask, how),
  }
}

await playRole<BaselineJob>(async ({ system, side, address = '', size = 100 }) => {
  const adapter = adapters[system]
  if (side === 'receive') return await receive(adapter)
  if (side === 'send') return await send(adapter, address, size)
  if (side === 'client') return await client(adapter, address)
  const at = await adapter.echo()
  return { address: () => at }
})

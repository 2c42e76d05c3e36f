// Owns a process that is one side of a baseline: receiver, sender, server or client.
// Sends and asks in the same rhythm as `earshot bench run`, so that only the systems differ.

import type { Times } from '../process/effort.ts'
import { type Answers, playRole } from '../process/role.ts'
import { bodiesOf } from '../roles/bodies.ts'
import { percentilesOf } from '../roles/percentiles.ts'
import type { Adapter, BaselineName } from './adapter.ts'
import { net } from './net.ts'
import { zeromq } from './zeromq.ts'

export interface BaselineJob {
  readonly system: BaselineName
  readonly side: 'receive' | 'send' | 'echo' | 'client'
  readonly address?: string
  readonly size?: number | 'mixed'
}

interface Many extends Times {
  readonly lanes: number
}

const adapters: Readonly<Record<BaselineName, Adapter>> = { zeromq, net }

const REQUEST_BYTES = 64
const WARM_UPS = 300
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
  const alone = async (seconds: number) => {
    for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await request(body)
    const times: number[] = []
    const endMs = performance.now() + seconds * 1_000
    for (let fromMs = performance.now(); fromMs < endMs; ) {
      await request(body)
      const nowMs = performance.now()
      times.push((nowMs - fromMs) * 1e3)
      fromMs = nowMs
    }
    return percentilesOf(times)
  }
  const many = async ({ lanes, seconds, warmUpMs }: Many) => {
    let answered = 0
    let ended = false
    const lane = async () => {
      while (!ended) {
        await request(body)
        answered++
      }
    }
    const all = Promise.all(Array.from({ length: lanes }, lane))
    await new Promise((resolve) => setTimeout(resolve, warmUpMs))
    const before = answered
    const fromMs = performance.now()
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    const perSecond = ((answered - before) / (performance.now() - fromMs)) * 1_000
    ended = true
    await all
    return perSecond
  }
  return { alone, many }
}

await playRole<BaselineJob>(async ({ system, side, address = '', size = 100 }) => {
  const adapter = adapters[system]
  if (side === 'receive') return await receive(adapter)
  if (side === 'send') return await send(adapter, address, size)
  if (side === 'client') return await client(adapter, address)
  const at = await adapter.echo()
  return { address: () => at }
})

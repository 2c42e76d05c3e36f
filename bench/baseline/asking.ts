// Owns how a baseline's client asks: one at a time, at a fixed rate, many at once, in the rhythm of
// `earshot bench run`. Times are kept one by one: they are few enough.

import type { Percentiles } from '../process/command.ts'
import type { Times } from '../process/effort.ts'
import { percentilesOf } from '../roles/percentiles.ts'

export type Ask = () => Promise<unknown>

export interface Many extends Times {
  readonly lanes: number
}

export interface Paced {
  readonly rate: number
  readonly total: number
}

const WARM_UPS = 300
/** A timer is late by up to this; the rest is waited for by turning the event loop. */
const TIMER_MS = 2.5

export async function alone(ask: Ask, seconds: number): Promise<Percentiles> {
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await ask()
  const times: number[] = []
  const endMs = performance.now() + seconds * 1_000
  for (let fromMs = performance.now(); fromMs < endMs; ) {
    await ask()
    const nowMs = performance.now()
    times.push((nowMs - fromMs) * 1e3)
    fromMs = nowMs
  }
  return percentilesOf(times)
}

/** From when each request was due. */
export async function paced(ask: Ask, { rate, total }: Paced): Promise<Percentiles> {
  const times: number[] = []
  const answers: Promise<void>[] = []
  const startMs = performance.now() + TIMER_MS
  const dueMs = (number: number) => startMs + (number * 1_000) / rate
  const send = async (fromMs: number) => {
    await ask()
    times.push((performance.now() - fromMs) * 1e3)
  }
  for (let number = 0; number < total; ) {
    const leftMs = dueMs(number) - performance.now()
    if (leftMs > 2 * TIMER_MS) await sleep(leftMs - TIMER_MS)
    while (performance.now() < dueMs(number)) await new Promise(setImmediate)
    const nowMs = performance.now()
    for (; number < total && dueMs(number) <= nowMs; number++) answers.push(send(dueMs(number)))
  }
  await Promise.all(answers)
  return percentilesOf(times)
}

/** Answers a second. */
export async function many(ask: Ask, { lanes, seconds, warmUpMs }: Many): Promise<number> {
  let answered = 0
  let ended = false
  const lane = async () => {
    while (!ended) {
      await ask()
      answered++
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  await sleep(warmUpMs)
  const before = answered
  const fromMs = performance.now()
  await sleep(seconds * 1_000)
  const perSecond = ((answered - before) / (performance.now() - fromMs)) * 1_000
  ended = true
  await all
  return perSecond
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

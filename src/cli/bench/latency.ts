// Owns measuring requests: one at a time, at a fixed rate, and many in flight.
// Never forgives: at a fixed rate a time counts from when the request was due, so that a server
// that stands still is seen by all who would have asked it meanwhile (coordinated omission).

import { sleep, systemClock } from 'earshot'
import { stopped } from '../failure.ts'
import { nextTurn, stop } from '../stop.ts'
import { Histogram, type Percentiles } from './histogram.ts'

/** In seconds. */
export interface Times {
  readonly seconds: number
  /** Before each measurement of throughput. */
  readonly warmUp: number
}

/** Sends a request and resolves with its reply. */
export type Ask = () => Promise<unknown>

export interface AtRate extends Percentiles {
  /** Requests per second that were due. */
  readonly rate: number
  readonly seconds: number
  readonly failed: number
}

export interface InFlight {
  readonly inFlight: number
  readonly seconds: number
  readonly perSecond: number
}

const WARM_UPS = 300
/** A timer is late by up to this; the rest is waited for by turning the event loop. */
const TIMER_MS = 2.5

/** Each request is sent when the one before was answered. */
export async function oneAtATime(ask: Ask, seconds: number): Promise<Percentiles> {
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await ask()
  const histogram = new Histogram()
  const endMs = systemClock.nowMs() + seconds * 1_000
  for (let fromMs = systemClock.nowMs(); fromMs < endMs && !stop.aborted; ) {
    await ask()
    const nowMs = systemClock.nowMs()
    histogram.record((nowMs - fromMs) * 1e6)
    fromMs = nowMs
  }
  if (stop.aborted) throw stopped()
  return histogram.percentiles()
}

/** Requests are sent when they are due, whether or not those before were answered. */
export async function atRate(ask: Ask, rate: number, seconds: number): Promise<AtRate> {
  const histogram = new Histogram()
  const total = Math.max(1, Math.round(rate * seconds))
  const answers: Promise<void>[] = []
  let failed = 0
  const startMs = systemClock.nowMs() + TIMER_MS
  const dueMs = (number: number) => startMs + (number * 1_000) / rate
  const send = async (fromMs: number) => {
    try {
      await ask()
      histogram.record((systemClock.nowMs() - fromMs) * 1e6)
    } catch {
      failed++
    }
  }
  for (let number = 0; number < total && !stop.aborted; ) {
    await untilDue(dueMs(number))
    const nowMs = systemClock.nowMs()
    for (; number < total && dueMs(number) <= nowMs; number++) answers.push(send(dueMs(number)))
  }
  await Promise.all(answers)
  if (stop.aborted) throw stopped()
  return {
    rate,
    seconds: Math.round((total / rate) * 1_000) / 1_000,
    failed,
    ...histogram.percentiles(),
  }
}

/** As many requests as `lanes` callers get answered who each wait for their own reply. */
export async function inFlight(
  ask: Ask,
  lanes: number,
  { seconds, warmUp }: Times,
): Promise<InFlight> {
  let answered = 0
  let ended = false
  const lane = async () => {
    while (!ended && !stop.aborted) {
      await ask()
      answered++
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  all.catch(() => undefined)
  await sleep(systemClock, warmUp * 1_000)
  const before = answered
  const fromMs = systemClock.nowMs()
  await Promise.race([all, sleep(systemClock, seconds * 1_000)])
  const ms = systemClock.nowMs() - fromMs
  const perSecond = Math.round(((answered - before) / ms) * 1_000)
  ended = true
  await all
  if (stop.aborted) throw stopped()
  return { inFlight: lanes, seconds: Math.round(ms) / 1_000, perSecond }
}

async function untilDue(dueMs: number): Promise<void> {
  const leftMs = dueMs - systemClock.nowMs()
  if (leftMs > 2 * TIMER_MS) await sleep(systemClock, leftMs - TIMER_MS)
  while (systemClock.nowMs() < dueMs && !stop.aborted) await nextTurn()
}

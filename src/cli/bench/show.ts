// Owns how a run looks on a terminal, in at most 80 columns, and as JSON. Never measures.

import { type Column, tableLines } from '../table.ts'
import { jsonText, visible } from '../terminal.ts'
import type { Percentiles } from './histogram.ts'
import type { OneWay } from './one-way.ts'
import type { RunDocument } from './run-document.ts'

const WIDTH = 80
/** A percentile says something from so many requests on. */
const LEAST_FOR_P99 = 100
const LEAST_FOR_P999 = 1_000

/** Lines for a reader. */
export function shown({ server, from, transport, ...document }: RunDocument): string[] {
  const { secured, oneWay, latency, requests } = document
  const trust = secured ? 'encrypted' : 'not encrypted'
  const parts = [
    [visible(`${from} to ${server.name} at ${server.host}, ${transport}, ${trust}`)],
    ...(oneWay ? [oneWayLines(oneWay)] : []),
    ...(latency ? [latencyLines(latency)] : []),
    ...(requests ? [[requestsLine(requests)]] : []),
  ]
  return parts.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]))
}

export function documentText(document: RunDocument): string {
  return jsonText(document)
}

function oneWayLines(figures: readonly OneWay[]): string[] {
  const columns = [
    { title: 'ONE WAY', right: true },
    { title: 'ITEMS/S', right: true },
    { title: 'MB/S', right: true },
    { title: 'SENT', right: true },
    { title: 'LOST', right: true },
  ]
  const rows = figures.map((one) => [
    one.size === 'mixed' ? 'mixed' : `${whole(one.size)} B`,
    whole(one.perSecond),
    whole(one.megabytesPerSecond),
    whole(one.sent),
    whole(one.lost),
  ])
  return tableLines(columns, rows, WIDTH)
}

function latencyLines({ oneAtATime, atRates }: NonNullable<RunDocument['latency']>): string[] {
  const titles = ['REQUESTS, µs', 'P50', 'P90', 'P99', 'P99.9', 'MAX', 'ANSWERED', 'FAILED']
  const columns: Column[] = titles.map((title, at) => ({ title, right: at > 0 }))
  const rows = [
    ['one at a time', ...percentileCells(oneAtATime), '0'],
    ...atRates.map((one) => [
      `${whole(one.rate)} a second`,
      ...percentileCells(one),
      whole(one.failed),
    ]),
  ]
  return tableLines(columns, rows, WIDTH)
}

function requestsLine({ inFlight, perSecond }: NonNullable<RunDocument['requests']>): string {
  return `requests/s with ${whole(inFlight)} in flight: ${whole(perSecond)}`
}

function percentileCells({ count, p50Us, p90Us, p99Us, p999Us, maxUs }: Percentiles): string[] {
  const p99 = count < LEAST_FOR_P99 ? '–' : whole(p99Us)
  const p999 = count < LEAST_FOR_P999 ? '–' : whole(p999Us)
  return [whole(p50Us), whole(p90Us), p99, p999, whole(maxUs), whole(count)]
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

// Owns how the figures of `latency` are shown. Never takes one.

import type { Chart, Figure, Part, Section } from 'earshot/report'
import { count, duration, none, ratio, short, spread } from 'earshot/report'
import { baselineTitles } from '../baseline/adapter.ts'
import type { Percentiles } from '../process/command.ts'
import type { LatencyFigures, System } from './figures.ts'

const titles: Readonly<Record<System, string>> = { earshot: 'Earshot', ...baselineTitles }
/** A percentile says something from so many requests on. */
const LEAST_FOR_P99 = 100
const LEAST_FOR_P999 = 1_000

export function latencyView(figures: LatencyFigures): Section {
  return {
    id: 'latency',
    title: 'Latency',
    lead: 'Requests of 64 bytes and their answers, between two processes on this host.',
    findings: findingsOf(figures),
    parts: [alonePart(figures), ratesPart(figures), manyPart(figures)],
  }
}

function findingsOf({ alone, many, atRates, inFlight }: LatencyFigures): string[] {
  const p50 = (system: System) => medianOf(alone, system, ({ p50Us }) => p50Us)
  const perSecond = (system: System) => medianOf(many, system, (row) => row.perSecond)
  const against = (of: (system: System) => number) =>
    `${ratio(of('earshot') / of('zeromq'))} of zeromq.js, ` +
    `${ratio(of('earshot') / of('net'))} of node:net`
  const low = atRates[0]
  return [
    `One at a time half are answered within ${us(p50('earshot'))}: ${against(p50)} (less is ` +
      'better).',
    `${inFlight} in flight: ${short(perSecond('earshot'))} a second: ${against(perSecond)}.`,
    ...(low
      ? [
          `At ${count(low.rate)} a second half are answered within ${us(low.p50Us)}; of ` +
            `zeromq.js within ${us(low.zeromqP50Us)}, of node:net within ${us(low.netP50Us)}.`,
        ]
      : []),
  ]
}

function alonePart({ alone }: LatencyFigures): Part {
  const title = 'One request at a time'
  const rows = alone.map(({ system, p50Us, p99Us, all }) => ({
    head: titles[system],
    family: family(system),
    cells: [
      ...[us(p50Us.median), spread(p50Us), us(all.p90Us), us(p99Us.median)],
      ...[all.count < LEAST_FOR_P999 ? none : us(all.p999Us), us(all.maxUs), count(all.count)],
    ],
  }))
  const columns = ['p50', 'spread', 'p90', 'p99', 'p99.9', 'max', 'requests']
  const chart: Chart = {
    title: 'Request and answer; less is better',
    series: ['p50', 'p99'],
    format: us,
    rows: alone.map(({ system, p50Us, p99Us }) => {
      return { label: titles[system], family: family(system), bars: [barOf(p50Us), barOf(p99Us)] }
    }),
  }
  return {
    title,
    table: { title, head: 'system', columns, rows },
    drawing: { kind: 'bars', chart },
  }
}

function ratesPart({ atRates }: LatencyFigures): Part {
  const title = 'At fixed rates, from when each request was due'
  const rows = atRates.map((row) => ({
    head: `${count(row.rate)}/s`,
    family: 'earshot',
    cells: [count(row.count), ...percentileCells(row), us(row.zeromqP50Us), us(row.netP50Us)],
  }))
  const columns = ['n', 'p50', 'p90', 'p99', 'p99.9', 'max', 'zmq p50', 'net p50']
  const chart: Chart = {
    title: 'From due to answered; less is better',
    series: ['Earshot p50', 'zeromq.js p50', 'node:net p50'],
    format: us,
    rows: atRates.map(({ rate, p50Us, zeromqP50Us, netP50Us }) => ({
      label: `${count(rate)} a second`,
      family: 'earshot',
      bars: [{ value: p50Us }, { value: zeromqP50Us }, { value: netP50Us }],
    })),
  }
  return { title, table: { title, head: 'rate', columns, rows }, drawing: { kind: 'bars', chart } }
}

function manyPart({ many, inFlight }: LatencyFigures): Part {
  const title = `Requests a second, ${inFlight} in flight`
  const ours = medianOf(many, 'earshot', (row) => row.perSecond)
  const rows = many.map(({ system, perSecond }) => ({
    head: titles[system],
    family: family(system),
    cells: [short(perSecond.median), spread(perSecond), ratio(ours / perSecond.median)],
  }))
  const chart: Chart = {
    title: `${title}; more is better`,
    series: ['requests'],
    format: short,
    rows: many.map(({ system, perSecond }) => {
      return { label: titles[system], family: family(system), bars: [barOf(perSecond)] }
    }),
  }
  const columns = ['a second', 'spread', 'Earshot ÷ it']
  return {
    title,
    table: { title, head: 'system', columns, rows },
    drawing: { kind: 'bars', chart },
  }
}

function percentileCells({ count: of, p50Us, p90Us, p99Us, p999Us, maxUs }: Percentiles): string[] {
  const p99 = of < LEAST_FOR_P99 ? none : us(p99Us)
  return [us(p50Us), us(p90Us), p99, of < LEAST_FOR_P999 ? none : us(p999Us), us(maxUs)]
}

function medianOf<T extends { readonly system: System }>(
  rows: readonly T[],
  system: System,
  of: (row: T) => Figure,
): number {
  const row = rows.find((one) => one.system === system)
  if (!row) throw new Error(`${system} was not measured`)
  return of(row).median
}

function family(system: System): string {
  return system === 'earshot' ? 'earshot' : 'baseline'
}

function us(value: number): string {
  return duration(value * 1_000)
}

function barOf({ median, lowest, highest }: Figure) {
  return { value: median, lowest, highest }
}

// Owns what a comparison says: findings in sentences, tables, charts; one report, three forms.
// Never measures, and never prints.

import {
  bytes,
  type Chart,
  count,
  digits,
  duration,
  none,
  type Part,
  type Report,
  type Section,
  type Table,
} from 'earshot/report'
import type { Comparison, Subject, SubjectFigures } from './comparison.ts'
import { caveatsOf, methodOf } from './method.ts'
import { titles } from './subjects.ts'

export function reportOf(comparison: Comparison): Report {
  const { startedAt, tookS, machine, file, rows, readBytes } = comparison
  return {
    title: `Codecs on ${file}: ${count(rows)} rows, ${count(readBytes)} bytes`,
    startedAt,
    tookS,
    machine,
    sections: [typeSection(comparison), figuresSection(comparison)],
    failures: [],
    method: methodOf(comparison),
    caveats: caveatsOf(comparison),
  }
}

function pathText(path: string): string {
  return path === '' ? 'the row' : path
}

function typeSection({ type, cut }: Comparison): Section {
  const { title, notes, typescript } = type
  const told = notes.map(({ path, kind, text }) => {
    return `${kind === 'unknown' ? 'Not known: ' : ''}${pathText(path)} ${text}`
  })
  const lead =
    typescript === undefined
      ? `The rows are messages of ${title}.`
      : 'No contract was given: this type was inferred, and every row fits it. Put it into a ' +
        'contract, correct what the rows do not tell, and compare again with --contract.'
  const findings = [...(cut === null ? [] : [`Cut: ${cut}.`]), ...told]
  const code = typescript === undefined ? {} : { code: { language: 'ts', text: typescript } }
  return { id: 'type', title: 'The type', lead, findings, parts: [], ...code }
}

function figuresSection(comparison: Comparison): Section {
  const { subjects } = comparison
  return {
    id: 'figures',
    title: 'The codecs',
    lead:
      'Every row was encoded and decoded, and came back equal, before any time was taken. ' +
      'The lowest figure of a column is marked.',
    findings: [...choiceFindings(comparison), ...problemFindings(subjects)],
    parts: [sizePart(subjects), timePart(subjects), latencyPart(subjects), linkPart(comparison)],
  }
}

/** `Up to 340 Mbit/s Avro is quickest end to end, beyond that MessagePack.` */
function choiceFindings({ choices, subjects }: Comparison): string[] {
  const figures = subjects.filter(isMeasured).filter(({ family }) => family === 'earshot')
  const least = (pick: (one: SubjectFigures) => number) =>
    figures.reduce(
      (best, one) => (pick(one) < pick(best) ? one : best),
      figures[0] as SubjectFigures,
    )
  const smallest = least(({ sizes }) => sizes.bytes)
  const quickest = least(cpuNs)
  const facts =
    `Smallest: ${smallest.title}, ${bytes(smallest.sizes.bytes)} bytes a message. Quickest to ` +
    `encode and decode: ${quickest.title}, ${duration(cpuNs(quickest))}.`
  const [only] = choices
  if (choices.length === 1 && only) {
    return [facts, `${titles[only.id as keyof typeof titles]} wins at every speed of the link.`]
  }
  const parts = choices.map(({ id, belowMbit }) => {
    const title = titles[id as keyof typeof titles]
    return belowMbit === undefined ? `beyond that ${title}` : `up to ${speed(belowMbit)} ${title}`
  })
  return [facts, `By the speed of the link: ${parts.join(', ')}.${noiseText(smallest, quickest)}`]
}

/** A difference that the rounds of one show as well is none. */
function noiseText(smallest: SubjectFigures, quickest: SubjectFigures): string {
  const ends = ({ encode, decode }: SubjectFigures) =>
    [encode.lowestNs + decode.lowestNs, encode.highestNs + decode.highestNs] as const
  const [lowest] = ends(smallest)
  const [, highest] = ends(quickest)
  const pair = `${smallest.title} and ${quickest.title}`
  return lowest > highest ? '' : ` The rounds of ${pair} overlap: this may be noise.`
}

function problemFindings(subjects: readonly Subject[]): string[] {
  return subjects.flatMap((one) => ('problem' in one ? [`${one.title} ${one.problem}.`] : []))
}

function sizePart(subjects: readonly Subject[]): Part {
  const [first] = subjects.filter(isMeasured)
  const inBatch = first?.sizes.inBatch ?? 0
  const columns = ['a message', 'gzip', `batch of ${inBatch}`, 'gzip']
  const table = tableOf(subjects, { title: 'bytes', columns }, ({ sizes }) => [
    [sizes.bytes, bytes],
    [sizes.gzipBytes, bytes],
    [sizes.batchBytes, count],
    [sizes.batchGzipBytes, count],
  ])
  const series = ['as it is', 'gzip', `gzip, batch of ${inBatch}`]
  const chart = chartOf(
    subjects,
    { title: 'Bytes a message; less is better', series, format: bytes },
    ({ sizes }) => [
      { value: sizes.bytes },
      { value: sizes.gzipBytes },
      { value: sizes.batchGzipBytes / sizes.inBatch },
    ],
  )
  return { title: 'Size, bytes', table, drawing: { kind: 'bars', chart } }
}

function timePart(subjects: readonly Subject[]): Part {
  const columns = ['encode', 'decode', 'together', 'M/s one core']
  const table = tableOf(subjects, { title: 'ns a message', columns }, (one) => [
    [one.encode.medianNs, digits],
    [one.decode.medianNs, digits],
    [cpuNs(one), digits],
    // The lowest is marked, and here the highest is best: no mark.
    [Number.NaN, () => digits(1_000 / cpuNs(one))],
  ])
  const title = 'Time a message; less is better. Thin lines: lowest to highest round'
  const chart = chartOf(
    subjects,
    { title, series: ['encode', 'decode'], format: duration },
    ({ encode, decode }) =>
      [encode, decode].map(({ medianNs, lowestNs, highestNs }) => {
        return { value: medianNs, lowest: lowestNs, highest: highestNs }
      }),
  )
  return { title: 'Encode and decode, ns a message', table, drawing: { kind: 'bars', chart } }
}

function latencyPart(subjects: readonly Subject[]): Part {
  const title = 'request and answer between two processes, µs'
  const table = tableOf(subjects, { title, columns: ['p50', 'p99'] }, ({ latency }) => [
    [latency.p50Us, digits],
    [latency.p99Us, digits],
  ])
  const about = 'Request and answer between two processes; less is better'
  const format = (us: number) => duration(us * 1_000)
  const chart = chartOf(
    subjects,
    { title: about, series: ['p50', 'p99'], format },
    ({ latency }) => [{ value: latency.p50Us }, { value: latency.p99Us }],
  )
  return {
    title: 'Request and answer over TCP on loopback, µs',
    table,
    drawing: { kind: 'bars', chart },
  }
}

function linkPart({ subjects, linkMbits }: Comparison): Part {
  const columns = [...linkMbits.map(speed), 'wins below']
  const title = 'µs for encode, link and decode'
  const table = tableOf(subjects, { title, columns }, ({ overLinksNs, breakEvenMbit }) => [
    ...overLinksNs.map((ns) => [ns / 1_000, digits] as Cell),
    [Number.NaN, () => (breakEvenMbit === null ? none : speed(breakEvenMbit))],
  ])
  const shown = [1, 2, 3].filter((at) => at < linkMbits.length)
  const chart = chartOf(
    subjects,
    {
      title: 'Encode, link and decode of one message; less is better',
      series: shown.map((at) => speed(linkMbits[at] as number)),
      format: duration,
    },
    ({ overLinksNs }) => shown.map((at) => ({ value: overLinksNs[at] as number })),
  )
  return { title: 'By the speed of the link, µs', table, drawing: { kind: 'bars', chart } }
}

type Cell = readonly [value: number, write: (value: number) => string]

function tableOf(
  subjects: readonly Subject[],
  head: { readonly title: string; readonly columns: readonly string[] },
  pick: (one: SubjectFigures) => readonly Cell[],
): Table {
  const picked = subjects.map((one) => (isMeasured(one) ? pick(one) : undefined))
  const lowest = head.columns.map((_, at) => {
    const values = picked.flatMap((cells) => cells?.[at]?.[0] ?? [])
    return Math.min(...values.filter((value) => !Number.isNaN(value)))
  })
  const rows = subjects.map(({ title, family }, index) => {
    const cells = picked[index]
    if (!cells) return { head: title, family, cells: head.columns.map(() => none), best: [] }
    const best = cells.flatMap(([value], at) => (value === lowest[at] ? [at] : []))
    return { head: title, family, cells: cells.map(([value, write]) => write(value)), best }
  })
  return { ...head, head: 'codec', rows }
}

function chartOf(
  subjects: readonly Subject[],
  chart: Omit<Chart, 'rows'>,
  pick: (one: SubjectFigures) => Chart['rows'][number]['bars'],
): Chart {
  const rows = subjects.filter(isMeasured).map((one) => {
    return { label: one.title, family: one.family, bars: pick(one) }
  })
  return { ...chart, rows }
}

function isMeasured(one: Subject): one is SubjectFigures {
  return !('problem' in one)
}

function cpuNs({ encode, decode }: SubjectFigures): number {
  return encode.medianNs + decode.medianNs
}

/** `340 Mbit/s`, `2.1 Gbit/s`. */
function speed(mbit: number): string {
  const [value, unit] = mbit < 999.5 ? [mbit, 'Mbit/s'] : [mbit / 1_000, 'Gbit/s']
  return `${Number(value.toPrecision(3)).toLocaleString('en-US')} ${unit}`
}

// Owns the HTML report: one page that needs nothing but itself, a table beside each chart.

import type { Figure } from 'earshot/report'
import {
  bytes,
  type Chart,
  chartSvg,
  duration,
  escapeText,
  type Head,
  headHtml,
  isLog,
  listHtml,
  page,
  type Table,
  tableHtml,
} from 'earshot/report'
import { findingsOf } from './findings.ts'
import { glanceTables } from './glance.ts'
import type { Cell, Results } from './results.ts'
import type { ShapeName } from './shape-names.ts'
import {
  cellOf,
  decodeTable,
  encodeTable,
  roundTripTable,
  sizeTable,
  withFigures,
} from './tables.ts'

const lead =
  'The same messages in the four codecs of Earshot, in the libraries of the same formats, and in ' +
  'XML: how long they are, what they cost, how quickly they come back.'

export function htmlReport(results: Results): string {
  const { title, shapes, method, caveats } = results
  const body = [
    headHtml({ ...results, lead, links: linksOf(results) }),
    '<main>',
    `<h2>In this run</h2>\n${listHtml(findingsOf(results))}`,
    `<h2 id="all">All shapes</h2>\n<div class="tables">`,
    ...glanceTables(results).map(tableHtml),
    '</div>',
    ...shapes.map((shape) => section(results, shape)),
    `<h2 id="method">Method</h2>\n${listHtml(method)}`,
    `<h2 id="caveats">Caveats</h2>\n${listHtml(caveats)}`,
    '</main>',
  ]
  return page(escapeText(title), body.join('\n'))
}

function linksOf({ shapes }: Results): Head['links'] {
  const own = shapes.map(({ name }) => [name, capital(name)] as const)
  return [['all', 'All shapes'], ...own, ['method', 'Method'], ['caveats', 'Caveats']]
}

function section(results: Results, shape: Results['shapes'][number]): string {
  const { name, title, example } = shape
  const json = JSON.stringify(example, null, 2)
  const shown = json.length > 1_500 ? `${json.slice(0, 1_500)}\n…` : json
  return `<section>
<h2 id="${name}">${capital(name)}</h2>
<p class="lead">${escapeText(title)}</p>
<details><summary>One of the values</summary><pre>${escapeText(shown)}</pre></details>
<h3>Size</h3>
${pair(sizeChart(results, name), [sizeTable(results, name)])}
<h3>Encode and decode</h3>
${pair(timeChart(results, name), [encodeTable(results, name), decodeTable(results, name)])}
<h3>Round trip</h3>
${pair(roundTripChart(results, name), [withFigures(roundTripTable(results, name))])}
</section>`
}

function pair(chart: Chart, tables: readonly Table[]): string {
  const note = isLog(chart) ? 'Log scale: each line is ten times the one before.' : ''
  const caption = escapeText(`${chart.title}. ${note}`.trim())
  return `<div class="pair">
<figure><figcaption>${caption}</figcaption>
${chartSvg(chart)}</figure>
<div class="tables">${tables.map(tableHtml).join('\n')}</div>
</div>`
}

function chartOf(
  results: Results,
  shape: ShapeName,
  chart: Omit<Chart, 'rows'>,
  pick: (cell: Cell) => Chart['rows'][number]['bars'],
): Chart {
  const rows = results.subjects.map(({ id, title, family }) => {
    return { label: title, family, bars: pick(cellOf(results, id, shape)) }
  })
  return { ...chart, rows }
}

function sizeChart(results: Results, shape: ShapeName): Chart {
  const series = ['as it is', 'gzip', 'gzip, batch of 64']
  const title = 'Bytes a message; less is better'
  return chartOf(results, shape, { title, series, format: bytes }, ({ sizes }) => [
    { value: sizes.bytes },
    { value: sizes.gzipBytes },
    { value: sizes.gzipInBatchBytes },
  ])
}

function timeChart(results: Results, shape: ShapeName): Chart {
  const title = 'Time a message; less is better. Thin lines: lowest to highest process'
  const chart = { title, series: ['encode', 'decode'], format: duration }
  return chartOf(results, shape, chart, ({ encodeNs, decodeNs }) => [bar(encodeNs), bar(decodeNs)])
}

function roundTripChart(results: Results, shape: ShapeName): Chart {
  const title = 'Request and answer between two processes; less is better'
  const format = (us: number) => duration(us * 1_000)
  const chart = { title, series: ['p50', 'p99'], format }
  const all = chartOf(results, shape, chart, ({ roundTripP50Us, roundTripP99Us }) => [
    roundTripP50Us && bar(roundTripP50Us),
    roundTripP99Us && bar(roundTripP99Us),
  ])
  return { ...all, rows: all.rows.filter(({ bars }) => bars.some((one) => one !== null)) }
}

function bar({ median, lowest, highest }: Figure) {
  return { value: median, lowest, highest }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

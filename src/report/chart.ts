// Owns grouped bars as inline SVG: one row a subject, one bar a series, its figure at its end.
// Drawn 360 units wide: a phone shows it in full size. Colours come from the page's style.

import { escapeText } from './markup.ts'
import { niceTicks } from './scale.ts'

export interface Bar {
  readonly value: number
  /** Ends of the thin line over the bar: the lowest and the highest run. */
  readonly lowest?: number
  readonly highest?: number
}

export interface ChartRow {
  readonly label: string
  readonly family: string
  readonly bars: readonly (Bar | null)[]
}

export interface Chart {
  readonly title: string
  readonly series: readonly string[]
  readonly rows: readonly ChartRow[]
  readonly format: (value: number) => string
}

interface Scale {
  readonly log: boolean
  readonly ticks: readonly number[]
  readonly x: (value: number) => number
}

const width = 360
const plotLeft = 134
const plotRight = 308
const barHeight = 9
const barGap = 1.5
const rowGap = 8
const familyGap = 6
const top = 26
/** From this ratio on the short bars of a linear scale say nothing any more. */
const logFrom = 25

export function chartSvg(chart: Chart): string {
  const scale = scaleOf(chart)
  const { marks, bottom } = rowsOf(chart, scale)
  const note = scale.log ? ' (log scale: each line is ten times the one before)' : ''
  const parts = [legend(chart.series), axis(scale, bottom, chart.format), ...marks]
  const title = escapeText(`${chart.title}${note}`)
  const box = `viewBox="0 0 ${width} ${round(bottom + 20)}"`
  const inside = [`<title>${title}</title>`, ...parts].join('\n')
  return `<svg class="chart" role="img" ${box}>\n${inside}\n</svg>`
}

/** Is the scale of this chart logarithmic? Its caption must say so. */
export function isLog(chart: Chart): boolean {
  const values = valuesOf(chart)
  return Math.max(...values) / Math.min(...values) > logFrom
}

function valuesOf({ rows }: Chart): number[] {
  return rows.flatMap(({ bars }) =>
    bars.flatMap((bar) => (bar ? [bar.value, bar.highest ?? bar.value] : [])),
  )
}

function scaleOf(chart: Chart): Scale {
  const span = plotRight - plotLeft
  const values = valuesOf(chart)
  const highest = Math.max(...values)
  if (!isLog(chart)) {
    const x = (value: number) => plotLeft + (value / highest) * span
    return { log: false, ticks: niceTicks(highest), x }
  }
  // A little below the lowest decade line that fits, so that no bar has length zero.
  const start = Math.log10(Math.min(...values)) - 0.25
  const end = Math.log10(highest)
  const ticks: number[] = []
  for (let power = Math.ceil(start); power <= Math.floor(end); power++) ticks.push(10 ** power)
  const x = (value: number) =>
    plotLeft + (Math.max(Math.log10(value) - start, 0) / (end - start)) * span
  return { log: true, ticks, x }
}

function legend(series: readonly string[]): string {
  let end = 4
  const items = series.map((name, index) => {
    const x = end
    end += 40 + name.length * 5.5
    const swatch = `<rect class="s${index + 1}" x="${x}" y="4" width="10" height="10"/>`
    return `${swatch}<text x="${x + 15}" y="13">${escapeText(name)}</text>`
  })
  return items.join('\n')
}

function axis(scale: Scale, bottom: number, format: (value: number) => string): string {
  const lines = scale.ticks.map((tick) => {
    const x = round(scale.x(tick))
    const line = `<line class="grid" x1="${x}" x2="${x}" y1="${top - 2}" y2="${bottom}"/>`
    const text = tick === 0 ? '0' : format(tick).replace(/\.0+(?=\D|$)/, '')
    return `${line}<text class="tick" x="${x}" y="${bottom + 13}">${escapeText(text)}</text>`
  })
  const ends = `x1="${plotLeft}" x2="${plotLeft}" y1="${top - 2}" y2="${bottom}"`
  const base = `<line class="base" ${ends}/>`
  return `${lines.join('\n')}\n${base}`
}

function rowsOf(chart: Chart, scale: Scale): { marks: string[]; bottom: number } {
  const marks: string[] = []
  const height = chart.series.length * (barHeight + barGap)
  let y = top + 2
  let family = chart.rows[0]?.family
  for (const row of chart.rows) {
    if (row.family !== family) y += familyGap
    family = row.family
    const middle = round(y + height / 2 + 3)
    const label = escapeText(row.label)
    marks.push(
      `<text class="label ${row.family}" x="${plotLeft - 6}" y="${middle}">${label}</text>`,
    )
    row.bars.forEach((bar, index) => {
      const at = y + index * (barHeight + barGap)
      if (bar) marks.push(drawBar(bar, index, at, scale, chart))
    })
    y += height + rowGap
  }
  return { marks, bottom: round(y - rowGap + 4) }
}

function drawBar(bar: Bar, index: number, y: number, scale: Scale, chart: Chart): string {
  const end = scale.x(bar.value)
  const { lowest = bar.value, highest = bar.value } = bar
  const [from, to] = [scale.x(lowest), scale.x(highest)]
  const size = `width="${round(end - plotLeft)}" height="${barHeight}"`
  const box = `x="${plotLeft}" y="${round(y)}" ${size}`
  const shape = `<rect class="s${index + 1}" ${box}/>`
  const middle = round(y + barHeight / 2)
  const ends = `x1="${round(from)}" x2="${round(to)}" y1="${middle}" y2="${middle}"`
  // The line crosses the end of its bar: an edge in the colour of the page keeps it visible there.
  const line = `<line class="halo" ${ends}/><line class="spread" ${ends}/>`
  const text = escapeText(chart.format(bar.value))
  const at = `x="${round(Math.max(end, to) + 4)}" y="${round(y + barHeight - 1)}"`
  return `${shape}${to - from < 1 ? '' : line}<text class="figure" ${at}>${text}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

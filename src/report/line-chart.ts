// Owns lines over time as inline SVG: one line a series, its name and last figure at its end.
// Drawn like the bars of chart.ts: 360 units wide, colours from the page's style.

import { escapeText } from './markup.ts'
import { niceTicks } from './scale.ts'

export interface LineChart {
  readonly title: string
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
  /** Of a figure on the vertical axis. */
  readonly format: (value: number) => string
  /** Of a place on the horizontal axis, counted from 0. */
  readonly formatAt: (index: number) => string
}

const width = 360
const left = 48
const right = 344
const top = 12
const height = 150
const rowHeight = 14

export function lineChartSvg({ title, series, format, formatAt }: LineChart): string {
  const highest = Math.max(...series.flatMap(({ values }) => values))
  const length = Math.max(...series.map(({ values }) => values.length))
  const x = (index: number) => round(left + (index / Math.max(1, length - 1)) * (right - left))
  const y = (value: number) => round(top + height - (value / (highest * 1.1)) * height)
  const grid = niceTicks(highest).map((value) => {
    const line = `<line class="grid" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/>`
    const text = `<text class="label" x="${left - 6}" y="${y(value) + 3}">`
    return `${line}${text}${escapeText(format(value))}</text>`
  })
  const ends = [0, length - 1].map((index) => {
    const at = `x="${x(index)}" y="${top + height + 13}"`
    return `<text class="tick" ${at}>${escapeText(formatAt(index))}</text>`
  })
  const lines = series.map(({ values }, index) => {
    const points = values.map((value, at) => `${x(at)},${y(value)}`).join(' ')
    return `<polyline class="l${index + 1}" points="${points}"/>`
  })
  const names = series.map(({ name, values }, index) => {
    const at = top + height + 30 + index * rowHeight
    const ends = `x1="${left}" x2="${left + 18}" y1="${at}" y2="${at}"`
    const sign = `<line class="l${index + 1}" ${ends}/>`
    const text = escapeText(`${name}: ${format(values.at(-1) ?? 0)}`)
    return `${sign}<text x="${left + 24}" y="${at + 3.5}">${text}</text>`
  })
  const bottom = top + height + 30 + series.length * rowHeight
  const inside = [`<title>${escapeText(title)}</title>`, ...grid, ...ends, ...lines, ...names]
  const box = `viewBox="0 0 ${width} ${bottom}"`
  return `<svg class="chart" role="img" ${box}>\n${inside.join('\n')}\n</svg>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

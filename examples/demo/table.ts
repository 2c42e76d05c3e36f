// The tables of the demo, as lines of text that fit in 80 columns.

import { codecs, peerNames, tillPeers } from './plan.ts'
import type { Find, Latency, Sizes } from './report.ts'

const FIRST_WIDTH = 15
const WIDTH = 9

function row(first: string, cells: readonly string[], width = WIDTH): string {
  return `  ${first.padEnd(FIRST_WIDTH)}${cells.map((cell) => cell.padStart(width)).join('')}`
}

/** A row for each finder, a column for each found; `<` where the other one came first. */
export function findTable(finds: readonly Find[]): string[] {
  const cell = (finder: string, found: string) => {
    const find = finds.find((one) => one.finder === finder && one.found === found)
    if (!find) return finder === found ? '·' : '-'
    return `${find.via.length === 0 ? '<' : ''}${find.afterMs.toFixed(0)}`
  }
  const others = peerNames.length - tillPeers.length
  const group = `${' '.repeat(2 + FIRST_WIDTH + others * WIDTH)}    till, one peer a codec:`
  const heads = peerNames.map((name) => name.replace('till-', ''))
  const body = peerNames.map((finder) =>
    row(
      finder,
      peerNames.map((found) => cell(finder, found)),
    ),
  )
  return [group, row('', heads), ...body]
}

export function sizeTable(sizes: readonly Sizes[]): string[] {
  const cells = ({ requestBytes, replyBytes, eventBytes }: Sizes) =>
    [requestBytes, replyBytes, eventBytes].map(String)
  return byCodec(['request', 'reply', 'event'], sizes, cells)
}

export function latencyTable(latencies: readonly Latency[]): string[] {
  const cells = ({ p50Ms, p99Ms, requests }: Latency) => [
    `${p50Ms.toFixed(2)} ms`,
    `${p99Ms.toFixed(2)} ms`,
    String(requests),
  ]
  return byCodec(['p50', 'p99', 'requests'], latencies, cells)
}

function byCodec<T extends { codec: string }>(
  heads: readonly string[],
  figures: readonly T[],
  cells: (one: T) => readonly string[],
): string[] {
  const width = 12
  const rows = codecs.map((codec) => {
    const one = figures.find((figure) => figure.codec === codec)
    return row(codec, one ? cells(one) : heads.map(() => '-'), width)
  })
  return [row('', heads, width), ...rows]
}

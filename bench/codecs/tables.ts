// Owns the tables of the comparison: what stands in which column. Never how they look.

import type { Figure, Table } from 'earshot/report'
import { bytes, digits, none, ratio, spread } from 'earshot/report'
import type { Cell, Gain, Results } from './results.ts'
import type { ShapeName } from './shape-names.ts'

type Family = Results['subjects'][number]

/** The questions at a glance: a row a codec, a column a shape. */
export function overviewTables(results: Results): Table[] {
  return [
    overview(results, 'bytes a message', ({ sizes }) => sizes.bytes, bytes),
    overview(results, 'encode + decode, ns a message', sumNs, digits),
    overview(
      results,
      'bytes that an encode leaves on the heap',
      ({ encodeAllocatedBytes }) => encodeAllocatedBytes,
      bytes,
    ),
    overview(
      results,
      'round trip between two processes, p50, µs',
      ({ roundTripP50Us }) => roundTripP50Us?.median,
      digits,
    ),
  ]
}

/** Without the rows that have no figure at all. */
export function withFigures(table: Table): Table {
  return { ...table, rows: table.rows.filter(({ cells }) => cells.some((cell) => cell !== none)) }
}

export function sumNs({ encodeNs, decodeNs }: Cell): number {
  return encodeNs.median + decodeNs.median
}

function overview(
  results: Results,
  title: string,
  pick: (cell: Cell) => number | undefined,
  write: (value: number) => string,
): Table {
  const { subjects, shapes } = results
  const lowest = shapes.map(({ name }) => {
    const values = cellsOf(results, name).map((cell) => pick(cell) ?? Number.POSITIVE_INFINITY)
    return Math.min(...values)
  })
  const rows = subjects.map((subject) => {
    const values = shapes.map(({ name }) => pick(cellOf(results, subject.id, name)))
    const best = values.flatMap((value, index) => (value === lowest[index] ? [index] : []))
    const cells = values.map((value) => (value === undefined ? none : write(value)))
    return { head: subject.title, family: subject.family, cells, best }
  })
  const columns = shapes.map(({ name }) => name)
  return withFigures({ title: `${title} (lowest marked)`, head: 'codec', columns, rows })
}

export function sizeTable(results: Results, shape: ShapeName): Table {
  return tableOf(
    results,
    shape,
    'bytes a message, gzip alone and in a batch of 64',
    ['bytes', 'gzip', 'in batch'],
    ({ sizes }) => [bytes(sizes.bytes), bytes(sizes.gzipBytes), bytes(sizes.gzipInBatchBytes)],
  )
}

export function encodeTable(results: Results, shape: ShapeName): Table {
  const pick = (cell: Cell) =>
    timeCells(cell.encodeNs, cell.encodeP99Ns, cell.mixedEncodeNs, cell.encodeGain)
  return tableOf(results, shape, 'encode, ns a message', timeColumns('encode'), pick)
}

export function decodeTable(results: Results, shape: ShapeName): Table {
  const pick = (cell: Cell) =>
    timeCells(cell.decodeNs, cell.decodeP99Ns, cell.mixedDecodeNs, cell.decodeGain)
  return tableOf(results, shape, 'decode, ns a message', timeColumns('decode'), pick)
}

export function roundTripTable(results: Results, shape: ShapeName): Table {
  const columns = ['trip p50', 'spread', 'p99']
  return tableOf(results, shape, 'round trip, µs', columns, (cell) => {
    const { roundTripP50Us: p50, roundTripP99Us: p99 } = cell
    return p50 && p99 ? [digits(p50.median), spread(p50), digits(p99.median)] : [none, none, none]
  })
}

function timeColumns(what: string): string[] {
  return [what, 'spread', 'p99', 'mixed', '× lib']
}

function timeCells(median: Figure, p99: Figure, mixed: Figure, gain: Gain | null): string[] {
  return [
    digits(median.median),
    spread(median),
    digits(p99.median),
    digits(mixed.median),
    gain === null ? none : `${gain.verdict === 'same' ? '~' : ''}${ratio(gain.ratio)}`,
  ]
}

function tableOf(
  results: Results,
  shape: ShapeName,
  title: string,
  columns: readonly string[],
  pick: (cell: Cell) => string[],
): Table {
  const rows = results.subjects.map(({ id, title: head, family }: Family) => {
    return { head, family, cells: pick(cellOf(results, id, shape)) }
  })
  return { title: `${shape}: ${title}`, head: 'codec', columns, rows }
}

export function cellsOf({ cells }: Results, shape: ShapeName): Cell[] {
  return cells.filter((cell) => cell.shape === shape)
}

export function cellOf({ cells }: Results, subject: string, shape: ShapeName): Cell {
  const found = cells.find((cell) => cell.subject === subject && cell.shape === shape)
  if (!found) throw new Error(`there is no cell of ${subject} and ${shape}`)
  return found
}

// Owns the comparison with the best library for a message, whatever its format: encode and decode
// together, below 1 where ours is quicker.

import { none, type Table } from 'earshot/report'
import type { Cell, Results } from './results.ts'
import { cellOf } from './tables.ts'

type Pick = (cell: Cell) => number

const alone: Pick = ({ encodeNs, decodeNs }) => encodeNs.median + decodeNs.median
const mixed: Pick = (cell) => cell.mixedEncodeNs.median + cell.mixedDecodeNs.median

/** One table for processes with one codec each, one for all in one process. */
export function bestPairTables(results: Results): Table[] {
  return [
    table(results, 'encode + decode ÷ best library, a process each', alone),
    table(results, 'encode + decode ÷ best library, all in one process', mixed),
  ]
}

/** `Best libraries: avsc in tiny, tick; protobufjs in order.` */
export function bestPairFinding(results: Results): string {
  const shapesOf = new Map<string, string[]>()
  for (const { name } of results.shapes) {
    const { title } = bestOf(results, name, alone)
    shapesOf.set(title, [...(shapesOf.get(title) ?? []), name])
  }
  const parts = [...shapesOf].map(([title, names]) => `${title} in ${names.join(', ')}`)
  return `Best library to encode and decode, of any format: ${parts.join('; ')}.`
}

type ShapeName = Results['shapes'][number]['name']

function bestOf(results: Results, shape: ShapeName, pick: Pick) {
  const libraries = results.subjects.filter(({ family }) => family === 'library')
  const all = libraries.map(({ id, title }) => ({ title, ns: pick(cellOf(results, id, shape)) }))
  return all.reduce((best, one) => (one.ns < best.ns ? one : best))
}

function table(results: Results, title: string, pick: Pick): Table {
  const columns = results.shapes.map(({ name }) => name)
  const best = columns.map((name) => bestOf(results, name, pick).ns)
  const ours = results.subjects.filter(({ family }) => family === 'earshot')
  const rows = ours.map(({ id, title: head, family }) => {
    const cells = columns.map((name, index) => {
      const ns = best[index]
      return ns === undefined ? none : (pick(cellOf(results, id, name)) / ns).toFixed(2)
    })
    return { head, family, cells }
  })
  return { title, head: 'codec', columns, rows }
}

// Owns the sentences that sum up a run, computed from its figures: what is better, and what is not.

import { ratio } from 'earshot/report'
import { bestPairFinding } from './best-pair.ts'
import type { Cell, Gain, Results } from './results.ts'
import { cellsOf, sumNs } from './tables.ts'

export function findingsOf(results: Results): string[] {
  return [
    least(results, 'Smallest', ({ sizes }) => sizes.bytes),
    least(results, 'Fastest to encode and decode (sum of medians)', sumNs),
    bestPairFinding(results),
    gains(results, 'encode', ({ encodeGain }) => encodeGain),
    gains(results, 'decode', ({ decodeGain }) => decodeGain),
    slower(results),
  ]
}

/** `Smallest: Earshot Avro and avsc in tiny, tick, order; …`. */
function least(results: Results, what: string, pick: (cell: Cell) => number): string {
  const shapesOf = new Map<string, string[]>()
  for (const { name } of results.shapes) {
    const cells = cellsOf(results, name)
    const lowest = Math.min(...cells.map(pick))
    const winners = cells.filter((cell) => pick(cell) === lowest)
    const titles = winners.map((cell) => titleOf(results, cell)).join(' and ')
    shapesOf.set(titles, [...(shapesOf.get(titles) ?? []), name])
  }
  const parts = [...shapesOf].map(([titles, names]) => `${titles} in ${names.join(', ')}`)
  return `${what}: ${parts.join('; ')}.`
}

function gains(results: Results, what: string, pick: (cell: Cell) => Gain | null): string {
  const all = results.cells.map(pick).filter((gain) => gain !== null)
  const count = (verdict: Gain['verdict']) => all.filter((one) => one.verdict === verdict).length
  const ratios = all.map((gain) => gain.ratio)
  const range = `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`
  return (
    `Against the library of the same format, Earshot's ${what} is faster in ` +
    `${count('faster')} of ${all.length} cases, slower in ${count('slower')}, ` +
    `not to be told apart in ${count('same')} (${range}).`
  )
}

function slower(results: Results): string {
  const parts = results.cells.flatMap((cell) => {
    const name = `${titleOf(results, cell)} ${cell.shape}`
    const of = (what: string, gain: Gain | null) =>
      gain?.verdict === 'slower' ? [`${name} ${what} ${ratio(gain.ratio)}`] : []
    return [...of('encode', cell.encodeGain), ...of('decode', cell.decodeGain)]
  })
  if (parts.length === 0) return 'In this run no library was faster than Earshot in its own format.'
  return `Slower than the library: ${parts.join('; ')}.`
}

function titleOf({ subjects }: Results, { subject }: Cell): string {
  return subjects.find(({ id }) => id === subject)?.title ?? subject
}

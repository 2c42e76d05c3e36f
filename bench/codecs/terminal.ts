// Owns the terminal's report: everything, in at most 100 columns.

import { beside, machineLines, tableText, wrapped } from 'earshot/report'
import { findingsOf } from './findings.ts'
import { glanceTables } from './glance.ts'
import type { Results } from './results.ts'
import { decodeTable, encodeTable, roundTripTable, sizeTable } from './tables.ts'

const columns = 100

export function terminalReport(results: Results): string {
  const { title, startedAt, tookS, machine, shapes, method, caveats } = results
  const parts = [
    [
      title,
      `${startedAt}, took ${tookS} s`,
      ...machineLines(machine).flatMap((line) => wrapped(line, columns)),
    ].join('\n'),
  ]
  for (const { name, title: about } of shapes) {
    const encode = tableText(beside(sizeTable(results, name), encodeTable(results, name)))
    const decode = tableText(beside(decodeTable(results, name), roundTripTable(results, name)))
    parts.push(`━━ ${name} ━━ ${about}`, withoutName(encode, name), withoutName(decode, name))
  }
  parts.push('━━ all shapes ━━', ...glanceTables(results).map(tableText))
  parts.push(listed('In this run', findingsOf(results)))
  parts.push(listed('Method', method), listed('Caveats', caveats))
  return `${parts.join('\n\n')}\n`
}

/** The heading above has said the shape already. */
function withoutName(text: string, name: string): string {
  return text.replaceAll(`${name}: `, '')
}

function listed(title: string, lines: readonly string[]): string {
  const items = lines.flatMap((line) =>
    wrapped(line, columns - 2).map((part, index) => `${index === 0 ? '· ' : '  '}${part}`),
  )
  return [title, ...items].join('\n')
}

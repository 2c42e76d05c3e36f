// Owns the Markdown report: the tables of the page, for a repository or an issue.

import { machineLines, tableMarkdown } from 'earshot/report'
import { findingsOf } from './findings.ts'
import { glanceTables } from './glance.ts'
import type { Results } from './results.ts'
import { decodeTable, encodeTable, roundTripTable, sizeTable } from './tables.ts'

export function markdownReport(results: Results): string {
  const { title, startedAt, tookS, machine, shapes, method, caveats } = results
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')
  const parts = [
    `# ${title}`,
    list([`${startedAt}, took ${tookS} s`, ...machineLines(machine)]),
    '## In this run',
    list(findingsOf(results)),
    '## All shapes',
    ...glanceTables(results).map(tableMarkdown),
  ]
  for (const { name, title: about } of shapes) {
    const tables = [sizeTable, encodeTable, decodeTable, roundTripTable]
    parts.push(`## ${name}`, about, ...tables.map((make) => tableMarkdown(make(results, name))))
  }
  parts.push('## Method', list(method), '## Caveats', list(caveats))
  return `${parts.join('\n\n')}\n`
}

// Owns what the report of all benchmarks shows of this one: the tables at a glance.

import type { Section } from 'earshot/report'
import { findingsOf } from './findings.ts'
import { glanceTables } from './glance.ts'
import type { Results } from './results.ts'

export function codecsView(results: Results): Section {
  return {
    id: 'codecs',
    title: 'Codecs',
    lead:
      'The same messages in the four codecs, the libraries of the same formats, and XML. All ' +
      'of it is in codecs.html.',
    findings: findingsOf(results),
    parts: glanceTables(results).map((table) => ({ title: table.title, table })),
  }
}

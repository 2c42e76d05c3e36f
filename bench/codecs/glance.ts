// Owns which tables show all shapes at a glance, in every form of the report.

import type { Table } from 'earshot/report'
import { bestPairTables } from './best-pair.ts'
import type { Results } from './results.ts'
import { overviewTables } from './tables.ts'

export function glanceTables(results: Results): Table[] {
  return [...overviewTables(results), ...bestPairTables(results)]
}

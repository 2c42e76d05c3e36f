// Owns how the figures of `policies` are shown. Never takes one.

import { type Chart, type Section, short } from 'earshot/report'
import { MOST_NS, type PoliciesFigures } from './figures.ts'

export function policiesView({ rows }: PoliciesFigures): Section {
  const more = rows.find(({ client }) => client === 'default')?.moreNs ?? Number.NaN
  const chart: Chart = {
    title: 'ns a call; less is better',
    series: ['caller and server'],
    format: short,
    rows: rows.map(({ client, ns }) => ({
      label: client,
      family: 'earshot',
      bars: [{ value: ns.median }],
    })),
  }
  const title = 'ns a call, caller and server in one process, 250 in flight'
  return {
    id: 'policies',
    title: 'Policies',
    lead: 'What retry, breaker and bulkhead cost a call that succeeds. Requests of 100 bytes.',
    findings: [
      more < 1
        ? 'What the policies that are on by default cost is lost in the noise of this run.'
        : `The policies that are on by default cost ${more.toFixed(0)} ns a call ` +
          `(at most ${MOST_NS} are allowed).`,
    ],
    parts: [
      {
        title,
        table: {
          title,
          head: 'client',
          columns: ['ns', 'more than off'],
          rows: rows.map(({ client, ns, moreNs }) => ({
            head: client,
            family: 'earshot',
            cells: [ns.median.toFixed(0), client === 'off' ? '' : moreNs.toFixed(0)],
          })),
        },
        drawing: { kind: 'bars', chart },
      },
    ],
  }
}

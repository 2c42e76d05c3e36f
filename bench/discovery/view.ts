// Owns how the figures of `discovery` are shown. Never takes one.

import type { Chart, Part, Section } from 'earshot/report'
import { ratio } from 'earshot/report'
import { isOurs, type System } from '../roles/neighbours.ts'
import type { CrowdFigures, DiscoveryFigures, Times } from './figures.ts'

const names: Readonly<Record<System, string>> = {
  mdns: 'Earshot mDNS',
  peer: 'Earshot, to the hello',
  host: 'Earshot, no network',
  bonjour: 'bonjour-service',
  cote: 'cote',
  moleculer: 'Moleculer',
}

const GAVE_UP = 'gave up'

export function discoveryView(figures: DiscoveryFigures): Section {
  return {
    id: 'discovery',
    title: 'Discovery',
    lead: 'How soon peers find each other, and notice that one has gone.',
    findings: findingsOf(figures),
    parts: figures.notMeasured === undefined ? [pairPart(figures), crowdPart(figures)] : [],
  }
}

function findingsOf({ notMeasured, pairs, crowds, ...waited }: DiscoveryFigures): string[] {
  if (notMeasured !== undefined) return [`Not measured: ${notMeasured}.`]
  const findings = [
    'Knows: from its start, sockets included, until it is told of the other. By mDNS that is a ' +
      'sighting, as with bonjour-service; to the hello the other has proven who it is.',
    'Our mDNS alone, without a hello, notices a clean leave: a link notices the rest, at once.',
    `At rest: ${waited.idleSeconds} s, begun ${waited.idleAfterMs / 1_000} s after all knew all.`,
  ]
  const one = against(pairs, ({ newcomerKnows }) => newcomerKnows?.p50Ms)
  const all = against(crowds, ({ newcomerKnows }) => newcomerKnows?.p50Ms)
  const together = against(crowds, ({ togetherMs }) => togetherMs)
  return [
    `Until a newcomer knows one peer, of what our mDNS takes: ${one}.`,
    `Until it knows ${crowds[0]?.peers ?? 0} peers: ${all}.`,
    `Until so many that start together all know all: ${together}.`,
    ...findings,
    ...[...pairs, ...crowds].flatMap(({ system, failed }) =>
      failed.map((what) => `${names[system]} gave up at ${what}.`),
    ),
  ]
}

/** What each other system takes of what our mDNS takes. */
function against<T extends { readonly system: System }>(
  rows: readonly T[],
  msOf: (row: T) => number | undefined,
): string {
  const mdns = rows.find(({ system }) => system === 'mdns')
  const ours = mdns && msOf(mdns)
  if (ours === undefined) return 'not measured'
  const others = rows.filter(({ system }) => !isOurs(system))
  const shown = others.map((row) => {
    const theirs = msOf(row)
    return `${names[row.system]} ${theirs === undefined ? 'gave up' : ratio(theirs / ours)}`
  })
  return shown.join(', ')
}

function pairPart({ pairs, leftWithinMs, killedWithinMs }: DiscoveryFigures): Part {
  const title = 'One runs, others come and go: p50 / p99, ms'
  const rows = pairs.map(({ system, newcomerKnows, runningSees, leave, killed, failed }) => ({
    head: names[system],
    family: familyOf(system),
    cells: [
      ...[timesCell(newcomerKnows, failed), timesCell(runningSees, failed)],
      ...[
        timesCell(leave, failed, `not in ${leftWithinMs / 1_000} s`),
        timesCell(killed, failed, `not in ${killedWithinMs / 1_000} s`),
      ],
    ],
  }))
  const chart: Chart = {
    title: 'Until a newcomer knows one peer, p50, ms; less is better',
    series: ['newcomer knows', 'running sees'],
    format: (value) => value.toFixed(1),
    rows: pairs.map(({ system, newcomerKnows, runningSees }) => ({
      label: names[system],
      family: familyOf(system),
      bars: [newcomerKnows, runningSees].map((times) => (times ? { value: times.p50Ms } : null)),
    })),
  }
  const columns = ['knows', 'is seen', 'leaves', 'SIGKILL']
  const table = { title, head: 'by', columns, rows }
  const isDrawn = chart.rows.some(({ bars }) => bars.some((bar) => bar !== null))
  return { title, table, ...(isDrawn && { drawing: { kind: 'bars', chart } }) }
}

function crowdPart({ crowds }: DiscoveryFigures): Part {
  const [first] = crowds
  const title =
    `${first?.peers ?? 0} peers; together: half / the last; packets/s at rest: ` +
    'to all / of any kind'
  const rows = crowds.map((crowd) => {
    const { idlePacketsPerSecond: idle } = crowd
    return {
      head: names[crowd.system],
      family: familyOf(crowd.system),
      cells: [
        togetherCell(crowd),
        crowd.packetsPerPeer?.toFixed(1) ?? GAVE_UP,
        timesCell(crowd.newcomerKnows, crowd.failed),
        idle ? `${rate(idle.toAll)} / ${rate(idle.any)}` : GAVE_UP,
        crowd.idleCpuPercent === undefined ? GAVE_UP : `${crowd.idleCpuPercent.toFixed(3)} %`,
      ],
    }
  })
  const columns = ['together, ms', 'sent each', 'newcomer, ms', 'packets/s', 'idle CPU']
  return { title, table: { title, head: 'by', columns, rows } }
}

function togetherCell({ knowsAll, togetherMs, peers }: CrowdFigures): string {
  if (!knowsAll) return GAVE_UP
  if (togetherMs === undefined) return `${knowsAll.count} of ${peers}`
  return `${short(knowsAll.p50Ms)} / ${short(togetherMs)}`
}

/** What failed says how many there were until then; its reason stands below. */
function timesCell(
  times: Times | undefined,
  failed: readonly string[],
  unnoticed: string = GAVE_UP,
): string {
  if (!times) return failed.length > 0 ? GAVE_UP : unnoticed
  const shown = `${short(times.p50Ms)} / ${short(times.p99Ms)}`
  return failed.length > 0 ? `${shown} (${times.count})` : shown
}

function rate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : perSecond.toFixed(0)
}

function short(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0)
}

function familyOf(system: System): string {
  return isOurs(system) ? 'earshot' : system
}

// Owns how the figures of `discovery` are shown. Never takes one.

import type { Chart, Part, Section } from 'earshot/report'
import { ratio } from 'earshot/report'
import { isOurs, type System } from '../roles/neighbours.ts'
import type { DiscoveryFigures, Times } from './figures.ts'

const names: Readonly<Record<System, string>> = {
  mdns: 'Earshot mDNS',
  peer: 'Earshot, to the hello',
  host: 'Earshot, no network',
  bonjour: 'bonjour-service',
  cote: 'cote',
  moleculer: 'Moleculer',
}

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
    'Our mDNS alone, without a hello, notices a clean leave: a link notices the rest, at once.',
    `At rest: ${waited.idleSeconds} s, begun ${waited.idleAfterMs / 1_000} s after all knew all.`,
  ]
  const one = against(pairs, ({ newcomerKnows }) => newcomerKnows.p50Ms)
  const all = against(crowds, ({ newcomerKnows }) => newcomerKnows.p50Ms)
  const together = against(crowds, ({ togetherMs }) => togetherMs)
  return [
    `Until a newcomer knows one peer, of what our mDNS takes: ${one}.`,
    `Until it knows ${crowds[0]?.peers ?? 0} peers: ${all}.`,
    `Until so many that start together all know all: ${together}.`,
    ...findings,
  ]
}

/** What each other system takes of what our mDNS takes. */
function against<T extends { readonly system: System }>(
  rows: readonly T[],
  msOf: (row: T) => number,
): string {
  const ours = rows.find(({ system }) => system === 'mdns')
  const others = rows.filter(({ system }) => !isOurs(system))
  if (!ours) return 'not measured'
  return others.map((row) => `${names[row.system]} ${ratio(msOf(row) / msOf(ours))}`).join(', ')
}

function pairPart({ pairs, leftWithinMs, killedWithinMs }: DiscoveryFigures): Part {
  const title = 'One runs, others come and go: p50 / p99, ms'
  const rows = pairs.map(({ system, newcomerKnows, runningSees, leave, killed }) => ({
    head: names[system],
    family: familyOf(system),
    cells: [
      ...[both(newcomerKnows), both(runningSees)],
      ...[bothOrNot(leave, leftWithinMs), bothOrNot(killed, killedWithinMs)],
    ],
  }))
  const chart: Chart = {
    title: 'Until a newcomer knows one peer, p50, ms; less is better',
    series: ['newcomer knows', 'running sees'],
    format: (value) => value.toFixed(1),
    rows: pairs.map(({ system, newcomerKnows, runningSees }) => ({
      label: names[system],
      family: familyOf(system),
      bars: [{ value: newcomerKnows.p50Ms }, { value: runningSees.p50Ms }],
    })),
  }
  const columns = ['knows', 'is seen', 'leaves', 'SIGKILL']
  return { title, table: { title, head: 'by', columns, rows }, drawing: { kind: 'bars', chart } }
}

function crowdPart({ crowds }: DiscoveryFigures): Part {
  const [first] = crowds
  const title =
    `${first?.peers ?? 0} peers; together: half / the last; packets/s at rest: ` +
    'to all / of any kind'
  const rows = crowds.map((crowd) => ({
    head: names[crowd.system],
    family: familyOf(crowd.system),
    cells: [
      ...[`${short(crowd.knowsAll.p50Ms)} / ${short(crowd.togetherMs)}`],
      crowd.packetsPerPeer.toFixed(1),
      both(crowd.newcomerKnows),
      `${rate(crowd.idlePacketsPerSecond.toAll)} / ${rate(crowd.idlePacketsPerSecond.any)}`,
      `${crowd.idleCpuPercent.toFixed(3)} %`,
    ],
  }))
  const columns = ['together, ms', 'sent each', 'newcomer, ms', 'packets/s', 'idle CPU']
  return { title, table: { title, head: 'by', columns, rows } }
}

function both(times: Times): string {
  return `${short(times.p50Ms)} / ${short(times.p99Ms)}`
}

function bothOrNot(times: Times | undefined, withinMs: number): string {
  return times ? both(times) : `not in ${withinMs / 1_000} s`
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

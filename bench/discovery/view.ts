// Owns how the figures of `discovery` are shown. Never takes one.

import type { Chart, Part, Section } from 'earshot/report'
import { none, ratio } from 'earshot/report'
import type { System } from '../roles/neighbours.ts'
import type { DiscoveryFigures, Times } from './figures.ts'

const names: Readonly<Record<System, string>> = {
  mdns: 'Earshot mDNS',
  peer: 'Earshot, to the hello',
  host: 'Earshot, no network',
  bonjour: 'bonjour-service',
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
    'Without a hello only a clean leave is noticed: a link notices the rest, at once.',
    `What was not noticed was waited for ${waited.killedWithinMs / 1_000} s.`,
    `At rest: ${waited.idleSeconds} s, begun ${waited.idleAfterMs / 1_000} s after all knew all.`,
  ]
  const [ours, theirs] = [of('mdns', crowds), of('bonjour', crowds)]
  if (ours && theirs) {
    const times = ratio(theirs.newcomerKnows.p50Ms / ours.newcomerKnows.p50Ms)
    const together = ratio(theirs.togetherMs / ours.togetherMs)
    findings.unshift(
      `Of ${ours.peers} peers, bonjour-service takes ${times} of what our mDNS takes until a ` +
        `newcomer knows all, and ${together} when all start together.`,
    )
  }
  const [pair, other] = [of('mdns', pairs), of('bonjour', pairs)]
  if (pair && other) {
    const times = ratio(other.newcomerKnows.p50Ms / pair.newcomerKnows.p50Ms)
    findings.unshift(`Until a newcomer knows one peer, bonjour-service takes ${times} of our mDNS.`)
  }
  return findings
}

function of<T extends { readonly system: System }>(system: System, rows: readonly T[]) {
  return rows.find((row) => row.system === system)
}

function pairPart({ pairs }: DiscoveryFigures): Part {
  const title = 'One runs, others come and go: p50 / p99, ms'
  const rows = pairs.map(({ system, newcomerKnows, runningSees, leave, killed }) => ({
    head: names[system],
    family: familyOf(system),
    cells: [newcomerKnows, runningSees, leave, killed].map(both),
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
  const title = `${first?.peers ?? 0} peers on one network; together: half of them / the last`
  const rows = crowds.map((crowd) => ({
    head: names[crowd.system],
    family: familyOf(crowd.system),
    cells: [
      ...[`${short(crowd.knowsAll.p50Ms)} / ${short(crowd.togetherMs)}`],
      crowd.packetsPerPeer.toFixed(1),
      ...[both(crowd.newcomerKnows), crowd.idlePacketsPerSecond.toFixed(1)],
      `${crowd.idleCpuPercent.toFixed(3)} %`,
    ],
  }))
  const columns = ['together, ms', 'mcast each', 'newcomer, ms', 'idle mcast/s', 'idle CPU']
  return { title, table: { title, head: 'by', columns, rows } }
}

function both(times: Times | undefined): string {
  return times ? `${short(times.p50Ms)} / ${short(times.p99Ms)}` : none
}

function short(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0)
}

function familyOf(system: System): string {
  return system === 'bonjour' ? 'bonjour' : 'earshot'
}

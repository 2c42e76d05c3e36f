// Owns how the figures of `chain` are shown. Never takes one.

import { type LineChart, none, type Part, type Section, short } from 'earshot/report'
import {
  type ChainFigures,
  type PhaseFigures,
  RECOVERED_SHARE,
  type Run,
  type Storm,
} from './figures.ts'

export function chainView(figures: ChainFigures): Section {
  const { capacityPerSecond, deadlineMs, storms } = figures
  return {
    id: 'chain',
    title: 'A chain under overload',
    lead:
      'Load, front, middle and back, a process each. The back can do ' +
      `${capacityPerSecond} calls a second; who asks waits ${deadlineMs} ms. With: the policies ` +
      'that are on by default, the deadline handed on, so many handlers at once at the back. ' +
      'Without: as it is often written, a time-out of 500 ms and three tries at each hop, a ' +
      'line without end at the back. One run of each.',
    findings: storms.flatMap(findingsOf),
    parts: storms.flatMap((storm) => [answersPart(storm, figures), timesPart(storm)]),
  }
}

function findingsOf({ title, phases, runs }: Storm): string[] {
  const { guarded, naive } = runs
  const loads = phases.map(({ load }) => load)
  const most = Math.max(...loads)
  const good = (run: Run) => rate(run.phases[loads.indexOf(most)]?.goodPerSecond ?? 0)
  const answers =
    most > 1
      ? `at ${most}× the load ${good(guarded)} a second are answered in time with the policies, ` +
        `${good(naive)} without; `
      : ''
  return [
    `${title}: ${answers}${vainOf(guarded)} of the back’s work is in vain with them, ` +
      `${vainOf(naive)} without.`,
    `${title}: as before ${recovery(guarded)} after its end with them, ` +
      `${recovery(naive)} without (${RECOVERED_SHARE * 100} % of all calls answered in time, and ` +
      'so on).',
  ]
}

/** A share of all that the back has done in a run. */
function vainOf({ phases }: Run): string {
  const of = (what: (phase: PhaseFigures) => number) =>
    phases.reduce((sum, phase) => sum + what(phase), 0)
  const worked = of(({ workedPerSecond }) => workedPerSecond)
  return percent(
    of(({ inVainPerSecond }) => inVainPerSecond),
    worked,
  )
}

function recovery({ recoveredMs }: Run): string {
  if (recoveredMs === undefined) return 'not at all meanwhile'
  return recoveredMs === 0 ? 'at once' : `${recoveredMs} ms`
}

function answersPart({ title, phases, runs }: Storm, { stepMs }: ChainFigures): Part {
  const { guarded, naive } = runs
  const heading = `${title}: a second`
  const chart: LineChart = {
    title: `${title}: answers in time a second`,
    series: [
      { name: 'with the policies', values: guarded.answered },
      { name: 'without', values: naive.answered },
      { name: 'without, work in vain', values: naive.inVain },
    ],
    format: rate,
    formatAt: (index) => `${((index * stepMs) / 1_000).toFixed(1)} s`,
  }
  return {
    title: heading,
    table: {
      title: heading,
      head: 'calls',
      columns: ['offered', 'in time: with', 'without', 'in vain: with', 'without'],
      rows: phases.map(({ name }, at) => {
        const [own, other] = [guarded.phases[at], naive.phases[at]] as [PhaseFigures, PhaseFigures]
        return {
          head: name,
          family: 'earshot',
          cells: [
            short(own.offeredPerSecond),
            ...[own.goodPerSecond, other.goodPerSecond].map(rate),
            percent(own.inVainPerSecond, own.workedPerSecond),
            percent(other.inVainPerSecond, other.workedPerSecond),
          ],
        }
      }),
    },
    drawing: { kind: 'lines', chart },
  }
}

function timesPart({ title, phases, runs }: Storm): Part {
  const heading = `${title}: ms until an answer in time`
  return {
    title: heading,
    table: {
      title: heading,
      head: 'calls',
      columns: ['p50: with', 'without', 'p99: with', 'without'],
      rows: phases.map(({ name }, at) => {
        const [own, other] = [runs.guarded.phases[at], runs.naive.phases[at]]
        const times = [own?.p50Ms, other?.p50Ms, own?.p99Ms, other?.p99Ms]
        return { head: name, family: 'earshot', cells: times.map(ms) }
      }),
    },
  }
}

function rate(perSecond: number): string {
  return perSecond === 0 ? '0' : short(perSecond)
}

function ms(value: number | undefined): string {
  return value === undefined ? none : value.toFixed(0)
}

function percent(part: number, whole: number): string {
  return whole === 0 ? none : `${((part / whole) * 100).toFixed(0)} %`
}

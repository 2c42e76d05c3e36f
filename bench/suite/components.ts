// Owns the list of what `npm run bench` can run: one row each, measured, shown and judged alike.

import type { Section } from 'earshot/report'
import { measureChain } from '../chain/measure.ts'
import { chainView } from '../chain/view.ts'
import { runCodecs } from '../codecs/run.ts'
import { codecsView } from '../codecs/section.ts'
import { failuresOf as discoveryFailures } from '../discovery/figures.ts'
import { measureDiscovery } from '../discovery/measure.ts'
import { discoveryView } from '../discovery/view.ts'
import { failuresOf as fanOutFailures } from '../fan-out/figures.ts'
import { measureFanOut } from '../fan-out/measure.ts'
import { fanOutView } from '../fan-out/view.ts'
import { failuresOf as latencyFailures } from '../latency/figures.ts'
import { measureLatency } from '../latency/measure.ts'
import { latencyView } from '../latency/view.ts'
import { failuresOf as memoryFailures } from '../memory/figures.ts'
import { measureMemory } from '../memory/measure.ts'
import { memoryView } from '../memory/view.ts'
import { failuresOf as oneWayFailures } from '../one-way/figures.ts'
import { measureOneWay } from '../one-way/measure.ts'
import { oneWayView } from '../one-way/view.ts'
import { failuresOf as policiesFailures } from '../policies/figures.ts'
import { measurePolicies } from '../policies/measure.ts'
import { policiesView } from '../policies/view.ts'
import type { Effort, Progress } from '../process/effort.ts'
import { measureStyles } from '../styles/measure.ts'
import { stylesView } from '../styles/view.ts'

export const componentNames = [
  'one-way',
  'latency',
  'fan-out',
  'discovery',
  'policies',
  'styles',
  'chain',
  'codecs',
  'memory',
] as const

export type ComponentName = (typeof componentNames)[number]

export interface Found {
  readonly name: ComponentName
  /** Goes into the JSON as it is. */
  readonly figures: unknown
  readonly section: Section
  /** What must hold and did not. */
  readonly failures: readonly string[]
}

type Run = (effort: Effort, progress: Progress) => Promise<Found>

function component<F>(
  name: ComponentName,
  measure: (effort: Effort, progress: Progress) => Promise<F>,
  view: (figures: F) => Section,
  failuresOf: (figures: F) => readonly string[],
): Run {
  return async (effort, progress) => {
    const figures = await measure(effort, (what) => progress(`${name}: ${what}`))
    return { name, figures, section: view(figures), failures: failuresOf(figures) }
  }
}

function measureCodecs({ quick }: Effort, progress: Progress) {
  return runCodecs(quick, (done, of, what) => progress(`${what}, ${done} of ${of}`))
}

export const components: Readonly<Record<ComponentName, Run>> = {
  'one-way': component('one-way', measureOneWay, oneWayView, oneWayFailures),
  latency: component('latency', measureLatency, latencyView, latencyFailures),
  'fan-out': component('fan-out', measureFanOut, fanOutView, fanOutFailures),
  discovery: component('discovery', measureDiscovery, discoveryView, discoveryFailures),
  styles: component('styles', measureStyles, stylesView, () => []),
  chain: component('chain', measureChain, chainView, () => []),
  policies: component('policies', measurePolicies, policiesView, policiesFailures),
  codecs: component('codecs', measureCodecs, codecsView, () => []),
  memory: component('memory', measureMemory, memoryView, memoryFailures),
}

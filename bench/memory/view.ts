// Owns how the figures of `memory` are shown. Never takes one.

import type { LineChart, Part, Section } from 'earshot/report'
import { count, short } from 'earshot/report'
import { bound, type Held, type MemoryFigures } from './figures.ts'

export function memoryView(figures: MemoryFigures): Section {
  const { stopped, slow } = figures
  const held = heldOf(figures)
  const flat = held.every(({ grows }) => !grows)
  const { received, missed, published, exact } = stopped.gap
  const told = `${count(received)} received + ${count(missed)} missed`
  return {
    id: 'memory',
    title: 'Memory',
    lead: `What processes hold under ${stopped.seconds} s of overload, messages of 1 KB each.`,
    findings: [
      flat ? 'Memory stays flat.' : 'Memory GROWS.',
      `While one subscriber stood still, the other heard ${short(stopped.otherDuring)} events a ` +
        `second (${short(stopped.otherBefore)} before).`,
      `The one that stood still tells ${told}: ${exact ? 'exactly' : 'NOT'} the ` +
        `${count(published)} that were published.`,
      `The slow server handled all but ${count(slow.lost)} of ${count(slow.sent)} notifications, ` +
        `each in ${slow.handlerMs} ms.`,
    ],
    parts: [heldPart(held)],
  }
}

function heldOf({ stopped, slow }: MemoryFigures): Held[] {
  return [stopped.publisher, slow.sender, slow.receiver]
}

function heldPart(held: readonly Held[]): Part {
  const title = 'Resident memory, MiB'
  const rows = held.map(({ what, firstMiB, lastMiB, slopeMiBPerMinute, samplesMiB, grows }) => ({
    head: what,
    family: 'earshot',
    cells: [
      ...[firstMiB.toFixed(0), lastMiB.toFixed(0), Math.max(...samplesMiB).toFixed(0)],
      ...[signed(slopeMiBPerMinute), grows ? 'YES' : 'no'],
    ],
  }))
  const chart: LineChart = {
    title: `Resident memory, a sample a second; flat is right. It fails when ${bound}`,
    series: held.map(({ what, samplesMiB }) => ({ name: what, values: samplesMiB })),
    format: (value) => `${value.toFixed(0)} MiB`,
    formatAt: (index) => `${index + 1} s`,
  }
  const columns = ['first', 'last', 'most', 'a min', 'grows']
  return { title, table: { title, head: 'who', columns, rows }, drawing: { kind: 'lines', chart } }
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`
}

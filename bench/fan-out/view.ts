// Owns how the figures of `fan-out` are shown. Never takes one.

import type { Chart, Part, Section } from 'earshot/report'
import { count, ratio, short } from 'earshot/report'
import type { FanOutFigures, SpreadRow } from './figures.ts'

export function fanOutView(figures: FanOutFigures): Section {
  const { ratio: times, mesh, idle, one, fifty } = figures
  const exact = one.exact && fifty.exact
  return {
    id: 'fan-out',
    title: 'Fan-out',
    lead: 'One to many, many to many, and what links cost that rest. Events of 100 bytes.',
    findings: [
      `${fifty.subscribers} subscribers together hear ${ratio(times)} of what one hears.`,
      exact
        ? 'Publishers are as fast as they can; what is missed is known exactly, by each subscriber.'
        : 'What was received and missed is NOT what was published.',
      `A mesh of ${mesh.peers}: ${short(mesh.deliveredPerSecond)} events delivered and ` +
        `${short(mesh.answeredPerSecond)} calls answered a second, both at once.`,
      `A peer at rest with ${idle.links} links takes ${percent(idle.cpuPercent)} of a core.`,
    ],
    parts: [spreadPart(figures), meshPart(figures)],
  }
}

function spreadPart({ one, fifty }: FanOutFigures): Part {
  const title = 'One publisher, one and many subscribers'
  const rows = [one, fifty].map((row) => ({
    head: subscribersText(row),
    family: 'earshot',
    cells: [
      ...[String(row.processes), short(row.publishedPerSecond), short(row.deliveredPerSecond)],
      ...[percent((row.missed / (row.received + row.missed)) * 100), row.exact ? 'yes' : 'NO'],
    ],
  }))
  const chart: Chart = {
    title: 'Events a second; more is better',
    series: ['published', 'delivered to all together'],
    format: short,
    rows: [one, fifty].map((row) => ({
      label: subscribersText(row),
      family: 'earshot',
      bars: [{ value: row.publishedPerSecond }, { value: row.deliveredPerSecond }],
    })),
  }
  const columns = ['processes', 'published/s', 'delivered/s', 'missed', 'exact']
  return { title, table: { title, head: 'who', columns, rows }, drawing: { kind: 'bars', chart } }
}

function meshPart({ mesh, idle }: FanOutFigures): Part {
  const title = 'Many links'
  const rows = [
    [
      `mesh of ${mesh.peers} in ${mesh.processes} processes, delivered/s`,
      short(mesh.deliveredPerSecond),
    ],
    [`mesh of ${mesh.peers}, calls answered/s`, short(mesh.answeredPerSecond)],
    [`mesh of ${mesh.peers}, events missed`, count(mesh.missed)],
    [`mesh of ${mesh.peers}, calls failed`, count(mesh.failed)],
    [`a peer at rest with ${idle.links} links, of a core`, percent(idle.cpuPercent)],
  ].map(([head = '', cell = '']) => ({ head, family: 'earshot', cells: [cell] }))
  return { title, table: { title, head: 'what', columns: ['figure'], rows } }
}

function subscribersText({ subscribers }: SpreadRow): string {
  return subscribers === 1 ? '1 subscriber' : `${subscribers} subscribers`
}

function percent(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} %`
}

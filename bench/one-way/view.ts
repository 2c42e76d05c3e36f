// Owns how the figures of `one-way` are shown. Never takes one.

import type { Chart, Figure, Part, Section } from 'earshot/report'
import { count, digits, none, ratio, short, spread } from 'earshot/report'
import { baselineTitles } from '../baseline/adapter.ts'
import type { ItemSize } from '../process/effort.ts'
import type { OneWayFigures, TickRow } from './figures.ts'

export function oneWayView(figures: OneWayFigures): Section {
  return {
    id: 'one-way',
    title: 'One way',
    lead: 'Messages a second between processes on this host, counted at the receiver.',
    findings: findingsOf(figures),
    parts: [opaquePart(figures), encryptedPart(figures), ticksPart(figures), otherPart(figures)],
  }
}

function findingsOf({ opaque, ticks, fanIn, nobody }: OneWayFigures): string[] {
  const better = opaque.rows.map(({ size, earshot, zeromq, net }) => {
    const of = (other: Figure) => ratio(earshot.median / other.median)
    return `${sizeText(size)}: ${of(zeromq)} of zeromq.js, ${of(net)} of node:net`
  })
  const missed = ticks.reduce((sum, row) => sum + row.missed, 0)
  const exact = ticks.every((row) => row.exact)
  const sum = exact ? 'each subscriber knows exactly what it missed' : 'NOT what was published'
  const lost = opaque.lost + fanIn.lost
  const sent = opaque.sent + fanIn.sent
  return [
    `Opaque bytes, ${better.join('; ')}.`,
    `Reliable path: ${count(sent)} notifications sent, ${count(lost)} lost.`,
    `Publish and subscribe: ${count(missed)} missed of all ticks; ${sum}.`,
    `Publishing to nobody takes ${digits(nobody.bytesNs)} ns.`,
  ]
}

function opaquePart({ opaque }: OneWayFigures): Part {
  const rows = opaque.rows.map(({ size, earshot, zeromq, net }) => ({
    head: sizeText(size),
    family: 'earshot',
    cells: [
      ...[short(earshot.median), spread(earshot), short(zeromq.median), short(net.median)],
      ...[ratio(earshot.median / zeromq.median), ratio(earshot.median / net.median)],
    ],
  }))
  const columns = ['Earshot', 'spread', 'zeromq.js', 'node:net', '× zmq.js', '× net']
  const chart: Chart = {
    title: 'Messages a second; more is better',
    series: ['Earshot', baselineTitles.zeromq, baselineTitles.net],
    format: short,
    rows: opaque.rows.map(({ size, ...figures }) => ({
      label: sizeText(size),
      family: 'earshot',
      bars: [barOf(figures.earshot), barOf(figures.zeromq), barOf(figures.net)],
    })),
  }
  const title = 'Opaque bytes, messages a second'
  return { title, table: { title, head: 'size', columns, rows }, drawing: { kind: 'bars', chart } }
}

function encryptedPart({ encrypted }: OneWayFigures): Part {
  const title = 'Opaque bytes with CURVE, messages a second'
  const rows = encrypted.map(({ size, plain, encrypted: secured }) => ({
    head: sizeText(size),
    family: 'earshot',
    cells: [short(plain.median), short(secured.median), ratio(secured.median / plain.median)],
  }))
  return { title, table: { title, head: 'size', columns: ['plain', 'CURVE', 'ratio'], rows } }
}

function ticksPart({ ticks }: OneWayFigures): Part {
  const title = 'Typed ticks of 8 fields, published and heard'
  const rows = ticks.map((row) => ({
    head: tickTitle(row),
    family: row.encrypted ? 'encrypted' : 'earshot',
    cells: [
      ...[String(row.subscribers), short(row.publishedPerSecond.median)],
      ...[short(row.deliveredPerSecond.median), spread(row.deliveredPerSecond)],
      ...[missedShare(row), row.exact ? 'yes' : 'NO'],
    ],
  }))
  const columns = ['hear', 'published/s', 'delivered/s', 'spread', 'missed', 'exact']
  const chart: Chart = {
    title: 'Ticks delivered a second, all subscribers together; more is better',
    series: ['delivered'],
    format: short,
    rows: ticks.map((row) => {
      return { label: tickTitle(row), family: 'earshot', bars: [barOf(row.deliveredPerSecond)] }
    }),
  }
  return { title, table: { title, head: 'codec', columns, rows }, drawing: { kind: 'bars', chart } }
}

function otherPart({ nobody, fanIn }: OneWayFigures): Part {
  const title = 'To nobody, and from many to one'
  const rows = [
    ['publish bytes to nobody, ns a call', digits(nobody.bytesNs)],
    ['publish ticks to nobody, ns a call', digits(nobody.tickNs)],
    [`${fanIn.senders} senders, 100 B each, messages/s`, short(fanIn.perSecond)],
    [`${fanIn.senders} senders, lost`, count(fanIn.lost)],
  ].map(([head = '', cell = none]) => ({ head, family: 'earshot', cells: [cell] }))
  return { title, table: { title, head: 'what', columns: ['figure'], rows } }
}

function tickTitle({ codec, encrypted }: TickRow): string {
  const name = codec === 'mixed' ? 'all four' : codec
  return encrypted ? `${name}, CURVE` : name
}

function missedShare({ received, missed }: TickRow): string {
  return `${((missed / Math.max(1, received + missed)) * 100).toFixed(1)} %`
}

function sizeText(size: ItemSize): string {
  return size === 'mixed' ? 'mixed' : `${count(size)} B`
}

function barOf({ median, lowest, highest }: Figure) {
  return { value: median, lowest, highest }
}

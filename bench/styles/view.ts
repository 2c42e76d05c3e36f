// Owns how the figures of `styles` are shown. Never takes one.

import { duration, type Part, ratio, type Section, short, spread } from 'earshot/report'
import { aims, ratiosOf, type StylesFigures, type Times } from './figures.ts'

export function stylesView(figures: StylesFigures): Section {
  const { cancel, scatter, streams } = ratiosOf(figures)
  const plain = figures.each.p50Us.median / figures.all.p50Us.median
  const most = (aim: { readonly most: number; readonly what: string }, found: number) =>
    `${aim.what}: ${ratio(found)} at the median (aim: at most ${aim.most}).`
  const { least, what } = aims.streams
  return {
    id: 'styles',
    title: 'Styles',
    lead:
      'What the styles of talking cost against each other: processes of this host, 100 bytes, ' +
      'one at a time. What policies cost a call is under Policies.',
    findings: [
      most(aims.cancel, cancel),
      most(
        { ...aims.scatter, what: `a question to ${figures.crowd} peers, against a round trip` },
        scatter,
      ),
      `as many plain requests at once: ${ratio(plain)} of what the question takes.`,
      `${what}: ${ratio(streams)} (aim: at least ${least}).`,
    ].map((text) => text.charAt(0).toUpperCase() + text.slice(1)),
    parts: [timesPart(figures), ratesPart(figures)],
  }
}

function timesPart({ roundTrip, cancel, crowd, one, each, all }: StylesFigures): Part {
  const title = 'µs, one at a time'
  const rows: [string, Times][] = [
    ['round trip', roundTrip],
    ['cancel, one way', cancel],
    [`round trip, ${crowd} peers up`, one],
    [`${crowd} requests at once`, each],
    [`question to ${crowd}`, all],
  ]
  return {
    title,
    table: {
      title,
      head: 'style',
      columns: ['p50', 'spread', 'p99'],
      rows: rows.map(([head, { p50Us, p99Us }]) => ({
        head,
        family: 'earshot',
        cells: [us(p50Us.median), spread(p50Us), us(p99Us.median)],
      })),
    },
    drawing: {
      kind: 'bars',
      chart: {
        title: 'µs at the median; less is better',
        series: ['p50'],
        format: us,
        rows: rows.map(([label, { p50Us }]) => ({
          label,
          family: 'earshot',
          bars: [{ value: p50Us.median }],
        })),
      },
    },
  }
}

function ratesPart({ itemsPerSecond, eventsPerSecond }: StylesFigures): Part {
  const title = 'A second, 100 bytes each'
  const rows = [
    { head: 'items of one stream', figure: itemsPerSecond },
    { head: 'events to one subscriber', figure: eventsPerSecond },
  ]
  return {
    title,
    table: {
      title,
      head: 'style',
      columns: ['a second', 'spread'],
      rows: rows.map(({ head, figure }) => ({
        head,
        family: 'earshot',
        cells: [short(figure.median), spread(figure)],
      })),
    },
    drawing: {
      kind: 'bars',
      chart: {
        title: 'A second; more is better',
        series: ['a second'],
        format: short,
        rows: rows.map(({ head, figure }) => ({
          label: head,
          family: 'earshot',
          bars: [{ value: figure.median }],
        })),
      },
    },
  }
}

function us(value: number): string {
  return duration(value * 1_000)
}

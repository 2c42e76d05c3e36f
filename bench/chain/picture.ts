// Owns the picture of `chain` for a page of text: answers in time, and work in vain, over time.
// Reads alone: its colours are its own, for light and dark. Never takes a figure.

import { escapeText } from 'earshot/report'
import { type ChainFigures, type Phase, type Run, type Storm, secondsOf } from './figures.ts'

const WIDTH = 760
const LEFT = 46
const RIGHT = 14
/** Between the storms. */
const GAP = 34
const TOP = 74
const ANSWERS_HEIGHT = 140
const VAIN_TOP = TOP + ANSWERS_HEIGHT + 42
const VAIN_HEIGHT = 80
const HEIGHT = VAIN_TOP + VAIN_HEIGHT + 30
/** Above what the back can do. */
const ROOM = 1.2

const style = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1b2128; }
.card { fill: #ffffff; }
.soft { fill: #56616d; }
.mid { text-anchor: middle; }
.end { text-anchor: end; }
.bold { font-weight: 600; }
.trouble { fill: #f3e3d3; shape-rendering: crispEdges; }
.grid { stroke: #d6dce2; }
.can { stroke: #56616d; stroke-dasharray: 2 3; }
.guarded, .naive { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.guarded { stroke: #0b4f8a; }
.naive { stroke: #b3541e; stroke-dasharray: 6 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6eaee; }
  .card { fill: #12161b; }
  .soft { fill: #a2adb8; }
  .trouble { fill: #33271d; }
  .grid { stroke: #323a43; }
  .can { stroke: #a2adb8; }
  .guarded { stroke: #8cc8ff; }
  .naive { stroke: #f0a06a; }
}`

/** A file of its own, from one run of each storm and manner. */
export function chainPicture(figures: ChainFigures): string {
  const { storms, capacityPerSecond } = figures
  const seconds = storms.reduce((sum, { phases }) => sum + secondsOf(phases), 0)
  const perSecond = (WIDTH - LEFT - RIGHT - GAP * (storms.length - 1)) / seconds
  let left = LEFT
  const parts = storms.map((storm) => {
    const drawn = stormOf(storm, figures, left, perSecond)
    left += secondsOf(storm.phases) * perSecond + GAP
    return drawn
  })
  const title =
    'Answers in time a second of three services behind each other, and work in vain of the last ' +
    'one, over time: with the policies of Earshot and without'
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<title>${escapeText(title)}</title>
<style>${style}
</style>
<rect class="card" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
${legend().join('\n')}
${scales(capacityPerSecond).join('\n')}
${parts.flat().join('\n')}
</svg>
`
}

function legend(): string[] {
  const items = [
    ['guarded', LEFT, 'with the policies that are on by default'],
    ['naive', LEFT + 300, 'as often written: a time-out and three tries at each hop'],
  ] as const
  return items.map(([manner, x, text]) => {
    const line = `<path class="${manner}" d="M${x} 18h30"/>`
    return `${line}<text x="${x + 38}" y="22">${escapeText(text)}</text>`
  })
}

/** Names and figures of the two vertical axes. */
function scales(capacity: number): string[] {
  const at = (value: number, y: number) =>
    `<text class="soft end" x="${LEFT - 6}" y="${round(y + 4)}">${value}</text>`
  const name = (text: string, y: number) =>
    `<text class="bold" x="${LEFT}" y="${y}">${escapeText(text)}</text>`
  const offered = 'calls offered: ½ to 4× of what the back can do (dotted)'
  return [
    name('answers within the caller’s deadline, a second', TOP - 26),
    `<text class="soft end" x="${WIDTH - RIGHT}" y="${TOP - 26}">${offered}</text>`,
    name('work in vain at the back, a second', VAIN_TOP - 10),
    ...[0, 0.5, 1].map((share) => at(capacity * share, answersY(share))),
    ...[0, 1].map((share) => at(capacity * share, vainY(share))),
  ]
}

function stormOf(storm: Storm, figures: ChainFigures, left: number, perSecond: number): string[] {
  const { phases, runs } = storm
  const { capacityPerSecond, stepMs } = figures
  const width = secondsOf(phases) * perSecond
  const line = (manner: keyof Storm['runs'], of: keyof Pick<Run, 'answered' | 'inVain'>) => {
    const y = of === 'answered' ? answersY : vainY
    const points = runs[manner][of].map((value, step) => {
      // A figure stands in the middle of its step.
      const x = left + (((step + 0.5) * stepMs) / 1_000) * perSecond
      return `${round(x)},${round(y(Math.min(value / capacityPerSecond, ROOM)))}`
    })
    return `<polyline class="${manner}" points="${points.join(' ')}"/>`
  }
  const rule = (kind: string, y: number) =>
    `<path class="${kind}" d="M${round(left)} ${round(y)}h${round(width)}"/>`
  return [
    ...phasesOf(phases, left, perSecond),
    ...[rule('grid', answersY(0)), rule('grid', answersY(0.5)), rule('can', answersY(1))],
    ...[rule('grid', vainY(0)), rule('can', vainY(1))],
    ...[line('naive', 'answered'), line('guarded', 'answered')],
    ...[line('naive', 'inVain'), line('guarded', 'inVain')],
  ]
}

/** What is offered when, over both parts; where there is trouble they stand on a tint. */
function phasesOf(phases: readonly Phase[], left: number, perSecond: number): string[] {
  let x = left
  const drawn = phases.flatMap(({ sign, load, seconds, stalls }) => {
    const width = seconds * perSecond
    const place = `x="${round(x)}" width="${round(width)}"`
    const tint = [
      [TOP - 4, ANSWERS_HEIGHT + 4],
      [VAIN_TOP - 4, VAIN_HEIGHT + 4],
    ].map(([y, height]) => `<rect class="trouble" ${place} y="${y}" height="${height}"/>`)
    const text = `<text class="soft mid" x="${round(x + width / 2)}" y="${TOP - 9}">${sign}</text>`
    x += width
    return load > 1 || stalls ? [...tint, text] : [text]
  })
  const ends = [0, secondsOf(phases)].map((second) => {
    const at = round(left + second * perSecond)
    const side = second === 0 ? 'soft' : 'soft end'
    return `<text class="${side}" x="${at}" y="${HEIGHT - 12}">${second} s</text>`
  })
  return [...drawn, ...ends]
}

function answersY(share: number): number {
  return TOP + ANSWERS_HEIGHT * (1 - share / ROOM)
}

function vainY(share: number): number {
  return VAIN_TOP + VAIN_HEIGHT * (1 - share / ROOM)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

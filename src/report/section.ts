// Owns what a component shows, and a report of several in three forms that all say the same.
// Never measures, and never writes a file.

import { type Chart, chartSvg, isLog } from './chart.ts'
import { type Head, headHtml, listHtml } from './head.ts'
import { type LineChart, lineChartSvg } from './line-chart.ts'
import { type Machine, machineLines } from './machine.ts'
import { escapeMarkdown, escapeText } from './markup.ts'
import { page } from './page.ts'
import { type Table, tableHtml, tableMarkdown, tableText } from './table.ts'
import { wrapped, wrappedCode } from './wrap.ts'

export type Drawing =
  | { readonly kind: 'bars'; readonly chart: Chart }
  | { readonly kind: 'lines'; readonly chart: LineChart }

/** A question, its answer as a table, and drawn where that says more. */
export interface Part {
  readonly title: string
  readonly table: Table
  readonly drawing?: Drawing
}

export interface Section {
  readonly id: string
  readonly title: string
  readonly lead: string
  /** Sentences that sum up, made from the figures. */
  readonly findings: readonly string[]
  readonly parts: readonly Part[]
  /** Text to be taken as it is: a module, a document. */
  readonly code?: { readonly language: string; readonly text: string }
}

export interface Report {
  readonly title: string
  readonly startedAt: string
  readonly tookS: number
  readonly machine: Machine
  readonly sections: readonly Section[]
  /** What must hold and did not. */
  readonly failures: readonly string[]
  readonly method: readonly string[]
  readonly caveats: readonly string[]
}

const columns = 80

/** In at most 80 columns. */
export function reportText(report: Report): string {
  const { title, startedAt, tookS, machine, sections, failures, method, caveats } = report
  const head = [title, `${startedAt}, took ${tookS} s`, ...machineLines(machine)]
  const parts = [head.flatMap((line) => wrapped(line, columns)).join('\n')]
  for (const section of sections) {
    parts.push([`━━ ${section.title} ━━`, ...wrapped(section.lead, columns)].join('\n'))
    parts.push(...section.parts.map(({ table }) => tableText(table)))
    if (section.code) parts.push(wrappedCode(section.code.text.trimEnd(), columns).join('\n'))
    if (section.findings.length > 0) parts.push(listed('In this run', section.findings))
  }
  parts.push(listed('Method', method), listed('Caveats', caveats))
  if (failures.length > 0) parts.push(listed('FAILED', failures))
  return `${parts.join('\n\n')}\n`
}

export function reportMarkdown(report: Report): string {
  const { title, startedAt, tookS, machine, sections, failures, method, caveats } = report
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')
  const parts = [
    `# ${title}`,
    list([`${startedAt}, took ${tookS} s`, ...machineLines(machine)]),
    ...(failures.length > 0 ? ['## Failed', list(failures)] : []),
  ]
  for (const section of sections) {
    const tables = section.parts.map(({ table }) => tableMarkdown(table))
    const code = section.code ? [fenced(section.code)] : []
    const shown = section.findings.map(escapeMarkdown)
    const findings = shown.length > 0 ? [list(shown)] : []
    parts.push(`## ${section.title}`, section.lead, ...findings, ...tables, ...code)
  }
  parts.push('## Method', list(method), '## Caveats', list(caveats))
  return `${parts.join('\n\n')}\n`
}

/** One page that needs nothing but itself. */
export function reportHtml(report: Report): string {
  const { title, sections, failures, method, caveats } = report
  const body = [
    headHtml({ ...report, links: linksOf(sections) }),
    '<main>',
    ...(failures.length > 0 ? ['<h2 id="failed">Failed</h2>', listHtml(failures)] : []),
    ...sections.map(sectionHtml),
    `<h2 id="method">Method</h2>\n${listHtml(method)}`,
    `<h2 id="caveats">Caveats</h2>\n${listHtml(caveats)}`,
    '</main>',
  ]
  return page(escapeText(title), body.join('\n'))
}

function linksOf(sections: readonly Section[]): Head['links'] {
  const own = sections.map(({ id, title }) => [id, title] as const)
  return [...own, ['method', 'Method'], ['caveats', 'Caveats']]
}

function sectionHtml({ id, title, lead, findings, parts, code }: Section): string {
  const body = [
    ...(findings.length > 0 ? [listHtml(findings)] : []),
    ...parts.map(partHtml),
    ...(code ? [`<pre>${escapeText(code.text)}</pre>`] : []),
  ]
  return `<section>
<h2 id="${id}">${escapeText(title)}</h2>
<p class="lead">${escapeText(lead)}</p>
${body.join('\n')}
</section>`
}

function fenced({ language, text }: NonNullable<Section['code']>): string {
  // Longer than any run of backticks inside.
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}

function partHtml({ title, table, drawing }: Part): string {
  // The heading stands for the caption.
  const tables = `<div class="tables titled">${tableHtml(table)}</div>`
  const heading = `<h3>${escapeText(title)}</h3>`
  if (!drawing) return `${heading}\n<div class="narrow">${tables}</div>`
  const [svg, note] =
    drawing.kind === 'bars'
      ? [chartSvg(drawing.chart), isLog(drawing.chart)]
      : [lineChartSvg(drawing.chart), false]
  const log = note ? ' Log scale: each line is ten times the one before.' : ''
  const caption = escapeText(`${drawing.chart.title}.${log}`)
  return `${heading}\n<div class="pair">
<figure><figcaption>${caption}</figcaption>\n${svg}</figure>\n${tables}\n</div>`
}

function listed(title: string, lines: readonly string[]): string {
  const items = lines.flatMap((line) =>
    wrapped(line, columns - 2).map((part, index) => `${index === 0 ? '· ' : '  '}${part}`),
  )
  return [title, ...items].join('\n')
}

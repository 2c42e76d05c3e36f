// Owns the head of a page: what was measured when and where, and links to what follows.
// Never knows what the report is about.

import { type Machine, machineLines } from './machine.ts'
import { escapeText } from './markup.ts'

export interface Head {
  readonly title: string
  /** A sentence below the title. */
  readonly lead?: string
  readonly startedAt: string
  readonly tookS: number
  readonly machine: Machine
  /** Anchor and text of each part of the page. */
  readonly links: readonly (readonly [id: string, text: string])[]
}

export function headHtml({ title, lead, startedAt, tookS, machine, links }: Head): string {
  const [hardware = '', system = '', versions = '', load = ''] = machineLines(machine)
  const facts = [
    ['When', `${startedAt}, took ${tookS} s`],
    ['Machine', hardware],
    ['System', system],
    ['Versions', versions],
    ['Noise', load],
  ] as const
  const rows = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeText(value)}</dd>`)
  const items = links.map(([id, text]) => `<li><a href="#${id}">${escapeText(text)}</a></li>`)
  const below = lead === undefined ? '' : `<p class="lead">${escapeText(lead)}</p>\n`
  return `<header>
<h1>${escapeText(title)}</h1>
${below}<dl>${rows.join('\n')}</dl>
<nav aria-label="Sections"><ul>${items.join('')}</ul></nav>
</header>`
}

export function listHtml(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${escapeText(line)}</li>`).join('\n')}</ul>`
}

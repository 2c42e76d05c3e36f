// Owns what a look at the system or the mesh comes to: one sentence, and the next step.
// Never looks itself, and never prints.

import { paragraph } from '../table.ts'
import { paint } from '../terminal.ts'

export interface Finding {
  readonly area: 'interface' | 'system' | 'mesh' | 'peer'
  readonly level: 'ok' | 'note' | 'bad'
  readonly text: string
  /** What to do about it. */
  readonly next?: string
  /** The same as data, for `--json`. */
  readonly facts?: object
}

const titles = {
  interface: 'Interfaces',
  system: 'This host',
  mesh: 'The mesh',
  peer: 'Who sees whom',
} as const
const marks = { ok: 'ok  ', note: 'note', bad: 'BAD ' } as const

export function findingLines(findings: readonly Finding[], width: number): string[] {
  return (Object.keys(titles) as (keyof typeof titles)[]).flatMap((area) => {
    const own = findings.filter((one) => one.area === area)
    if (own.length === 0) return []
    return [
      paint('bold', titles[area]),
      // What is to be done about several that follow each other is said once.
      ...own.flatMap((one, at) => linesOf(one, width, one.next !== own[at + 1]?.next)),
    ]
  })
}

function linesOf({ level, text, next }: Finding, width: number, isLast: boolean): string[] {
  const lines = paragraph(`${marks[level]} ${text}`, width, '  ')
  const [first = '', ...rest] = lines
  const shown = level === 'bad' ? [paint('red', first), ...rest] : lines
  return next === undefined || !isLast
    ? shown
    : [...shown, ...paragraph(`next: ${next}`, width, '       ')]
}

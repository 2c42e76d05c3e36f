// Owns tables and paragraphs of plain text that fit a width. Never prints.

import { visible } from './terminal.ts'

export interface Column {
  readonly title: string
  readonly right?: boolean
  /** May be cut with an ellipsis when the line is too long. */
  readonly shrinks?: boolean
}

const GAP = '  '
const LEAST_WIDTH = 6
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const WIDE_TOO = /[\p{Emoji_Presentation}\uff01-\uff60]/u
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u

/** `1 peer`, `2 peers`. */
export function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

/** One line per row, the titles first. Cells may hold anything: they are made visible. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(visible))
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ''))))
  shrink(columns, widths, width)
  return cells.map((row) =>
    columns
      .map(({ right }, at) => fitted(row[at] ?? '', widths[at] as number, right === true))
      .join(GAP)
      .trimEnd(),
  )
}

/** Words broken into lines of at most `width`, each after `indent`, later ones deeper. */
export function paragraph(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of visible(text).split(' ')) {
    const room = width - indent.length - (lines.length > 0 ? GAP.length : 0)
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one, at) => `${indent}${at > 0 ? GAP : ''}${one}`)
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1))
  while (total() > width) {
    let widest = -1
    for (const [at, one] of widths.entries()) {
      if (!columns[at]?.shrinks || one <= LEAST_WIDTH) continue
      if (widest < 0 || one > (widths[widest] as number)) widest = at
    }
    if (widest < 0) return
    widths[widest] = (widths[widest] as number) - 1
  }
}

function fitted(text: string, width: number, right: boolean): string {
  let shown = text
  if (widthOf(text) > width) {
    const characters = [...text]
    while (widthOf(characters.join('')) > width - 1) characters.pop()
    shown = `${characters.join('')}…`
  }
  const space = ' '.repeat(width - widthOf(shown))
  return right ? space + shown : shown + space
}

/** Cells of a terminal. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (NO_WIDTH.test(character)) continue
    width += WIDE.test(character) || WIDE_TOO.test(character) ? 2 : 1
  }
  return width
}

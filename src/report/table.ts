// Owns tables: built once, written as terminal text, Markdown and HTML, so that all say the same.

import { escapeText } from './markup.ts'

export interface Row {
  readonly head: string
  /** Rows of another family follow after a line. */
  readonly family: string
  readonly cells: readonly string[]
  /** Columns in which this row has the lowest figure. */
  readonly best?: readonly number[]
}

export interface Table {
  readonly title: string
  /** Of the first column, then of the figures. */
  readonly head: string
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/** Two tables over the same rows as one, for a wide page. */
export function beside(left: Table, right: Table): Table {
  const rows = left.rows.map((row, index) => {
    const { cells } = right.rows[index] as Row
    return { ...row, cells: [...row.cells, ...cells] }
  })
  const title = `${left.title}; ${right.title}`
  return { title, head: left.head, columns: [...left.columns, ...right.columns], rows }
}

/** Aligned text; the lowest figure of a column carries a `*` where the table marks it. */
export function tableText(table: Table): string {
  const marked = table.rows.some(({ best }) => best !== undefined)
  const cellOf = (row: Row, column: number) => {
    const mark = marked ? (row.best?.includes(column) ? '*' : ' ') : ''
    return `${row.cells[column]}${mark}`
  }
  const headWidth = Math.max(table.head.length, ...table.rows.map(({ head }) => head.length))
  const titles = table.columns.map((title) => (marked ? `${title} ` : title))
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...table.rows.map((row) => cellOf(row, column).length)),
  )
  const line = (head: string, cells: readonly string[]) => {
    const padded = cells.map((cell, column) => cell.padStart(widths[column] as number))
    return [head.padEnd(headWidth), ...padded].join('  ').trimEnd()
  }
  const lines = [line(table.head, titles)]
  const full = headWidth + widths.reduce((sum, width) => sum + width + 2, 0)
  let family = ''
  for (const row of table.rows) {
    if (row.family !== family) lines.push('─'.repeat(full))
    family = row.family
    const cells = table.columns.map((_, column) => cellOf(row, column))
    lines.push(line(row.head, cells))
  }
  return [table.title, ...lines].join('\n')
}

export function tableMarkdown(table: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapePipe).join(' | ')} |`
  const rows = table.rows.map(({ head, cells, best = [] }) => {
    const shown = cells.map((cell, column) => (best.includes(column) ? `**${cell}**` : cell))
    return line([head, ...shown])
  })
  const rule = `|---|${table.columns.map(() => '---:|').join('')}`
  const header = line([table.head, ...table.columns])
  return [`**${table.title}**`, '', header, rule, ...rows].join('\n')
}

/** The wrapper scrolls on its own where a screen is too narrow; the page never does. */
export function tableHtml(table: Table): string {
  const heads = table.columns.map((title) => `<th scope="col">${escapeText(title)}</th>`).join('')
  let family = ''
  const rows = table.rows.map((row) => {
    const classes = [row.family, row.family === family ? '' : 'first'].filter(Boolean).join(' ')
    family = row.family
    const cells = row.cells.map((cell, column) => {
      const text = escapeText(cell)
      return row.best?.includes(column) ? `<td><b>${text}</b></td>` : `<td>${text}</td>`
    })
    const head = `<th scope="row">${escapeText(row.head)}</th>`
    return `<tr class="${classes}">${head}${cells.join('')}</tr>`
  })
  return `<div class="scroll"><table>
<caption>${escapeText(table.title)}</caption>
<thead><tr><th scope="col">${escapeText(table.head)}</th>${heads}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>`
}

function escapePipe(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

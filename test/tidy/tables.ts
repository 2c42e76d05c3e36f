// Owns the rules that tie the tables of errors and limits to the code: no row without a use,
// no use without a row.

import ts from 'typescript'
import { pending } from './house.ts'
import { ast, comments, type File, isCode, lineOf, nodes, type Rule } from './source.ts'

interface Table {
  readonly path: string
  readonly variable: string
  readonly word: string
  readonly pending: readonly string[]
}

export const errorRows: Table = {
  path: 'src/base/error-table.ts',
  variable: 'errorTable',
  word: 'error code',
  pending: pending.errors,
}

export const limitRows: Table = {
  path: 'src/base/limits.ts',
  variable: 'limitTable',
  word: 'limit',
  pending: pending.limits,
}

function rowsOf(file: File, variable: string): Map<string, number> {
  const rows = new Map<string, number>()
  for (const node of nodes(ast(file))) {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== variable) continue
    let value = node.initializer
    while (value && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) {
      value = value.expression
    }
    if (!value || !ts.isObjectLiteralExpression(value)) continue
    for (const { name } of value.properties) {
      if (name && 'text' in name) rows.set(String(name.text), lineOf(file, name))
    }
  }
  return rows
}

/** Every name and string of src outside the table itself. */
function namesIn(files: readonly File[], except: string): Set<string> {
  const names = new Set<string>()
  for (const file of files) {
    if (!file.path.startsWith('src/') || file.path === except || !isCode(file.path)) continue
    for (const node of nodes(ast(file))) {
      if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) names.add(node.text)
    }
  }
  return names
}

export function usedRows(table: Table): Rule {
  return {
    name: `every ${table.word} of the table is used in src`,
    *check(files) {
      const file = files.find(({ path }) => path === table.path)
      if (!file) return
      const rows = rowsOf(file, table.variable)
      const used = namesIn(files, table.path)
      for (const [name, line] of rows) {
        if (used.has(name) || table.pending.includes(name)) continue
        const message = `${name} is used nowhere: use it, or delete the row before a release has it`
        yield { path: file.path, line, message }
      }
      for (const name of table.pending) {
        if (rows.has(name) && !used.has(name)) continue
        const fate = rows.has(name) ? 'is used by now' : 'is no row of the table'
        const message = `${name} ${fate}: take it from the pending list`
        yield { path: 'test/tidy/house.ts', line: 1, message }
      }
    },
  }
}

const knownCodes: Rule = {
  name: 'every error code in src is a row of the table',
  *check(files) {
    const table = files.find(({ path }) => path === errorRows.path)
    const rows = table ? rowsOf(table, errorRows.variable) : new Map<string, number>()
    for (const file of files) {
      if (!file.path.startsWith('src/') || !isCode(file.path)) continue
      for (const { code, line } of codesIn(file)) {
        if (rows.has(code)) continue
        const message = `${code} has no row: add one to ${errorRows.path}, with a remedy`
        yield { path: file.path, line, message }
      }
    }
  },
}

/** Codes written as a string, or promised behind `@throws`. */
function* codesIn(file: File): Generator<{ code: string; line: number }> {
  for (const node of nodes(ast(file))) {
    if (!ts.isStringLiteralLike(node) || !/^EARSHOT_[A-Z0-9_]+$/.test(node.text)) continue
    yield { code: node.text, line: lineOf(file, node) }
  }
  for (const { text, line } of comments(file)) {
    for (const [index, row] of text.split('\n').entries()) {
      if (!row.includes('@throws')) continue
      for (const [code] of row.matchAll(/EARSHOT_[A-Z0-9_]+/g)) yield { code, line: line + index }
    }
  }
}

export const tableRules: readonly Rule[] = [knownCodes, usedRows(errorRows), usedRows(limitRows)]

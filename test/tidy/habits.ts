// Owns the rules about how code is written: heads, types, exports, unfinished work.

import ts from 'typescript'
import { maxHeadLines } from './house.ts'
import { ast, comments, fileRule, lineOf, nodes, type Rule } from './source.ts'

const heads = fileRule(
  `a file of src opens with one to ${maxHeadLines} lines that say what it owns`,
  /^src\//,
  function* ({ text }) {
    const lines = text.split('\n')
    const start = lines[0]?.startsWith('#!') ? 1 : 0
    const rest = lines.slice(start)
    const end = rest.findIndex((line) => !/^\/\/( |$)/.test(line))
    const count = end < 0 ? rest.length : end
    if (count >= 1 && count <= maxHeadLines) return
    const found = count === 0 ? 'no head' : `a head of ${count} lines`
    const message = `${found}: open with what it owns and never does, in ${maxHeadLines} lines`
    yield { line: start + 1, message }
  },
)

const unfinished = fileRule('no comment puts work off', /./, function* (file) {
  for (const { text, line } of comments(file)) {
    const match = /\b(TODO|FIXME|XXX|HACK)\b/.exec(text)
    if (!match) continue
    const before = text.slice(0, match.index).split('\n').length - 1
    yield { line: line + before, message: `"${match[0]}": do it now, or make it an issue` }
  }
})

const namedExports = fileRule('exports have names', /./, function* (file) {
  if (/(^|\/)[a-z-]+\.config\.ts$/.test(file.path)) return
  for (const node of ast(file).statements) {
    const marked =
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
    const renamed =
      ts.isExportDeclaration(node) &&
      node.exportClause &&
      ts.isNamedExports(node.exportClause) &&
      node.exportClause.elements.some(({ name }) => name.text === 'default')
    if (!marked && !renamed && !ts.isExportAssignment(node)) continue
    yield { line: lineOf(file, node), message: 'a default export: give it a name' }
  }
})

const noAny = fileRule('nothing is of type any', /./, function* (file) {
  for (const node of nodes(ast(file))) {
    if (node.kind !== ts.SyntaxKind.AnyKeyword) continue
    yield { line: lineOf(file, node), message: 'any: say what it is, or unknown and look' }
  }
})

const noIgnore = fileRule('no comment switches the compiler off', /./, function* (file) {
  for (const { text, line } of comments(file)) {
    const match = /@ts-(ignore|nocheck)/.exec(text)
    if (!match) continue
    const message = `${match[0]}: mend the type; a test of types uses @ts-expect-error`
    yield { line, message }
  }
})

const allRun = fileRule('every test runs', /^test\//, function* (file) {
  for (const node of nodes(ast(file))) {
    if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) continue
    if (!/^(describe|it|test)$/.test(node.expression.text)) continue
    if (!/^(only|skip|todo|fails)$/.test(node.name.text)) continue
    const message = `${node.getText(ast(file))}: delete it, or use skipIf with the condition`
    yield { line: lineOf(file, node), message }
  }
})

export const habitRules: readonly Rule[] = [
  heads,
  unfinished,
  namedExports,
  noAny,
  noIgnore,
  allRun,
]

// Owns the rules about size: of a file, a function, a line.

import ts from 'typescript'
import { maxFileLines, maxFunctionLines, maxLineLength } from './house.ts'
import { ast, type File, fileRule, lineAt, lineOf, nodes, type Rule } from './source.ts'

const files = fileRule(`a file has at most ${maxFileLines} lines`, /./, function* ({ text }) {
  const count = text.trimEnd().split('\n').length
  if (count > maxFileLines) {
    yield { line: count, message: `${count} lines: split it where a second concept begins` }
  }
})

const lines = fileRule(`a line has at most ${maxLineLength} characters`, /./, function* ({ text }) {
  for (const [index, line] of text.split('\n').entries()) {
    const { length } = [...line]
    if (length > maxLineLength) {
      yield { line: index + 1, message: `${length} characters: break it, or say less` }
    }
  }
})

const functions = fileRule(
  `a function has at most ${maxFunctionLines} lines`,
  /./,
  function* (file) {
    for (const node of nodes(ast(file))) {
      if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) continue
      const count = countLines(file, node)
      if (count <= maxFunctionLines) continue
      const message = `${count} lines in ${nameOf(node)}: let each step be a function with a name`
      yield { line: lineOf(file, node), message }
    }
  },
)

/** In tests without the lines of the cases it holds, which count for themselves. */
function countLines(file: File, node: ts.Node): number {
  const span = (one: ts.Node) => lineAt(file, one.end) - lineOf(file, one) + 1
  return span(node) - casesIn(file, node).reduce((sum, one) => sum + span(one), 0)
}

function casesIn(file: File, root: ts.Node): ts.Node[] {
  if (!file.path.startsWith('test/')) return []
  const found: ts.Node[] = []
  const visit = (node: ts.Node) => {
    if (isCase(node)) found.push(node)
    else ts.forEachChild(node, visit)
  }
  ts.forEachChild(root, visit)
  return found
}

/** `it(…)`, `describe(…)`, and their forms: `it.skipIf(…)(…)`, `describe.each(…)(…)`. */
function isCase(node: ts.Node): boolean {
  if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return false
  let callee: ts.Expression = node.expression
  while (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) {
    callee = callee.expression
  }
  return ts.isIdentifier(callee) && /^(describe|it|test)$/.test(callee.text)
}

function nameOf(node: ts.Node): string {
  const holder = 'name' in node && node.name ? node : node.parent
  const { name } = holder as { name?: ts.Node }
  return name && 'text' in name ? String(name.text) : 'a function without a name'
}

export const sizeRules: readonly Rule[] = [files, functions, lines]

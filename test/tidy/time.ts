// Owns the rules about time: src has one clock, and tests bring their own.

import ts from 'typescript'
import { ast, type File, fileRule, imports, lineOf, nodes, type Rule } from './source.ts'

const timers = /^(setTimeout|setInterval)$/
const clocks = /^(Date\.now|performance\.now|process\.hrtime|AbortSignal\.timeout)$/

const oneClock = fileRule(
  'src/base/clock.ts alone reads a clock or sets a timer',
  /^src\/(?!base\/clock\.ts$)/,
  function* (file) {
    const remedy = 'take a Clock (src/base/clock.ts), so that tests can bring their own'
    for (const { specifier, line } of imports(file)) {
      if (!/^node:timers|^node:perf_hooks$/.test(specifier)) continue
      yield { line, message: `${specifier}: ${remedy}` }
    }
    for (const node of nodes(ast(file))) {
      const found = clockUse(node)
      if (found) yield { line: lineOf(file, node), message: `${found}: ${remedy}` }
    }
  },
)

function clockUse(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && timers.test(node.text) && !ts.isImportSpecifier(node.parent)) {
    const { parent } = node
    // A method of the same name is another matter: `socket.setTimeout(…)`.
    const method = ts.isPropertyAccessExpression(parent) && parent.name === node
    if (!method || parent.expression.getText() === 'globalThis') return node.text
  }
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText()
    if (clocks.test(text)) return text
  }
  const isDate = ts.isNewExpression(node) && node.expression.getText() === 'Date'
  return isDate && !node.arguments?.length ? 'new Date()' : undefined
}

const noSleep = fileRule(
  'tests wait for what happens, not for time to pass',
  /^test\/(?!(processes|fault|package)\/)/,
  function* (file) {
    for (const node of nodes(ast(file))) {
      const found = sleepIn(node)
      if (!found) continue
      const message = `${found}: move a virtual clock, or wait for the event itself`
      yield { line: lineOf(file, node), message }
    }
    yield* timerImports(file)
  },
)

function* timerImports(file: File) {
  for (const { specifier, line } of imports(file)) {
    if (specifier !== 'node:timers/promises') continue
    yield { line, message: `${specifier}: move a virtual clock, or wait for the event itself` }
  }
}

/** A promise that nothing but a timer resolves, or a sleep on the machine's own clock. */
function sleepIn(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const [first] = node.arguments
    if (node.expression.text === 'sleep' && first?.getText() === 'systemClock') {
      return 'sleep(systemClock)'
    }
  }
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'Promise') return undefined
  const executor = node.arguments?.[0]
  if (!executor || !ts.isFunctionLike(executor)) return undefined
  const resolve = executor.parameters[0]?.name.getText()
  if (!resolve) return undefined
  for (const inner of nodes(executor)) {
    if (!ts.isCallExpression(inner) || !/\bsetTimeout$/.test(inner.expression.getText())) continue
    const fired = inner.arguments[0]
    if (fired && [...nodes(fired)].some((one) => ts.isIdentifier(one) && one.text === resolve)) {
      return 'a promise resolved by setTimeout'
    }
  }
  return undefined
}

export const timeRules: readonly Rule[] = [oneClock, noSleep]

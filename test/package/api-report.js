// Owns the API report: the public declarations of each entry, as golden files under api/.
// Never judges a change: a person does, by updating the file and committing it.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { Failure, root } from './run.js'

const golden = join(root, 'test', 'package', 'api')
const built = join(root, 'dist', 'src')
const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/**
 * Compares every entry with its golden file, or rewrites them.
 * @param {{ name: string, exports: Record<string, string | { types: string }> }} manifest
 * @param {string} work
 * @param {boolean} update
 */
export function checkApi(manifest, work, update) {
  const reports = writeReports(manifest)
  mkdirSync(golden, { recursive: true })
  const left = readdirSync(golden).filter((name) => !reports.has(name))
  if (update) {
    for (const name of left) rmSync(join(golden, name))
    for (const [name, text] of reports) writeFileSync(join(golden, name), text)
    return `${reports.size} entries, updated`
  }
  const differences = [...left.map((name) => `${name}: no such entry any more`)]
  for (const [name, text] of reports) {
    const difference = compare(name, text, work)
    if (difference) differences.push(difference)
  }
  if (differences.length > 0) {
    const remedy = 'meant so? `npm run check:package -- --update`, and say it in CHANGELOG.md'
    throw new Failure(differences.join('\n'), remedy)
  }
  return `${reports.size} entries`
}

function compare(name, text, work) {
  const path = join(golden, name)
  if (!existsSync(path)) return `${name}: there is no golden file yet`
  if (readFileSync(path, 'utf8') === text) return undefined
  const actual = join(work, name)
  writeFileSync(actual, text)
  const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', path, actual]
  const { stdout } = spawnSync('git', args, { encoding: 'utf8' })
  const body = stdout.split('\n').filter((line) => !/^(diff|index|---|\+\+\+) /.test(line))
  return `${name}:\n${body.join('\n')}`
}

/** File name and text of each entry's report. */
function writeReports({ name, exports }) {
  const entries = Object.entries(exports).filter(([, value]) => typeof value === 'object')
  const paths = entries.map(([, { types }]) => join(root, types))
  const program = ts.createProgram(paths, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  })
  const reports = new Map()
  for (const [index, [key]] of entries.entries()) {
    const entry = key.replace('.', name)
    const text = reportOf(program, paths[index], entry)
    reports.set(`${entry.replaceAll('/', '-')}.api.md`, text)
  }
  return reports
}

function reportOf(program, path, entry) {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  if (!source) throw new Failure(`${relative(root, path)} is missing`, 'run `npm run build`')
  const exported = new Map()
  for (const symbol of module ? checker.getExportsOfModule(module) : []) {
    exported.set(symbol.name, actual(checker, symbol))
  }
  const hidden = reachable(checker, exported)
  const sections = [
    `# The public declarations of \`${entry}\``,
    'Written by `npm run check:package -- --update`: a change here is a change of the interface.',
    ...section(exported, 'export '),
  ]
  if (hidden.size > 0) {
    sections.push('Reached from these, and not exported:', ...section(hidden, ''))
  }
  return `${sections.join('\n\n')}\n`
}

function section(symbols, prefix) {
  if (symbols.size === 0) return ['Nothing.']
  const names = [...symbols.keys()].sort()
  const texts = names.map((name) => declare(name, symbols.get(name), prefix))
  return [['```ts', ...texts, '```'].join('\n')]
}

function actual(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** The declarations of one name; of what another package declares, only where it comes from. */
function declare(name, symbol, prefix) {
  const declarations = symbol.declarations ?? []
  const outside = declarations.find((one) => !isOurs(one))
  if (outside) return `${prefix}{ ${name} } from '${packageOf(outside)}'`
  const texts = declarations.map((one) => {
    if (ts.isSourceFile(one)) return `${prefix}* as ${name} from '${relative(built, one.fileName)}'`
    const node = ts.isVariableDeclaration(one) ? one.parent.parent : one
    const text = printer.printNode(ts.EmitHint.Unspecified, node, one.getSourceFile())
    const renamed = symbol.name === name ? '' : ` // as ${name}`
    return prefix + text.replace(/^(export |default |declare )+/, '') + renamed
  })
  return texts.join('\n')
}

function isOurs(declaration) {
  return declaration.getSourceFile().fileName.startsWith(built)
}

function packageOf(declaration) {
  const inside = declaration.getSourceFile().fileName.split('/node_modules/').at(-1) ?? ''
  return inside.split('/', inside.startsWith('@') ? 2 : 1).join('/')
}

/** What exported declarations mention and the entry does not export: it can break users too. */
function reachable(checker, exported) {
  const known = new Set(exported.values())
  const found = new Map()
  const queue = [...known]
  for (const symbol of queue) {
    for (const declaration of symbol.declarations ?? []) {
      if (!isOurs(declaration)) continue
      for (const other of mentioned(checker, declaration)) {
        if (known.has(other)) continue
        known.add(other)
        found.set(uniqueName(found, other.name), other)
        queue.push(other)
      }
    }
  }
  return found
}

function uniqueName(found, name) {
  let unique = name
  for (let count = 2; found.has(unique); count++) unique = `${name}_${count}`
  return unique
}

function* mentioned(checker, node) {
  // `export * as name`: the whole file is part of the interface.
  if (ts.isSourceFile(node)) {
    const members = checker.getExportsOfModule(checker.getSymbolAtLocation(node))
    yield* members.map((symbol) => actual(checker, symbol))
    return
  }
  if (ts.isIdentifier(node)) {
    const symbol = checker.getSymbolAtLocation(node)
    const meant = symbol && actual(checker, symbol)
    if (meant?.declarations?.some((one) => isOurs(one) && isTopLevel(one))) yield meant
  }
  const children = []
  ts.forEachChild(node, (child) => {
    children.push(child)
  })
  for (const child of children) yield* mentioned(checker, child)
}

function isTopLevel(declaration) {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return node.parent !== undefined && ts.isSourceFile(node.parent)
}

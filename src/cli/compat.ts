// Owns `earshot compat`: how two versions of a contract go together, as a table and an exit code.
// Never judges: the verdict is of the package.

import type { Command } from 'commander'
import { type AnyContract, type Change, type Compatibility, compat } from 'earshot'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { loadContracts } from './load-contracts.ts'
import { type JsonOptions, withJson } from './options.ts'
import { paragraph, tableLines } from './table.ts'
import { jsonText, paint, print, terminalColumns, visible } from './terminal.ts'

interface CompatOptions extends JsonOptions {
  readonly contract?: string
}

interface Judged extends Compatibility {
  readonly old: AnyContract
  readonly next: AnyContract
}

export function addCompat(program: Command): void {
  const command = program
    .command('compat')
    .summary('how two versions of a contract go together')
    .description(
      'Compares contracts: patch, minor, or major, with each change. Fails when it is major.',
    )
    .argument('<old>', 'a module that exports contracts, a description or a lock file (.json)')
    .argument('<next>', 'the same of the later version')
    .option('-c, --contract <name>', 'only the contract of this name')
  withJson(command).action(run)
}

async function run(oldFile: string, nextFile: string, options: CompatOptions): Promise<void> {
  const [old, next] = [await loadContracts(oldFile), await loadContracts(nextFile)]
  const judged = pairsOf(old, next, options).map(
    ([from, to]): Judged => ({ old: from, next: to, ...compat(from, to) }),
  )
  const isMajor = judged.some(({ verdict }) => verdict === 'major')
  if (options.json) print(jsonText({ contracts: judged.map(documentOf) }))
  else for (const one of judged) show(one)
  // The table has told it all: only the exit code is left to say.
  if (isMajor) process.exitCode = exitCodes.failed
}

/** Contracts of one name; a single one on each side is a pair under any names. */
function pairsOf(
  old: readonly AnyContract[],
  next: readonly AnyContract[],
  { contract }: CompatOptions,
): readonly (readonly [AnyContract, AnyContract])[] {
  const [only, other] = [old[0], next[0]]
  if (contract === undefined && only && other && old.length === 1 && next.length === 1) {
    return [[only, other]]
  }
  const pairs = old.flatMap((from) => {
    if (contract !== undefined && from.name !== contract) return []
    const to = next.find(({ name, major }) => name === from.name && major === from.major)
    const later = to ?? next.find(({ name }) => name === from.name)
    return later ? [[from, later] as const] : []
  })
  if (pairs.length > 0) return pairs
  const names = [...new Set([...old, ...next].map(({ name }) => name))].map(visible).join(', ')
  const what = contract === undefined ? 'no contract' : `no contract called ${visible(contract)}`
  throw contract === undefined
    ? new Failure(exitCodes.failed, `${what} is in both`, `there are ${names}`)
    : wrongUsage(`${what} is in both`, `there are ${names}`)
}

function documentOf({ old, next, verdict, changes }: Judged): object {
  const { name } = next
  return { name, old: old.version, next: next.version, verdict, changes }
}

function show({ old, next, verdict, changes }: Judged): void {
  const title = `${next.name} ${old.version} → ${next.version}`
  const style = verdict === 'major' ? 'red' : 'cyan'
  print(`${paint('bold', visible(title))}  ${paint(style, verdict)}`)
  if (changes.length === 0) print('  nothing has changed')
  else for (const line of changeLines(changes)) print(`  ${line}`)
}

/** A row for each change, its reason below it. */
function changeLines(changes: readonly Change[]): string[] {
  const columns = [
    { title: 'LEVEL' },
    { title: 'CODEC' },
    { title: 'DIRECTION' },
    { title: 'PATH', shrinks: true },
  ]
  const rows = changes.map(({ level, path, codec, direction }) => [level, codec, direction, path])
  const width = terminalColumns() - 2
  const [head = '', ...lines] = tableLines(columns, rows, width)
  const told = lines.flatMap((line, index) => {
    const reason = paragraph(changes[index]?.reason ?? '', width, '  ')
    return [line, ...reason.map((one) => paint('dim', one))]
  })
  return [head, ...told]
}

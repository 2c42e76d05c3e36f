// Owns `earshot contract`: writing the lock file beside a module, and checking against it.
// Never changes the module, and never takes a number out of the lock.

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { Command } from 'commander'
import { type AnyContract, checkLock, extendLock, type Lock } from 'earshot'
import { exitCodes, Failure } from './failure.ts'
import { jsonFileText, writeFileAtOnce } from './json-file.ts'
import { loadContracts, readJson } from './load-contracts.ts'
import { type JsonOptions, withJson } from './options.ts'
import { jsonText, paint, print, visible } from './terminal.ts'

interface LockOptions extends JsonOptions {
  readonly lock?: string
  readonly amend?: boolean
}

export function addContract(program: Command): void {
  const contract = program
    .command('contract')
    .summary('lock the numbers of a contract, check a contract against its lock')
    .description('Keeps numbers of fields and versions of contracts in a lock file.')
  const argument = ['<module>', 'an ESM module that exports contracts'] as const
  const option = ['--lock <file>', 'the lock file; default: beside the module'] as const
  withJson(
    contract
      .command('lock')
      .summary('write the lock file, or add to it')
      .description('Adds what is new in the contracts of a module to its lock file.')
      .argument(...argument)
      .option(...option)
      .option('--amend', 'let a locked version become another: nobody has it yet'),
  ).action(lock)
  withJson(
    contract
      .command('check')
      .summary('fail when a contract is out of step with its lock')
      .description('Fails when contracts are not locked, or their version rose too little.')
      .argument(...argument)
      .option(...option),
  ).action(check)
}

/** `orders.js` → `orders.lock.json` */
function lockFileOf(module: string, { lock: given }: LockOptions): string {
  return given ?? `${module.slice(0, module.length - extname(module).length)}.lock.json`
}

async function lock(module: string, options: LockOptions): Promise<void> {
  const path = lockFileOf(module, options)
  const isNew = !existsSync(path)
  // The module imports its lock file: an empty one must be there before it can be loaded.
  if (isNew) writeFileSync(path, '{}\n')
  let contracts: readonly AnyContract[]
  let extended: Lock
  let before: unknown
  try {
    contracts = await loadContracts(module)
    before = readJson(path)
    extended = contracts.reduce(
      (known, one) => extendLock(known, one, { amend: options.amend === true }),
      before as Lock,
    )
  } catch (error) {
    if (isNew) rmSync(path, { force: true })
    throw error
  }
  const text = jsonFileText(extended)
  const isChanged = text !== jsonFileText(before)
  if (isChanged) writeFileAtOnce(path, text)
  if (options.json) {
    print(jsonText({ lock: path, changed: isChanged, contracts: contracts.map(named) }))
    return
  }
  const verb = isChanged ? 'locked' : 'already locked'
  for (const one of contracts) tell(verb, one, path)
}

async function check(module: string, options: LockOptions): Promise<void> {
  const path = lockFileOf(module, options)
  if (!existsSync(path)) throw unlocked(module, path)
  const contracts = await loadContracts(module)
  const known = readJson(path)
  for (const one of contracts) checkLock(known, one)
  if (options.json) print(jsonText({ lock: path, ok: true, contracts: contracts.map(named) }))
  else for (const one of contracts) tell('in step', one, path)
}

function unlocked(module: string, path: string): Failure {
  const text = `${visible(module)} has no lock file: ${visible(path)} is not there`
  const next = `earshot contract lock ${visible(module)}, and commit the lock file`
  return new Failure(exitCodes.failed, text, next, { code: 'EARSHOT_CONTRACT_UNLOCKED' })
}

function named({ name, version }: AnyContract): object {
  return { name, version }
}

function tell(what: string, { name, version }: AnyContract, path: string): void {
  print(`${paint('bold', visible(`${name} ${version}`))}  ${what}: ${visible(path)}`)
}

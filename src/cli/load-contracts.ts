// Owns finding the contracts of a file: an ESM module that exports them, a description, a lock.
// Never runs anything but the module that it was given.

import { readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyContract, contractFromDescription, isEarshotError, type Lock } from 'earshot'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { visible } from './terminal.ts'

const modules = ['.js', '.mjs', '.ts', '.mts']

/** All contracts of a module or JSON file, by their names. @throws Failure */
export async function loadContracts(file: string): Promise<readonly AnyContract[]> {
  const extension = extname(file)
  if (modules.includes(extension)) return await contractsOfModule(file)
  if (extension === '.json') return contractsOfJson(file, readJson(file))
  const next = `give a module (${modules.join(', ')}) or a description (.json)`
  throw wrongUsage(`${visible(file)} is no file that contracts are in`, next)
}

/** @throws Failure */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrongUsage(`${visible(file)} cannot be read: ${codeOf(error)}`, 'check the path')
  }
}

/** @throws Failure */
export function readJson(file: string): unknown {
  const text = readText(file)
  try {
    return JSON.parse(text)
  } catch (error) {
    const next = 'correct the file, or restore it'
    throw new Failure(exitCodes.failed, `${visible(file)} is no JSON: ${String(error)}`, next)
  }
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return String(code ?? message ?? error)
}

async function contractsOfModule(file: string): Promise<readonly AnyContract[]> {
  let exported: object
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as object
  } catch (error) {
    if (isEarshotError(error)) throw error
    throw cannotImport(file, error)
  }
  const contracts = [...new Set(Object.values(exported).filter(isContract))]
  if (contracts.length > 0) return contracts
  const next = 'export what contract(…) returns'
  throw new Failure(exitCodes.failed, `${visible(file)} exports no contract`, next)
}

function cannotImport(file: string, error: unknown): Failure {
  const code = codeOf(error)
  const told = error instanceof Error ? error.message : code
  const text = `${visible(file)} cannot be imported: ${told}`
  const next =
    code === 'ERR_UNKNOWN_FILE_EXTENSION'
      ? 'give the compiled .js: this Node does not read TypeScript'
      : 'let the module be ESM that imports without effects'
  return new Failure(exitCodes.failed, text, next)
}

/** Made by any copy of the package: told by what it has. */
function isContract(value: unknown): value is AnyContract {
  if (typeof value !== 'object' || value === null) return false
  const { name, version, channels } = value as Partial<AnyContract>
  return typeof name === 'string' && typeof version === 'string' && Array.isArray(channels)
}

/** A description, a list of them as a door gives it, or a lock file: the last of each in it. */
function contractsOfJson(file: string, json: unknown): readonly AnyContract[] {
  const { contracts, channels } = (json ?? {}) as { contracts?: unknown; channels?: unknown }
  if (Array.isArray(channels)) return [contractFromDescription(json)]
  if (Array.isArray(contracts)) return contracts.map((one) => contractFromDescription(one))
  if (typeof contracts === 'object' && contracts !== null) return lastLocked({ contracts } as Lock)
  const next = 'give what describeContract tells, or a lock file'
  throw new Failure(exitCodes.failed, `${visible(file)} describes no contract`, next)
}

function lastLocked({ contracts = {} }: Lock): readonly AnyContract[] {
  return Object.entries(contracts).flatMap(([key, { versions }]) => {
    const last = versions.at(-1)
    const name = key.slice(0, key.lastIndexOf('/'))
    return last ? [contractFromDescription({ name, ...last })] : []
  })
}

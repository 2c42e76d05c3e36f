// Owns the two works with a lock file: is a contract in step with it, and taking a contract in.
// Never lets a version that is locked become something else, unless asked to amend it.

import { checkOptions } from '../base/arguments.ts'
import { EarshotError, isEarshotError } from '../base/errors.ts'
import type { Change } from './change.ts'
import { compat } from './compat.ts'
import { type AnyContract, describeContract } from './contract.ts'
import { contractFromDescription } from './from-description.ts'
import { checkContract } from './given.ts'
import {
  invalidLock,
  type Lock,
  type LockedContract,
  type LockedVersion,
  lockKey,
  parseLock,
} from './lock.ts'
import { firstUnlocked, mergeNumbers } from './lock-numbers.ts'
import { pointerStep } from './names.ts'
import { compareVersions, type Level, leastVersion } from './versions.ts'

export interface ExtendOptions {
  /** The version was locked but nobody has it yet: let it become what it is now. */
  readonly amend?: boolean
}

const nothing: LockedContract = { numbers: {}, versions: [] }

/**
 * Is the contract in step with its lock, and has its version risen by enough?
 * @throws EARSHOT_CONTRACT_UNLOCKED when not all of it is locked; EARSHOT_VERSION_TOO_LOW;
 * EARSHOT_LOCK_INVALID
 */
export function checkLock(lock: unknown, contract: AnyContract): void {
  checkContract(contract)
  const locked = lockedOf(lock, contract)
  judge(locked, contract)
  const entry = locked.versions.find(({ version }) => version === contract.version)
  const where = firstUnlocked(locked, contract)
  if (entry && where === undefined && isSame(entry, contract)) return
  const what = where === undefined ? `version ${contract.version}` : where
  const text = `${contract.name}: ${what} is not in the lock file`
  throw new EarshotError('EARSHOT_CONTRACT_UNLOCKED', text, { path: where ?? '/version' })
}

/**
 * The lock with this version of the contract in it; numbers are added, never changed.
 * @throws EARSHOT_VERSION_TOO_LOW, EARSHOT_LOCK_INVALID
 */
export function extendLock(
  lock: unknown,
  contract: AnyContract,
  options: ExtendOptions = {},
): Lock {
  checkContract(contract)
  checkOptions(options, ['amend'])
  const { amend = false } = options
  const known = parseLock(lock)
  const key = lockKey(contract.name, contract.version)
  const given = lockedOf(known, contract)
  const versions = given.versions.filter(({ version }) => !amend || version !== contract.version)
  judge({ ...given, versions }, contract)
  const entry = { version: contract.version, channels: describeContract(contract).channels }
  const others = given.versions.filter(({ version }) => version !== contract.version)
  const extended: LockedContract = {
    numbers: mergeNumbers(given.numbers, contract),
    versions: [...others, entry].sort((a, b) => compareVersions(a.version, b.version)),
  }
  const contracts = { ...known.contracts, [key]: extended }
  const sorted = Object.entries(contracts).sort(([a], [b]) => (a < b ? -1 : 1))
  return { lock: 1, contracts: Object.fromEntries(sorted) }
}

function lockedOf(lock: unknown, { name, version }: AnyContract): LockedContract {
  const { contracts = {} } = parseLock(lock)
  const key = lockKey(name, version)
  return (Object.hasOwn(contracts, key) ? contracts[key] : undefined) ?? nothing
}

/** @throws EARSHOT_LOCK_INVALID */
function rebuilt({ version, channels }: LockedVersion, { name }: AnyContract): AnyContract {
  try {
    return contractFromDescription({ name, version, channels })
  } catch (error) {
    if (!isEarshotError(error)) throw error
    const path = `/contracts${pointerStep(lockKey(name, version))}/versions${error.path ?? ''}`
    throw invalidLock(path, `has a version ${version} that cannot be: ${error.message}`, error)
  }
}

function isSame(entry: LockedVersion, contract: AnyContract): boolean {
  return compat(rebuilt(entry, contract), contract).changes.every(({ level }) => level === 'patch')
}

/**
 * Every version of one major must understand every other: a removed field that comes back as
 * something else agrees with the version before, and not with the one before that.
 * @throws EARSHOT_VERSION_TOO_LOW
 */
function judge({ versions }: LockedContract, contract: AnyContract): void {
  for (const entry of versions) {
    const order = compareVersions(entry.version, contract.version)
    const other = rebuilt(entry, contract)
    const [old, next] = order <= 0 ? [other, contract] : [contract, other]
    const { verdict, changes } = compat(old, next)
    if (changes.length === 0) continue
    const needed = leastVersion(old.version, verdict)
    if (compareVersions(next.version, needed) >= 0) continue
    // Documentation may be mended under the same version: nobody else can tell.
    if (verdict === 'patch' && order === 0) continue
    throw tooLow(old, next, verdict, needed, changes)
  }
}

function tooLow(
  old: AnyContract,
  { name, version }: AnyContract,
  verdict: Level,
  needed: string,
  changes: readonly Change[],
): EarshotError {
  const worst = changes.find(({ level }) => level === verdict) as Change
  const { path, codec, direction, reason } = worst
  const where = `${path === '' ? name : path} (${codec}, ${direction}): ${reason}`
  const text = `${name} ${version} is a ${verdict} change from ${old.version}, at ${where}`
  return new EarshotError('EARSHOT_VERSION_TOO_LOW', `${text}; the least version is ${needed}`, {
    path,
    data: { verdict, needed, changes },
  })
}

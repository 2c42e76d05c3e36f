// Owns what a lock file holds, and reading one: numbers ever given, versions ever locked.
// Never opens a file: it is imported as JSON beside the contract, or read by the command.

import { EarshotError } from '../base/errors.ts'
import { isEnumNumber, pointerStep } from './names.ts'
import type { Numbering } from './schema.ts'

/** One version as it was locked: what `describeContract` tells of it. */
export interface LockedVersion {
  readonly version: string
  readonly channels: readonly object[]
}

/** What is locked of one contract and one major version of it. */
export interface LockedContract {
  /** By the name of a type: of its fields, branches or symbols. */
  readonly numbers: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Lowest first. */
  readonly versions: readonly LockedVersion[]
}

/**
 * A lock file: `import lock from './orders.lock.json' with { type: 'json' }`. An empty object is
 * one that knows nothing yet. Numbers in it never change and are never given to another name.
 */
export interface Lock {
  readonly lock?: number
  /** By name and major version: `shop.orders/1`. */
  readonly contracts?: Readonly<Record<string, LockedContract>>
}

const FORMAT = 1
const MAX_PLACES = 65_536

/** `shop.orders/1` */
export function lockKey(name: string, version: string): string {
  return `${name}/${Number.parseInt(version, 10)}`
}

/**
 * A lock from its JSON, checked in every detail.
 * @throws EARSHOT_LOCK_INVALID with the path of the first fault
 */
export function parseLock(json: unknown): Lock {
  const file = object(json, '')
  if (file.lock !== undefined && file.lock !== FORMAT) {
    throw invalidLock('/lock', `must be ${FORMAT}: another version of earshot wrote it`)
  }
  const contracts: Record<string, LockedContract> = {}
  for (const [key, value] of Object.entries(object(file.contracts ?? {}, '/contracts'))) {
    const path = `/contracts${pointerStep(key)}`
    if (key === '__proto__') throw invalidLock(path, 'is no name of a contract')
    contracts[key] = lockedContract(key, object(value, path), path)
  }
  return { lock: FORMAT, contracts }
}

function lockedContract(
  key: string,
  { numbers, versions }: Readonly<Record<string, unknown>>,
  path: string,
): LockedContract {
  if (!Array.isArray(versions)) throw invalidLock(`${path}/versions`, 'is no list')
  const places: Record<string, Readonly<Record<string, number>>> = {}
  const entries = Object.entries(object(numbers, `${path}/numbers`))
  if (entries.length > MAX_PLACES) throw invalidLock(`${path}/numbers`, 'has too many places')
  for (const [place, names] of entries) {
    const at = `${path}/numbers${pointerStep(place)}`
    const known = object(names, at)
    checkNumbers(known, at)
    places[place] = known as Readonly<Record<string, number>>
  }
  return {
    numbers: places,
    versions: versions.map((one, index) => lockedVersion(key, one, `${path}/versions/${index}`)),
  }
}

function checkNumbers(names: Readonly<Record<string, unknown>>, path: string): void {
  const seen = new Set<unknown>()
  for (const [name, number] of Object.entries(names)) {
    const at = path + pointerStep(name)
    if (!isEnumNumber(number)) throw invalidLock(at, 'is no number of a field or symbol')
    if (seen.has(number)) throw invalidLock(at, `is ${number}, which another name has`)
    seen.add(number)
  }
}

function lockedVersion(key: string, json: unknown, path: string): LockedVersion {
  const { version, channels } = object(json, path)
  if (typeof version !== 'string' || !key.endsWith(`/${Number.parseInt(version, 10)}`)) {
    throw invalidLock(`${path}/version`, `is no version of ${key}`)
  }
  if (!Array.isArray(channels)) throw invalidLock(`${path}/channels`, 'is no list')
  return { version, channels }
}

/** What a lock says of one contract, for the reader of its types. */
export function numberingOf(locked: LockedContract | undefined): Numbering {
  const places = new Map(Object.entries(locked?.numbers ?? {}))
  return (place) => new Map(Object.entries(places.get(place) ?? {}))
}

function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw invalidLock(path, 'is no object')
}

/** The error of all that is wrong with a lock file. */
export function invalidLock(path: string, what: string, cause?: unknown): EarshotError {
  const message = `a lock file cannot be used: ${path === '' ? 'it' : path} ${what}`
  return new EarshotError('EARSHOT_LOCK_INVALID', message, { path, cause })
}

// Owns the checks of what users hand to a running peer, and the words with which it is refused.
// Never does what was asked for.

import { EarshotError } from './base/errors.ts'
import type { Channel } from './contract/channel.ts'
import type { AnyContract } from './contract/contract.ts'
import { parseVersionRange, type VersionRange } from './contract/version-range.ts'
import type { SenderOptions } from './peer-types.ts'

export function isStreamed({ kind }: Channel): boolean {
  return kind === 'stream' || kind === 'duplex'
}

export function checkHandlers(
  contract: AnyContract,
  channels: readonly Channel[],
  handlers: Readonly<Record<string, unknown>>,
): void {
  const invalid = (path: string, text: string) =>
    new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
  for (const { name, key } of channels) {
    if (typeof handlers?.[name] !== 'function') {
      throw invalid(`/${name}`, `${key} has no handler: serve(contract, { ${name}: … })`)
    }
  }
  // An instance of a class has what it likes beside its handlers.
  const made = Object.getPrototypeOf(handlers) as unknown
  if (made !== Object.prototype && made !== null) return
  for (const name of Object.keys(handlers)) {
    if (!channels.some((channel) => channel.name === name)) {
      throw invalid(`/${name}`, `contract ${contract.name} has no channel "${name}" to serve`)
    }
  }
}

/** @throws EARSHOT_OPTION_INVALID with `text` */
export function checkObject(value: unknown, path: string, text: string): void {
  if (typeof value === 'object' && value !== null) return
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}

/** @throws EARSHOT_OPTION_INVALID */
export function rangeOf(
  { major }: { readonly major: number },
  { version }: SenderOptions,
): VersionRange | undefined {
  return version === undefined ? undefined : parseVersionRange(version, major)
}

export function isTimeout(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value < 2 ** 31
}

export function badTimeout(value: unknown): EarshotError {
  const text = `timeoutMs is a number of ms above 0, not ${String(value)}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/timeoutMs' })
}

export function checkTimeout(value: number | undefined): number | undefined {
  if (value !== undefined && !isTimeout(value)) throw badTimeout(value)
  return value
}

// Owns the refusal of arguments that are of another type than a public function takes.
// Never looks deeper than the argument itself.

import { EarshotError } from './errors.ts'

/**
 * @param wanted what it is, and how it is had: `a contract, as of contract(…)`
 * @throws EARSHOT_OPTION_INVALID with the path
 */
export function checkArgument(fits: boolean, path: string, wanted: string, given: unknown): void {
  if (fits) return
  const text = `${path.slice(1)} is ${wanted}, not ${kindOf(given)}`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}

function kindOf(given: unknown): string {
  if (given === null) return 'null'
  if (typeof given === 'number') return String(given)
  return Array.isArray(given) ? 'a list' : typeof given
}

export function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

/** Options that may be left out, but are an object where they are there. */
export function checkOptions(given: unknown): void {
  checkArgument(isObject(given), '/options', 'an object, or left out', given)
}

export function checkText(given: unknown, path: string, wanted: string): void {
  checkArgument(typeof given === 'string', path, wanted, given)
}

export function checkList(given: unknown, path: string, wanted: string): void {
  const fits = typeof Object(given)[Symbol.iterator] === 'function' && typeof given !== 'string'
  checkArgument(fits, path, wanted, given)
}

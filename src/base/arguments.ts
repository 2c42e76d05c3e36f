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

/** The names of all options of a kind; one more of them is an error of the compiler here. */
export function namesOf<O>(names: { readonly [N in keyof Required<O>]: true }): readonly string[] {
  return Object.keys(names)
}

/** What is said by a name that nothing has would not hold, and nobody would know. */
export function nameFault(
  given: object,
  names: readonly string[],
  path = '',
): EarshotError | undefined {
  for (const name in given) {
    if (names.includes(name)) continue
    const text = `there is no "${name}": ${names.join(', ')}`
    return new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `${path}/${name}` })
  }
  return undefined
}

/** @throws EARSHOT_OPTION_INVALID with the path of a name that is none of these */
export function checkNames(given: object, names: readonly string[], path = ''): void {
  const fault = nameFault(given, names, path)
  if (fault) throw fault
}

/**
 * Options that may be left out, but are an object where they are there.
 * @param names that they may have; left out where somebody else looks at them
 */
export function checkOptions(given: unknown, names?: readonly string[]): void {
  checkArgument(isObject(given), '/options', 'an object, or left out', given)
  if (names) checkNames(given as object, names)
}

export function checkText(given: unknown, path: string, wanted: string): void {
  checkArgument(typeof given === 'string', path, wanted, given)
}

export function checkList(given: unknown, path: string, wanted: string): void {
  const fits = typeof Object(given)[Symbol.iterator] === 'function' && typeof given !== 'string'
  checkArgument(fits, path, wanted, given)
}

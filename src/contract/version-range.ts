// Owns ranges of versions: `^1.2`, `~1.2.3`, `>=1.1 <1.4`, `1.x || 2.0.0`, read and asked.
// Never knows pre-releases: the version of a contract is three numbers.

import { EarshotError } from '../base/errors.ts'
import { compareVersions } from './versions.ts'

export interface VersionRange {
  /** As it was written. */
  readonly text: string
  includes(version: string): boolean
}

/** From the first version to before the second, which is left out when there is no end. */
interface Span {
  readonly from: Triple
  readonly before: Triple | undefined
}

type Triple = readonly [major: number, minor: number, patch: number]

const MAX_LENGTH = 200
const ZERO: Triple = [0, 0, 0]
const NOTHING: Span = { from: ZERO, before: ZERO }
const PART =
  /^(\^|~|>=|<=|>|<|=)?(\*|[xX]|\d{1,9})(?:\.(\*|[xX]|\d{1,9}))?(?:\.(\*|[xX]|\d{1,9}))?$/

/**
 * A range as npm writes them: `^`, `~`, `>=`, `>`, `<=`, `<`, exact, `1.x`, `1.2`, joined by spaces
 * (all must hold) and by `||` (one must).
 * @throws EARSHOT_OPTION_INVALID with the path `/version` for anything else, and for a range that
 * leaves out the whole `major`
 */
export function parseVersionRange(text: unknown, major: number): VersionRange {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) throw invalid(text, 'is no range')
  const spans = text.split('||').map((all) => parseAll(text, all))
  const reach: Span = { from: [major, 0, 0], before: [major + 1, 0, 0] }
  if (spans.every((span) => isEmpty(common(span, reach)))) {
    throw invalid(text, `has no version of major ${major}, which the contract has`)
  }
  const includes = (version: string): boolean => spans.some((span) => isWithin(version, span))
  return { text: text.trim(), includes }
}

function parseAll(text: string, all: string): Span {
  // An operator may stand apart from its version.
  const parts = all
    .trim()
    .replace(/([<>=^~])\s+/g, '$1')
    .split(/\s+/)
  return parts.map((part) => parsePart(text, part)).reduce(common)
}

function parsePart(text: string, part: string): Span {
  const found = PART.exec(part)
  if (!found) throw invalid(text, `has "${part}" where a version like ^1.2 is wanted`)
  const [, operator = '', ...given] = found
  const numbers: number[] = []
  for (const one of given) {
    // After the first that is open nothing counts: 1.x.3 is 1.x.
    if (one === undefined || !/^\d/.test(one)) break
    numbers.push(Number(one))
  }
  return spanOf(operator, numbers)
}

function spanOf(operator: string, numbers: readonly number[]): Span {
  const from = filled(numbers)
  const end = numbers.length === 0 ? undefined : raised(numbers, numbers.length - 1)
  switch (operator) {
    case '>=':
      return { from, before: undefined }
    case '>':
      return end ? { from: end, before: undefined } : NOTHING
    case '<':
      return { from: ZERO, before: from }
    case '<=':
      return { from: ZERO, before: end }
    case '^': {
      // What may change is right of the first number that is not 0.
      const first = numbers.findIndex((number) => number > 0)
      return { from, before: end && raised(numbers, first < 0 ? numbers.length - 1 : first) }
    }
    case '~':
      return { from, before: end && raised(numbers, Math.min(1, numbers.length - 1)) }
    default:
      return { from, before: end }
  }
}

function filled([major = 0, minor = 0, patch = 0]: readonly number[]): Triple {
  return [major, minor, patch]
}

/** One more at `index`, zeros behind it. */
function raised(numbers: readonly number[], index: number): Triple {
  return filled(numbers.slice(0, index + 1).map((one, at) => (at === index ? one + 1 : one)))
}

function order(a: Triple, b: Triple): number {
  return compareVersions(a.join('.'), b.join('.'))
}

function common(a: Span, b: Span): Span {
  const from = order(a.from, b.from) >= 0 ? a.from : b.from
  if (!a.before || !b.before) return { from, before: a.before ?? b.before }
  return { from, before: order(a.before, b.before) <= 0 ? a.before : b.before }
}

function isEmpty({ from, before }: Span): boolean {
  return before !== undefined && order(from, before) >= 0
}

function isWithin(version: string, { from, before }: Span): boolean {
  if (compareVersions(version, from.join('.')) < 0) return false
  return before === undefined || compareVersions(version, before.join('.')) < 0
}

function invalid(range: unknown, what: string): EarshotError {
  const text = `the range of versions "${String(range)}" ${what}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/version' })
}

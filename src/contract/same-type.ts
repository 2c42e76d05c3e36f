// Owns whether two shapes are one type, also where one is written out further than the other.
// Never looks at documentation, and never follows the same two types twice.

import { knownTargetOf, linked } from './link.ts'
import type { Shape } from './shape.ts'

/** Pairs that are taken for the same while they, and what is around them, are compared. */
export type Assumed = Map<object, Set<object>>

/**
 * Are these the same type? Of linked shapes the parts may be given, too. `assumed` may go from one
 * question to the next as long as the answer is yes.
 */
export function isSameType(a: Shape, b: Shape, assumed: Assumed = new Map()): boolean {
  return a === b || isSame(linked(a), linked(b), assumed)
}

function isSame(a: unknown, b: unknown, assumed: Assumed): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b)
  }
  const [left, right] = [followed(a), followed(b)]
  if (left === right) return true
  if ('kind' in left) {
    const known = assumed.get(left) ?? new Set()
    if (known.has(right)) return true
    assumed.set(left, known.add(right))
  }
  const isMore = Object.keys(right).some((key) => !(key in left) && isSaid(right, key))
  return !isMore && hasAll(left, right, assumed)
}

function hasAll(left: object, right: object, assumed: Assumed): boolean {
  const [one, other] = [left, right] as Record<string, unknown>[]
  return Object.keys(left).every(
    (key) => key === 'doc' || isSame(one?.[key], other?.[key], assumed),
  )
}

/** Documentation says nothing about the type, and neither does undefined. */
function isSaid(part: object, key: string): boolean {
  return key !== 'doc' && (part as Record<string, unknown>)[key] !== undefined
}

function followed(part: object): object {
  const shape = part as Shape
  return shape.kind === 'ref' ? (knownTargetOf(shape) ?? shape) : shape
}

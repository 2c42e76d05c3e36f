// Owns whether two shapes are one type, also where one is written out further than the other.
// Never looks at documentation, and never follows the same two types twice.

import { canonicalShape } from './canonical.ts'
import { hasRef, knownTargetOf, linked } from './link.ts'
import type { Shape } from './shape.ts'

/** Pairs that are taken for the same while they are compared. */
type Assumed = Map<object, Set<object>>

/** Are these the same type? Of linked shapes the parts may be given, too. */
export function isSameType(a: Shape, b: Shape): boolean {
  if (a === b) return true
  if (canonicalShape(a) === canonicalShape(b)) return true
  return (hasRef(a) || hasRef(b)) && isSame(linked(a), linked(b), new Map())
}

function isSame(a: unknown, b: unknown, assumed: Assumed): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b)
  }
  const [left, right] = [followed(a), followed(b)]
  if (left === right) return true
  const known = assumed.get(left) ?? new Set()
  if (known.has(right)) return true
  assumed.set(left, known.add(right))
  const keys = keysOf(left)
  if (keys.join() !== keysOf(right).join()) return false
  const [one, other] = [left, right] as Record<string, unknown>[]
  return keys.every((key) => isSame(one?.[key], other?.[key], assumed))
}

function followed(part: object): object {
  const shape = part as Shape
  return shape.kind === 'ref' ? (knownTargetOf(shape) ?? shape) : shape
}

function keysOf(part: object): string[] {
  const has = Object.entries(part).filter(([key, value]) => key !== 'doc' && value !== undefined)
  return has.map(([key]) => key).sort()
}

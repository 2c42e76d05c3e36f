// Owns what is taken out of a stranger's shape before bytes are read by it.
// Never changes what it means: only tests that a stranger could make endless go.

import type { Shape } from './shape.ts'

/**
 * The shape without patterns, except those that `own` has as well: a pattern and a text of one's
 * choice can keep a regular expression busy for ever.
 */
export function tameShape(shape: Shape, own: Shape): Shape {
  const trusted = new Set<string>()
  visitPatterns(own, (pattern) => void trusted.add(pattern))
  let isTame = true
  visitPatterns(shape, (pattern) => {
    isTame &&= trusted.has(pattern)
  })
  return isTame ? shape : (without(shape, trusted) as Shape)
}

function visitPatterns(part: unknown, visit: (pattern: string) => void): void {
  if (typeof part !== 'object' || part === null) return
  for (const [key, value] of Object.entries(part)) {
    if (key === 'pattern' && typeof value === 'string') visit(value)
    // A fallback is data: what is called a pattern there is none.
    else if (key !== 'fallback') visitPatterns(value, visit)
  }
}

function without(part: unknown, trusted: ReadonlySet<string>): unknown {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map((item) => without(item, trusted))
  const kept = Object.entries(part).filter(
    ([key, value]) => key !== 'pattern' || typeof value !== 'string' || trusted.has(value),
  )
  return Object.fromEntries(
    kept.map(([key, value]) => [key, key === 'fallback' ? value : without(value, trusted)]),
  )
}

// Owns the canonical text of a shape and its id: two peers with the same id hold the same shape.
// Never includes documentation; everything that changes bytes or acceptance is in.

import { createHash } from 'node:crypto'
import type { Shape } from './shape.ts'

/** JSON with sorted keys, without `doc` and without undefined. */
export function canonicalShape(shape: Shape): string {
  return canonical(shape, false)
}

/** SHA-256, hex, of the canonical text: defaults, tags, logical types and constraints included. */
export function shapeId(shape: Shape): string {
  return createHash('sha256').update(canonicalShape(shape)).digest('hex')
}

function canonical(value: unknown, isData: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, isData)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const parts: string[] = []
  const entries = value as Record<string, unknown>
  for (const key of Object.keys(entries).sort()) {
    const part = entries[key]
    if (part === undefined || (key === 'doc' && !isData)) continue
    // Inside a default every key is the user's own, `doc` too.
    const isDefault = key === 'fallback' || key === 'missing'
    parts.push(`${JSON.stringify(key)}:${canonical(part, isData || isDefault)}`)
  }
  return `{${parts.join(',')}}`
}

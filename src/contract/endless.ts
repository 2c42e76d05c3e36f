// Owns the refusal of types that no finite value has: a record that must contain itself.
// Never looks at bytes: a type that passes has values in every codec.

import { unsupported } from './schema.ts'
import type { RecordShape, Shape } from './shape.ts'

/** @throws EARSHOT_SHAPE_UNSUPPORTED when a record has itself under a required field */
export function refuseEndless(shape: Shape, path: string): void {
  const name = endlessIn(shape)
  if (name === undefined) return
  const hint = 'let the inner one be optional, or an item of a list or a map'
  throw unsupported(path, `${name}, of which each value must contain another`, hint)
}

function endlessIn(shape: Shape): string | undefined {
  switch (shape.kind) {
    case 'list':
      return endlessIn(shape.items)
    case 'map':
      return endlessIn(shape.values)
    case 'record':
      if (!hasEndRecord(shape, new Set())) return shape.name
      return firstOf(shape.fields.map((field) => field.shape))
    case 'union':
      if (!hasEnd(shape, new Set())) return shape.name
      return firstOf(shape.branches.map((branch) => branch.record))
    default:
      return undefined
  }
}

function firstOf(parts: readonly Shape[]): string | undefined {
  for (const part of parts) {
    const name = endlessIn(part)
    if (name !== undefined) return name
  }
  return undefined
}

/** Has it a value that needs none of the types in `within`, which are being asked? */
function hasEnd(shape: Shape, within: ReadonlySet<string>): boolean {
  switch (shape.kind) {
    case 'ref':
      return !within.has(shape.name)
    case 'list':
      return (shape.minItems ?? 0) === 0 || hasEnd(shape.items, within)
    case 'record':
      return hasEndRecord(shape, within)
    case 'union': {
      const inner = new Set(within).add(shape.name)
      return shape.branches.some((branch) => hasEndRecord(branch.record, inner))
    }
    default:
      return true
  }
}

function hasEndRecord({ name, fields }: RecordShape, within: ReadonlySet<string>): boolean {
  const inner = new Set(within).add(name)
  return fields.every((field) => {
    const isLoose = field.optional || field.nullable || field.fallback !== undefined
    return isLoose || hasEnd(field.shape, inner)
  })
}

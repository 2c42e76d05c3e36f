// Owns the size of a shape as it is compiled: every use of a type counts anew.
// Never walks a type twice, so that a small schema cannot stand for endless work.

import { unsupported } from './schema.ts'
import type { Shape } from './shape.ts'

const maxParts = 20_000

/** @throws EARSHOT_SHAPE_UNSUPPORTED when types used in types grow beyond what is compiled */
export function refuseHuge(shape: Shape, path: string): void {
  const parts = partsOf(shape, new Map())
  if (parts <= maxParts) return
  const what = `${Number.isFinite(parts) ? parts : 'endless'} parts when all types are written out`
  throw unsupported(path, what, 'use fewer types within types')
}

function partsOf(shape: Shape, known: Map<Shape, number>): number {
  const before = known.get(shape)
  if (before !== undefined) return before
  const inner = innerOf(shape).reduce((sum, part) => sum + partsOf(part, known), 1)
  known.set(shape, inner)
  return inner
}

function innerOf(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'list':
      return [shape.items]
    case 'map':
      return [shape.values]
    case 'record':
      return shape.fields.map((field) => field.shape)
    case 'union':
      return shape.branches.map((branch) => branch.record)
    default:
      return []
  }
}

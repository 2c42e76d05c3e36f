// Owns putting types that were read one by one into each other, so that every reference stands
// inside what it refers to. Never ends where a schema would not: the parts are counted.

import { hasRef } from './link.ts'
import { unsupported } from './schema.ts'
import type { RecordShape, RefShape, Shape, UnionShape } from './shape.ts'

const maxParts = 20_000

/**
 * The shape with each reference bound by a record or union around it; what stands nowhere around is
 * put in its place, by name.
 * @throws EARSHOT_SHAPE_UNSUPPORTED when that takes too many parts
 */
export function closedShape(
  shape: Shape,
  definitionOf: (name: string) => Shape | undefined,
  path: string,
): Shape {
  return hasRef(shape) ? new Closing(definitionOf, path).close(shape, new Set()) : shape
}

class Closing {
  readonly #definitionOf: (name: string) => Shape | undefined
  readonly #path: string
  #left = maxParts

  constructor(definitionOf: (name: string) => Shape | undefined, path: string) {
    this.#definitionOf = definitionOf
    this.#path = path
  }

  close(shape: Shape, around: ReadonlySet<string>): Shape {
    if (--this.#left < 0) {
      const hint = 'use fewer types that contain each other'
      throw unsupported(this.#path, `more than ${maxParts} parts when types are written out`, hint)
    }
    switch (shape.kind) {
      case 'list':
        return { ...shape, items: this.close(shape.items, around) }
      case 'map':
        return { ...shape, values: this.close(shape.values, around) }
      case 'record':
      case 'union':
        if (!hasRef(shape)) return shape
        if (around.has(shape.name)) return refTo(shape.name)
        return shape.kind === 'record' ? this.#record(shape, around) : this.#union(shape, around)
      case 'ref': {
        if (around.has(shape.name)) return refTo(shape.name)
        const found = this.#definitionOf(shape.name)
        if (found) return this.close(found, around)
        throw unsupported(this.#path, `${shape.name}, which cannot be read`, 'see its own refusal')
      }
      default:
        return shape
    }
  }

  #record(shape: RecordShape, around: ReadonlySet<string>): RecordShape {
    const inner = new Set(around).add(shape.name)
    const fields = shape.fields.map((field) => ({
      ...field,
      shape: this.close(field.shape, inner),
    }))
    return { ...shape, fields }
  }

  #union(shape: UnionShape, around: ReadonlySet<string>): UnionShape {
    const inner = new Set(around).add(shape.name)
    const branches = shape.branches.map((branch) => ({
      ...branch,
      record: this.#branch(branch.record, inner),
    }))
    return { ...shape, branches }
  }

  /** A branch is a record and no reference, which would not leave its discriminator out. */
  #branch(record: Shape, around: ReadonlySet<string>): RecordShape {
    const found = record.kind === 'ref' ? this.#definitionOf(record.name) : record
    if (found?.kind === 'record') return this.#record(found, around)
    const name = record.kind === 'ref' ? record.name : record.kind
    throw unsupported(this.#path, `${name}, which cannot be read`, 'see its own refusal')
  }
}

function refTo(name: string): RefShape {
  return { kind: 'ref', name }
}

// Owns what a reference in a shape stands for: the innermost record or union around it of its name.
// Never changes a shape: what holds references is copied, and the copies know their targets.

import { assert } from '../base/errors.ts'
import type { RecordShape, RefShape, Shape, UnionShape } from './shape.ts'

export type Target = RecordShape | UnionShape

const targets = new WeakMap<RefShape, Target>()
const links = new WeakMap<Shape, Shape>()
/** A type that many others use is asked once, or a small schema would take endless work. */
const holders = new WeakMap<Shape, boolean>()

/** The shape with references that `targetOf` can follow; the shape itself where it has none. */
export function linked(shape: Shape): Shape {
  const known = links.get(shape)
  if (known) return known
  const made = hasRef(shape) ? link(shape, new Map()) : shape
  links.set(shape, made)
  links.set(made, made)
  return made
}

/** What a reference in a linked shape stands for. */
export function targetOf(ref: RefShape): Target {
  const target = targets.get(ref)
  assert(target !== undefined, `the reference to ${ref.name} is not linked`)
  return target
}

/** As `targetOf`; undefined for a part whose whole is not at hand. */
export function knownTargetOf(ref: RefShape): Target | undefined {
  return targets.get(ref)
}

/** The shape, or what it stands for when it is a linked reference. */
export function resolved(shape: Shape): Exclude<Shape, RefShape> {
  return shape.kind === 'ref' ? targetOf(shape) : shape
}

/** Does any part of the shape stand for what is around it? */
export function hasRef(shape: Shape): boolean {
  if (shape.kind === 'ref') return true
  const known = holders.get(shape)
  if (known !== undefined) return known
  const has = holdsRef(shape)
  holders.set(shape, has)
  return has
}

function holdsRef(shape: Shape): boolean {
  switch (shape.kind) {
    case 'list':
      return hasRef(shape.items)
    case 'map':
      return hasRef(shape.values)
    case 'record':
      return shape.fields.some((field) => hasRef(field.shape))
    case 'union':
      return shape.branches.some((branch) => hasRef(branch.record))
    default:
      return false
  }
}

/** The names of all types in it that contain themselves. */
export function recursiveNames(shape: Shape, names: Set<string> = new Set()): Set<string> {
  switch (shape.kind) {
    case 'ref':
      names.add(shape.name)
      break
    case 'list':
      recursiveNames(shape.items, names)
      break
    case 'map':
      recursiveNames(shape.values, names)
      break
    case 'record':
      for (const field of shape.fields) recursiveNames(field.shape, names)
      break
    case 'union':
      for (const branch of shape.branches) recursiveNames(branch.record, names)
  }
  return names
}

/** Does every reference in it stand for a part of it? */
export function isClosed(shape: Shape, around: ReadonlySet<string> = new Set()): boolean {
  switch (shape.kind) {
    case 'ref':
      return around.has(shape.name)
    case 'list':
      return isClosed(shape.items, around)
    case 'map':
      return isClosed(shape.values, around)
    case 'record': {
      const inner = new Set(around).add(shape.name)
      return shape.fields.every((field) => isClosed(field.shape, inner))
    }
    case 'union': {
      const inner = new Set(around).add(shape.name)
      return shape.branches.every((branch) => isClosed(branch.record, inner))
    }
    default:
      return true
  }
}

type Scope = ReadonlyMap<string, Target>

function link(shape: Shape, scope: Scope): Shape {
  if (!hasRef(shape)) return shape
  switch (shape.kind) {
    case 'ref': {
      const target = scope.get(shape.name)
      if (!target) return shape
      const ref: RefShape = { ...shape }
      targets.set(ref, target)
      return ref
    }
    case 'list':
      return { ...shape, items: link(shape.items, scope) }
    case 'map':
      return { ...shape, values: link(shape.values, scope) }
    case 'record':
      return linkRecord(shape, scope)
    case 'union': {
      const made = { ...shape, branches: [...shape.branches] }
      const inner = new Map(scope).set(shape.name, made)
      made.branches.forEach((branch, index) => {
        // While a schema is read a branch may still be a reference: see closedShape.
        const record = link(branch.record, inner) as RecordShape
        made.branches[index] = { ...branch, record }
      })
      return made
    }
    default:
      return shape
  }
}

function linkRecord(record: RecordShape, scope: Scope): RecordShape {
  const made = { ...record, fields: [...record.fields] }
  const inner = new Map(scope).set(record.name, made)
  made.fields.forEach((field, index) => {
    made.fields[index] = { ...field, shape: link(field.shape, inner) }
  })
  return made
}

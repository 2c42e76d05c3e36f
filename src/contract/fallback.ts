// Owns defaults: kept in a shape as plain JSON (bigint as decimal string, bytes as base64).
// Never fills one in: decoders do, from the source text made here.

import { isObject } from '../base/arguments.ts'
import { canonicalDecimal } from './decimal-text.ts'
import { knownTargetOf } from './link.ts'
import type { FieldShape, Shape } from './shape.ts'

/** The JSON form of a value that fits the shape: what `fallback` holds. */
export function jsonForm(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'int':
      return shape.bigint ? String(value) : value
    case 'decimal':
      return canonicalDecimal(value as string, shape.scale)
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'list':
      return (value as unknown[]).map((item) => jsonForm(shape.items, item))
    case 'map':
      return mapEntries(value, (item) => jsonForm(shape.values, item))
    case 'record':
      return recordForm(shape.fields, value as Record<string, unknown>, jsonForm)
    case 'union': {
      const entries = value as Record<string, unknown>
      const literal = entries[shape.discriminator]
      const branch = shape.branches.find((candidate) => candidate.literal === literal)
      const rest = recordForm(branch?.record.fields ?? [], entries, jsonForm)
      return { [shape.discriminator]: literal, ...rest }
    }
    case 'ref': {
      const target = knownTargetOf(shape)
      return target ? jsonForm(target, value) : value
    }
    default:
      return value
  }
}

/** The value of a JSON form. Wrong forms come out wrong: check the result with `findFault`. */
export function valueOfForm(shape: Shape, form: unknown): unknown {
  switch (shape.kind) {
    case 'int':
      return shape.bigint && typeof form === 'string' && /^-?\d{1,19}$/.test(form)
        ? BigInt(form)
        : form
    case 'bytes':
      return typeof form === 'string' ? new Uint8Array(Buffer.from(form, 'base64')) : form
    case 'list':
      return Array.isArray(form) ? form.map((item) => valueOfForm(shape.items, item)) : form
    case 'map':
      return isObject(form) ? mapEntries(form, (item) => valueOfForm(shape.values, item)) : form
    case 'record':
      return isObject(form) ? recordForm(shape.fields, form, valueOfForm) : form
    case 'union': {
      if (!isObject(form)) return form
      const literal = form[shape.discriminator]
      const branch = shape.branches.find((candidate) => candidate.literal === literal)
      const rest = recordForm(branch?.record.fields ?? [], form, valueOfForm)
      return { [shape.discriminator]: literal, ...rest }
    }
    case 'ref': {
      const target = knownTargetOf(shape)
      return target ? valueOfForm(target, form) : form
    }
    default:
      return form
  }
}

/** JavaScript source that makes the value of a JSON form anew each time it runs. */
export function sourceOfForm(shape: Shape, form: unknown): string {
  switch (shape.kind) {
    case 'int':
      return shape.bigint ? `${BigInt(form as string)}n` : numberSource(form)
    case 'float':
      return numberSource(form)
    case 'decimal':
      return JSON.stringify(canonicalDecimal(form as string, shape.scale))
    case 'bytes':
      return `new Uint8Array(Buffer.from(${JSON.stringify(form)}, "base64"))`
    case 'list':
      return `[${(form as unknown[]).map((item) => sourceOfForm(shape.items, item)).join(', ')}]`
    case 'map':
      return objectSource(form, () => shape.values)
    case 'record':
      return objectSource(form, (key) => fieldShape(shape.fields, key))
    case 'union': {
      const literal = (form as Record<string, unknown>)[shape.discriminator]
      const branch = shape.branches.find((candidate) => candidate.literal === literal)
      return objectSource(form, (key) => fieldShape(branch?.record.fields ?? [], key))
    }
    default:
      return JSON.stringify(form)
  }
}

function numberSource(form: unknown): string {
  return Object.is(form, -0) ? '-0' : `(${String(Number(form))})`
}

function objectSource(form: unknown, shapeOf: (key: string) => Shape | undefined): string {
  const parts = Object.entries(form as object).map(([key, item]) => {
    const shape = shapeOf(key)
    const source = shape && item !== null ? sourceOfForm(shape, item) : JSON.stringify(item)
    return `${JSON.stringify(key)}: ${source}`
  })
  return `({ ${parts.join(', ')} })`
}

function fieldShape(fields: readonly FieldShape[], key: string): Shape | undefined {
  return fields.find((field) => field.name === key)?.shape
}

function recordForm(
  fields: readonly FieldShape[],
  value: Record<string, unknown>,
  convert: (shape: Shape, value: unknown) => unknown,
): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const field of fields) {
    const item = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (item === undefined) {
      if (field.fallback !== undefined) {
        // An inner default is part of the outer one, or the two would differ by codec.
        made[field.name] =
          convert === jsonForm ? field.fallback : valueOfForm(field.shape, field.fallback)
      } else if (field.nullable && !field.optional) made[field.name] = null
      continue
    }
    if (item === null && field.nullable) {
      if (!field.optional) made[field.name] = null
      continue
    }
    made[field.name] = convert(field.shape, item)
  }
  return made
}

function mapEntries(value: unknown, convert: (item: unknown) => unknown): Record<string, unknown> {
  const entries = Object.entries(value as object).map(([key, item]) => [key, convert(item)])
  return Object.fromEntries(entries)
}

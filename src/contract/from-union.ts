// Owns reading `anyOf` and `oneOf`: null beside a type, unions of literals, unions of objects.
// Never guesses: alternatives that no string literal tells apart are refused.

import { enumOf } from './from-scalar.ts'
import { isName, pointerStep, wireNameOf } from './names.ts'
import {
  type Converted,
  type Converter,
  freshName,
  inside,
  namedBy,
  type Place,
  type Schema,
  unsupported,
} from './schema.ts'
import type { RecordShape, Shape, UnionBranch } from './shape.ts'
import { tagsOf } from './tags.ts'
import { isBox } from './union-box.ts'

/** Keywords of the union itself that matter to its single branch. */
const outerKeywords = ['anyOf', 'oneOf', 'default', 'tag', 'description']

export function convertUnion(
  outer: Schema,
  parts: readonly unknown[],
  place: Place,
  { convert, recordOf, followed }: Converter,
): Converted {
  const schemas = parts.map((part) => (part ?? {}) as Schema)
  const solid = schemas.filter((part) => part.type !== 'null')
  const nullable = solid.length < schemas.length
  if (solid.length === 1 && outer.discriminator === undefined) {
    const rest = Object.entries(outer).filter(([key]) => !outerKeywords.includes(key))
    const inner = convert({ ...Object.fromEntries(rest), ...solid[0] }, place)
    return { shape: inner.shape, nullable: nullable || inner.nullable }
  }
  if (solid.length === 0) throw unsupported(place.path, 'a type that is only null', 'drop it')
  const literals = literalsOf(solid)
  if (literals) return { shape: enumOf(literals, outer, place), nullable }
  const branches = solid.map((part) => followed(part, place))
  if (branches.every(({ schema: { type, properties } }) => type === 'object' && properties)) {
    return { shape: discriminated(outer, branches, place, recordOf), nullable }
  }
  throw unsupported(
    place.path,
    'a union of these types',
    'unions are of string literals, or of objects told apart by a string literal',
  )
}

function literalsOf(parts: readonly Schema[]): unknown[] | undefined {
  const literals: unknown[] = []
  for (const part of parts) {
    if (part.const !== undefined) literals.push(part.const)
    else if (Array.isArray(part.enum)) literals.push(...part.enum)
    else return undefined
  }
  return literals
}

function discriminated(
  outer: Schema,
  followedParts: readonly { readonly schema: Schema; readonly place: Place }[],
  outerPlace: Place,
  recordOf: Converter['recordOf'],
): Shape {
  const parts = followedParts.map(({ schema }) => schema)
  const asked = (outer.discriminator as { propertyName?: string } | undefined)?.propertyName
  const names = asked === undefined ? Object.keys(parts[0]?.properties as Schema) : [asked]
  const discriminator = names.find((name) => tellsApart(parts, name))
  if (discriminator === undefined) {
    const hint = 'give each object one field with its own string literal: kind: Type.Literal("a")'
    throw unsupported(outerPlace.path, 'a union of objects that nothing tells apart', hint)
  }
  if (!isName(discriminator)) {
    throw unsupported(outerPlace.path, `the name "${discriminator}"`, 'choose another name')
  }
  const name = freshName(outerPlace)
  const around = new Map(outerPlace.around).set(outerPlace.own, name)
  const place = { ...outerPlace, around }
  const labelled = parts.map((part) => [literalAt(part, discriminator) as string, part] as const)
  const tags = tagsOf(labelled, place, name)
  const wireNames = new Set<string>()
  const branches = labelled.map(([literal, part], index): UnionBranch => {
    const { place: own } = followedParts[index] as { place: Place }
    const under = inside(place, `/anyOf${pointerStep(index)}`, literal)
    const at = namedBy(part, { ...under, definitions: own.definitions })
    const wireName = wireNameOf(literal)
    if (!isName(literal) || wireNames.has(wireName)) {
      throw unsupported(at.path, `the literal "${literal}"`, 'choose another')
    }
    wireNames.add(wireName)
    const { [discriminator]: _, ...properties } = part.properties as Schema
    const required = new Set((part.required ?? []) as string[])
    const record = recordOf(properties, required, { ...at, own: properties })
    const tag = tags.get(literal) as number
    return { literal, tag, record, ...bareOf(part, record, at) }
  })
  return { kind: 'union', name, discriminator, branches: branches.sort((a, b) => a.tag - b.tag) }
}

/** `bare: true`: in Avro the branch is its only field, which must be there. */
function bareOf({ bare }: Schema, record: RecordShape, place: Place): { bare?: true } {
  if (bare === undefined) return {}
  if (bare === true && isBox(record)) return { bare }
  const hint = 'besides the literal it has one required field called value, which is no union'
  throw unsupported(place.path, 'a branch that cannot be bare', hint)
}

function literalAt(part: Schema, name: string): unknown {
  const properties = part.properties as Schema
  const property = Object.hasOwn(properties, name) ? (properties[name] as Schema) : undefined
  const symbols = property?.enum
  return Array.isArray(symbols) && symbols.length === 1 ? symbols[0] : property?.const
}

/** A required string literal in every part, different in each. */
function tellsApart(parts: readonly Schema[], name: string): boolean {
  const literals = parts.map((part) => literalAt(part, name))
  const required = parts.every((part) => ((part.required ?? []) as string[]).includes(name))
  const strings = literals.every((literal) => typeof literal === 'string')
  return required && strings && new Set(literals).size === literals.length
}

// Owns reading a union of an Avro schema: records told apart by a literal, and what is no record as
// the only field of one. In Avro both have the bytes of the union as it was written.

import { isObject } from '../base/arguments.ts'
import { type AvroPlace, below, invalidAvro, type Json } from './avro-place.ts'
import { isName, isTag, isWireName } from './names.ts'
import { unsupported } from './schema.ts'
import type { RecordShape, Shape, UnionBranch, UnionShape } from './shape.ts'

type Read = (schema: unknown, place: AvroPlace) => Shape

/** One of the types, with what our own exporter told of it. */
interface Part {
  readonly type: unknown
  /** What tells it from others: a full name, or the whole of it. */
  readonly key: string
  readonly word: string
  readonly given: Json | undefined
}

export function isNullType(type: unknown): boolean {
  return type === 'null' || (isObject(type) && type.type === 'null')
}

/**
 * The union of these types; `first` is the index of the first of them in the schema, `around` what
 * stands around the list and may tell of it.
 */
export function readUnion(
  types: readonly unknown[],
  place: AvroPlace,
  read: Read,
  around: Json,
  first = 0,
): UnionShape {
  if (types.length === 0) throw invalidAvro(place.path, 'a union of nothing')
  // One of them may define what a later one names: only then the names are known.
  const shapes = types.map((type, index) => {
    return isNullType(type) ? undefined : read(type, below(place, index + first))
  })
  const parts = types.map((type, index) => partOf(type, below(place, index + first)))
  const told = toldIn(around, types)
  const wanted = wordOf(told?.name, isWireName)
  // Our own exporter says which union it is: types in it may be written out there and named here.
  const key = wanted === undefined ? parts.map((part) => part.key).join('|') : ''
  const name = place.names.unionName(key, wanted ?? defaultName(parts))
  const discriminator = wordOf(told?.discriminator, isName) ?? freeName(parts)
  const branches = parts.map((part, index): UnionBranch => {
    const own = told?.branches[index] ?? {}
    const at = below(place, index + first)
    const shape = shapes[index]
    const word = isRecord(part) ? (shape as RecordShape).name : part.word
    const literal = wordOf(own.literal, isName) ?? word
    const tag = isTag(own.tag) ? own.tag : index + 1
    if (isRecord(part)) return { literal, tag, record: shape as RecordShape }
    const box = wordOf(own.box, isWireName) ?? `${name}_${part.word}`
    return { literal, tag, record: boxOf(box, shape, at), bare: true }
  })
  refuseTwice(branches, parts, discriminator, place)
  return { kind: 'union', name, discriminator, branches }
}

/** What our own exporter told of the union, if it is of as many branches. */
export function toldIn(
  around: Json,
  types: readonly unknown[],
): (Json & { readonly branches: readonly Json[] }) | undefined {
  const { union } = around
  if (!isObject(union) || !Array.isArray(union.branches)) return undefined
  const isWhole = union.branches.length === types.length && union.branches.every(isObject)
  return isWhole ? { ...union, branches: union.branches as Json[] } : undefined
}

function partOf(type: unknown, place: AvroPlace): Part {
  if (Array.isArray(type)) throw invalidAvro(place.path, 'a union within a union')
  // `{ "type": "Name" }` is the type of that name.
  const inner = isObject(type) && isObject(type.type) ? type.type : type
  const word = isObject(inner) ? inner.type : inner
  const named = place.names.fullNameOf(inner, place)
  if (named === undefined) {
    const key = JSON.stringify(inner)
    return { type, key, word: String(word), given: undefined }
  }
  const given = isObject(inner) && 'name' in inner ? inner : place.names.givenOf(named)
  return { type, key: named, word: named.slice(named.lastIndexOf('.') + 1), given }
}

function isRecord({ given }: Part): boolean {
  return given?.type === 'record' || given?.type === 'error'
}

function defaultName(parts: readonly Part[]): string {
  const words = parts.map(({ word }) => word)
  return parts.every(isRecord) ? `${words[0]}_or` : words.join('_or_').slice(0, 120)
}

/** A record with the value as its only field; without any for null. */
function boxOf(name: string, shape: Shape | undefined, place: AvroPlace): RecordShape {
  if (!isWireName(name)) throw invalidAvro(place.path, `the name ${JSON.stringify(name)}`)
  if (shape?.kind === 'union') throw invalidAvro(place.path, 'a union within a union')
  if (shape?.kind === 'record') throw unsupported(place.path, 'this record', 'give it its name')
  const base = { name: 'value', wireName: 'value', tag: 1, optional: false, nullable: false }
  return { kind: 'record', name, fields: shape ? [{ ...base, shape }] : [] }
}

function refuseTwice(
  branches: readonly UnionBranch[],
  parts: readonly Part[],
  discriminator: string,
  place: AvroPlace,
): void {
  const literals = new Set<string>()
  let last = 0
  branches.forEach(({ literal, tag }, index) => {
    if (literals.has(literal) || tag <= last) {
      throw invalidAvro(place.path, `a second branch ${literal}, or one of a lower tag`)
    }
    literals.add(literal)
    last = tag
    if (keysOf(parts[index] as Part).includes(discriminator)) {
      throw invalidAvro(place.path, `a field called ${discriminator}, which tells branches apart`)
    }
  })
}

/** The names of its fields, also while it is being read. */
function keysOf(part: Part): unknown[] {
  if (!isRecord(part)) return ['value']
  const fields = Array.isArray(part.given?.fields) ? part.given.fields : []
  return fields.map((field: Json | null) => field?.key ?? field?.name)
}

function wordOf(value: unknown, test: (word: string) => boolean): string | undefined {
  return typeof value === 'string' && test(value) ? value : undefined
}

/** `kind`, or more underscores, until no record has a field of that name. */
function freeName(parts: readonly Part[]): string {
  const taken = parts.flatMap(keysOf)
  let name = 'kind'
  while (taken.includes(name)) name += '_'
  return name
}

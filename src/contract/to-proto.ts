// Owns writing a shape as a .proto file: for other languages, and for the oracle of the tests.
// Never used to encode: the Protobuf format is compiled from the shape itself.

import { linked } from './link.ts'
import { wireNameOf } from './names.ts'
import { fieldNames, ProtoNames, symbolNames, unionName } from './proto-names.ts'
import { isImplicit, isPacked, isWrapped, isWrappedItem, protoScalar } from './proto-types.ts'
import { isSameType } from './same-type.ts'
import { unsupported } from './schema.ts'
import type { EnumShape, FieldShape, RecordShape, Shape, UnionShape } from './shape.ts'

interface File {
  readonly blocks: string[]
  readonly names: ProtoNames
  /** The types in it, with what each of them is. */
  readonly types: Map<string, Shape>
}

/** A .proto file that messages are added to, one after the other. */
export class ProtoFile {
  readonly #file: File

  /** `shapes` are all that will be added, `scope` is the package with dots around it. */
  constructor(shapes: readonly Shape[], scope: string) {
    this.#file = { blocks: [], names: new ProtoNames(shapes, scope), types: new Map() }
  }

  /** The name of the message of a body; undefined for those that have none. */
  add(given: Shape, name: string): string | undefined {
    const shape = linked(given)
    if (shape.kind === 'bytes' || shape.kind === 'any') return undefined
    if (shape.kind === 'record' || shape.kind === 'union') return messageType(this.#file, shape)
    return wrapper(this.#file, shape, this.#file.names.fresh(name))
  }

  /** A name that no type in it has. */
  fresh(wanted: string): string {
    return this.#file.names.fresh(wanted)
  }

  get text(): string {
    return this.#file.blocks.join('\n')
  }
}

/** False when the very type is in the file already. */
function takeName(file: File, name: string, shape: Shape): boolean {
  const known = file.types.get(name)
  if (known && isSameType(known, shape)) return false
  if (known) {
    const what = `two types are called "${name}"`
    throw unsupported('', what, 'give one another name: Type.Object(…, { name })')
  }
  file.types.set(name, shape)
  return true
}

/** The name of the message that a body is. */
export function protoRootOf(shape: Shape): string {
  return shape.kind === 'record' || shape.kind === 'union' ? shape.name : 'Body'
}

/**
 * The .proto file (proto3) whose encoding the `protobuf` codec writes. Required scalars have
 * implicit presence: zero is not written. Absent and zero are told apart by `optional`. Lists and
 * maps that may be absent, or that are inside lists and maps, are in a message with one field.
 */
export function protoOf(given: Shape): string {
  const shape = linked(given)
  const file = new ProtoFile([shape], '.')
  file.add(shape, protoRootOf(shape))
  return `syntax = "proto3";\n\n${file.text}`
}

/** The name of the type of an item or a single value; its definition is added to the file. */
function typeOf(file: File, shape: Shape, label: string): string {
  const scalar = protoScalar(shape)
  if (scalar !== undefined) return scalar
  if (shape.kind === 'enum') return file.names.typed(enumType(file, shape))
  // What a reference stands for is being written: it is around it.
  if (shape.kind === 'ref') return file.names.typed(shape.name)
  if (isWrappedItem(shape)) return wrapper(file, shape, file.names.fresh(label))
  return file.names.typed(messageType(file, shape as RecordShape | UnionShape))
}

function messageType(file: File, shape: RecordShape | UnionShape): string {
  if (!takeName(file, shape.name, shape)) return shape.name
  const lines = shape.kind === 'record' ? recordLines(file, shape) : unionLines(file, shape)
  file.blocks.push(block('message', shape.name, lines))
  return shape.name
}

function block(keyword: string, name: string, lines: readonly string[]): string {
  return `${keyword} ${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

function recordLines(file: File, { name, fields }: RecordShape): string[] {
  const names = protoNamesOf(fields)
  return fields.flatMap((field, index) => [
    ...docLines(field),
    fieldLine(file, field, names[index] as string, name),
  ])
}

/** The names of these fields in a .proto file: those of the wire, as far as protoc takes them. */
export function protoNamesOf(fields: readonly FieldShape[]): string[] {
  return fieldNames(fields.map((field) => field.wireName))
}

function unionLines(file: File, shape: UnionShape): string[] {
  const names = fieldNames(shape.branches.map((branch) => wireNameOf(branch.literal)))
  const oneof = unionName(names)
  const lines = shape.branches.map((branch, index) => {
    const type = file.names.typed(messageType(file, branch.record))
    return `  ${type} ${names[index]} = ${branch.tag};`
  })
  return [`oneof ${oneof} {`, ...lines, '}']
}

function enumType(file: File, shape: EnumShape): string {
  if (!takeName(file, shape.name, shape)) return shape.name
  // Symbols share one scope in a .proto file: each carries the name of its enum.
  const zero = shape.numbers[0] === 0 ? [] : ['_UNSPECIFIED']
  const names = symbolNames([...shape.symbols.map(wireNameOf), ...zero]).map((symbol) =>
    file.names.fresh(`${shape.name}_${symbol}`),
  )
  const lines = shape.symbols.map((_, index) => `${names[index]} = ${shape.numbers[index]};`)
  const unspecified = zero.map(() => `${names.at(-1)} = 0;`)
  file.blocks.push(block('enum', shape.name, [...unspecified, ...lines]))
  return shape.name
}

/** A message with one field: a list, a map, or a body that is no record. */
function wrapper(file: File, shape: Shape, name: string): string {
  const line = `${repeatedType(file, shape, name)} value = 1${packing(shape)};`
  file.blocks.push(block('message', name, [line]))
  return name
}

function repeatedType(file: File, shape: Shape, label: string): string {
  if (shape.kind === 'list') return `repeated ${typeOf(file, shape.items, `${label}_item`)}`
  if (shape.kind === 'map') return `map<string, ${typeOf(file, shape.values, `${label}_value`)}>`
  return typeOf(file, shape, label)
}

function packing(shape: Shape): string {
  const isUnpacked = shape.kind === 'list' && shape.packed === false && isPacked(shape.items)
  return isUnpacked ? ' [packed = false]' : ''
}

function docLines({ doc }: FieldShape): string[] {
  return doc === undefined ? [] : [`// ${doc.replaceAll(/\s+/g, ' ')}`]
}

function fieldLine(file: File, field: FieldShape, name: string, owner: string): string {
  const label = `${owner}_${field.wireName}`
  const end = `${name} = ${field.tag}${isWrapped(field) ? '' : packing(field.shape)};`
  if (isWrapped(field)) return `${typeOf(file, field.shape, `${label}_box`)} ${end}`
  const type = repeatedType(file, field.shape, label)
  const isScalar = protoScalar(field.shape) !== undefined || field.shape.kind === 'enum'
  return `${isScalar && !isImplicit(field) ? 'optional ' : ''}${type} ${end}`
}

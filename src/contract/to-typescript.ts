// Owns writing shapes and contracts as a TypeScript module of TypeBox types: what `earshot gen`
// writes from .avsc and .proto files. Read back by shapeOf, they are the shapes they were.

import { checkArgument, isObject } from '../base/arguments.ts'
import { type Channel, channelKinds } from './channel.ts'
import type { AnyContract } from './contract.ts'
import { checkContracts, checkShape } from './given.ts'
import { isClosed, linked, recursiveNames, resolved } from './link.ts'
import { wireNameOf } from './names.ts'
import { isField, partsOf } from './null-field.ts'
import type { BytesShape, FieldShape, NullField, RecordShape, Shape, UnionShape } from './shape.ts'
import { bounds } from './to-json-schema.ts'

interface Module {
  readonly blocks: string[]
  /** Constants by the shape that they are, as text. */
  readonly known: Map<string, string>
  readonly taken: Set<string>
  /** The types of our own that it needs. */
  readonly uses: Set<'Bytes' | 'Decimal'>
  /** While a type that contains itself is written: the parts of its Type.Cyclic, by name. */
  cyclic: Cyclic | undefined
}

interface Cyclic {
  readonly names: ReadonlySet<string>
  readonly parts: Map<string, string>
}

/** What a constant or a type cannot be called: words of the language, types of its own. */
const words = `
any arguments await bigint boolean break case catch class const continue debugger default delete do
else enum eval export extends false finally for function if implements import in instanceof
interface let never new null number object package private protected public return static string
super switch symbol this throw true try type typeof undefined unknown var void while with yield`

/** And names that a module of types already has. */
const reserved = ['Bytes', 'Decimal', 'Static', 'Type', 'contract', ...channelKinds]

/** A module with a constant and a type for each of these shapes, by the names given. */
export function toTypeScript(shapes: Readonly<Record<string, Shape>>): string {
  checkArgument(isObject(shapes), '/shapes', 'an object of shapes: { Order: shape }', shapes)
  for (const [name, shape] of Object.entries(shapes)) checkShape(shape, `/shapes/${name}`)
  const made = newModule()
  for (const [name, shape] of Object.entries(shapes)) namedType(made, shape, name)
  return moduleText(made, [], [])
}

/** A module with these contracts and all their types. */
export function contractsToTypeScript(contracts: readonly AnyContract[]): string {
  checkContracts(contracts)
  const made = newModule()
  const uses = new Set(['contract'])
  const definitions = contracts.map((one) => contractText(made, one, uses))
  return moduleText(made, [...uses], definitions)
}

function newModule(): Module {
  return {
    blocks: [],
    known: new Map(),
    taken: new Set([...reserved, ...words.trim().split(/\s+/)]),
    uses: new Set(),
    cyclic: undefined,
  }
}

function moduleText(made: Module, uses: readonly string[], definitions: readonly string[]): string {
  const ours = [...uses, ...made.uses].sort()
  const imports = [
    ...(ours.length > 0 ? [`import { ${ours.join(', ')} } from 'earshot'`] : []),
    `import { type Static, Type } from 'typebox'`,
  ]
  return `${[imports.join('\n'), ...made.blocks, ...definitions].join('\n\n')}\n`
}

function contractText(made: Module, contract: AnyContract, uses: Set<string>): string {
  const channels = contract.channels.map((channel) => {
    uses.add(channel.kind)
    return `  ${channel.name}: ${channelText(made, channel)},\n`
  })
  const last = contract.name.slice(contract.name.lastIndexOf('.') + 1)
  const name = freshName(made, wireNameOf(last.charAt(0).toUpperCase() + last.slice(1)))
  const head = `contract(${quoted(contract.name)}, ${quoted(contract.version)}`
  return `export const ${name} = ${head}, {\n${channels.join('')}})`
}

function channelText(made: Module, channel: Channel): string {
  const { kind, name, shape, replyShape, errorShape, codecs } = channel
  const { idempotent, keyField, overflow } = channel
  const pascal = name.charAt(0).toUpperCase() + name.slice(1)
  const said = optionsText({
    ...(codecs && { codecs }),
    ...(idempotent && { idempotent }),
    ...(keyField !== undefined && { key: keyField }),
    ...(overflow && { overflow }),
    ...(channel.delayMs > 0 && { delayMs: channel.delayMs }),
  })
  const body = namedType(made, shape, pascal)
  const reply = replyShape ? [namedType(made, replyShape, `${pascal}Reply`)] : []
  const options = errorShape ? [withErrors(made, errorShape, said[0])] : said
  return `${kind}(${[body, ...reply, ...options].join(', ')})`
}

/** The options of a channel with the errors that it declares, as constants of a type of theirs. */
function withErrors(made: Module, errors: RecordShape, said = '{ }'): string {
  const rest = said.slice(1, -1).trim()
  const own = `errors: ${namedType(made, errors, errors.name)}.properties`
  return `{ ${rest === '' ? own : `${rest}, ${own}`} }`
}

/** The name of a constant for the shape; the shape's own name is preferred. */
function namedType(made: Module, given: Shape, wanted: string): string {
  const shape = linked(given)
  const key = JSON.stringify(shape)
  const known = made.known.get(key)
  if (known !== undefined) return known
  const own = ('name' in shape ? shape.name : undefined) ?? wireNameOf(wanted)
  const text = constantText(made, shape)
  const name = freshName(made, own)
  made.known.set(key, name)
  const type = `export type ${name} = Static<typeof ${name}>`
  made.blocks.push(`export const ${name} = ${text}\n${type}`)
  return name
}

/** A type that contains itself is a Type.Cyclic of all types in it that do. */
function constantText(made: Module, shape: Shape): string {
  const outer = made.cyclic
  const names = recursiveNames(shape)
  if (!isTarget(shape) || !isCyclic(shape, names)) {
    made.cyclic = undefined
    const text = typeText(made, shape, {})
    made.cyclic = outer
    return text
  }
  const parts = new Map<string, string>()
  made.cyclic = { names: names.add(shape.name), parts }
  partText(made, shape, shape.name)
  made.cyclic = outer
  const lines = [...parts].map(([name, text]) => `  ${keyText(name)}: ${text},\n`)
  return `Type.Cyclic({\n${lines.join('')}}, ${quoted(shape.name)})`
}

/** Does it, or a branch of it, stand inside itself? */
function isCyclic(shape: RecordShape | UnionShape, names: ReadonlySet<string>): boolean {
  if (names.has(shape.name)) return true
  return shape.kind === 'union' && shape.branches.some(({ record }) => names.has(record.name))
}

function isTarget(shape: Shape): shape is RecordShape | UnionShape {
  return shape.kind === 'record' || shape.kind === 'union'
}

function freshName(made: Module, wanted: string): string {
  let name = wanted
  for (let count = 2; made.taken.has(name); count++) name = `${wanted}_${count}`
  made.taken.add(name)
  return name
}

function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}

/** A value as a literal, keys bare where they may be. */
function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  const parts = Object.entries(value).map(([key, part]) => `${keyText(key)}: ${literal(part)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

function keyText(key: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key) ? key : quoted(key)
}

function optionsText(options: object): string[] {
  return Object.keys(options).length === 0 ? [] : [literal(options)]
}

function call(type: string, parts: readonly string[], options: object): string {
  return `Type.${type}(${[...parts, ...optionsText(options)].join(', ')})`
}

/** The type with options of its own and of the field that it is of. */
function typeText(made: Module, shape: Shape, more: object): string {
  const options = { ...bounds(shape), ...more }
  switch (shape.kind) {
    case 'bool':
      return call('Boolean', [], options)
    case 'int': {
      const { bits, bigint, logical, proto, minimum, maximum } = shape
      const rest = { ...(proto && { proto }), ...more }
      if (bigint) {
        const format = logical && { format: logical }
        return call('BigInt', [], { ...format, ...bigBounds({ minimum, maximum }), ...rest })
      }
      return call('Integer', [], { format: logical ?? `int${bits}`, ...options, ...rest })
    }
    case 'float':
      return call('Number', [], { ...(shape.bits === 32 && { format: 'float' }), ...options })
    case 'string':
      return call('String', [], { ...(shape.logical && { format: shape.logical }), ...options })
    case 'bytes':
      made.uses.add('Bytes')
      return `Bytes(${optionsText({ ...bytesOptions(shape), ...options }).join('')})`
    case 'decimal': {
      made.uses.add('Decimal')
      const { kind, ...rest } = shape
      return `Decimal(${literal({ ...rest, ...more })})`
    }
    case 'enum': {
      const { name, symbols, numbers, unknown } = shape
      return call('Enum', [literal(symbols)], {
        name,
        numbers,
        ...(unknown && { unknown }),
        ...more,
      })
    }
    case 'list':
      return call('Array', [partText(made, shape.items, 'item')], options)
    case 'map':
      return call('Record', ['Type.String()', partText(made, shape.values, 'value')], options)
    case 'record':
      return recordText(made, shape, more, [])
    case 'union':
      return unionText(made, shape, more)
    case 'any':
      return call('Unknown', [], more)
    case 'ref':
      return call('Ref', [quoted(shape.name)], more)
  }
}

function bytesOptions({ name, length, logical }: BytesShape): object {
  return { ...(length !== undefined && { name, length }), ...(logical && { logical }) }
}

/** Where a bound is no safe integer, it is the bound of 64 bits itself: nothing to say. */
function bigBounds(given: { minimum?: number | undefined; maximum?: number | undefined }): object {
  const kept = Object.entries(given).filter(([, bound]) => Number.isSafeInteger(bound))
  return Object.fromEntries(kept.map(([key, bound]) => [key, BigInt(bound as number)]))
}

/** Is what is of a field said beside the type, and not in its options? */
function isNamed(shape: Shape): boolean {
  return ['record', 'union', 'enum', 'ref'].includes(shape.kind)
}

function partText(made: Module, shape: Shape, label: string): string {
  const { cyclic } = made
  if (cyclic && (isTarget(shape) || shape.kind === 'ref') && cyclic.names.has(shape.name)) {
    if (!cyclic.parts.has(shape.name)) {
      cyclic.parts.set(shape.name, '')
      cyclic.parts.set(shape.name, typeText(made, resolved(shape), {}))
    }
    return `Type.Ref(${quoted(shape.name)})`
  }
  if (isTarget(shape) && !isClosed(shape)) return typeText(made, shape, {})
  return isNamed(shape) ? namedType(made, shape, label) : typeText(made, shape, {})
}

function recordText(
  made: Module,
  record: RecordShape,
  more: object,
  lead: readonly string[],
): string {
  const { name } = record
  const lines = partsOf(record).map((part, index) => {
    return isField(part) ? fieldText(made, part, index) : nullText(part, index)
  })
  const body = [...lead, ...lines].map((line) => `  ${line},\n`).join('')
  return `Type.Object({${body === '' ? '' : `\n${body}`}}, ${literal({ name, ...more })})`
}

function nullText(field: NullField, index: number): string {
  const type = call('Null', [], attributesOf(field, index))
  return `${keyText(field.name)}: Type.Optional(${type})`
}

function attributesOf({ name, wireName, tag, doc }: FieldShape | NullField, index: number): object {
  return {
    ...(doc === undefined ? {} : { description: doc }),
    ...(tag === index + 1 ? {} : { tag }),
    ...(wireName === wireNameOf(name) ? {} : { wireName }),
  }
}

function fieldText(made: Module, field: FieldShape, index: number): string {
  const { name, shape, optional, nullable, fallback, missing, nullLast, always } = field
  const more = {
    ...attributesOf(field, index),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(missing === undefined ? {} : { missing }),
    ...(nullLast && { nullLast }),
    ...(always && { always }),
  }
  const text = fieldType(made, shape, nullable, more)
  return `${keyText(name)}: ${optional ? `Type.Optional(${text})` : text}`
}

/** A union of one is the type itself, and has room for what is of the field and not of the type. */
function fieldType(made: Module, shape: Shape, nullable: boolean, more: object): string {
  const isPlain = !nullable && Object.keys(more).length === 0
  if (!nullable && !isNamed(shape)) return typeText(made, shape, more)
  const part = partText(made, shape, 'field')
  if (isPlain) return part
  return call('Union', [`[${[part, ...(nullable ? ['Type.Null()'] : [])].join(', ')}]`], more)
}

function unionText(made: Module, shape: UnionShape, more: object): string {
  const { name, discriminator, branches } = shape
  const parts = branches.map(({ literal: text, tag, record, bare }, index) => {
    const lead = `${keyText(discriminator)}: Type.Literal(${quoted(text)})`
    const more = { ...(tag === index + 1 ? {} : { tag }), ...(bare && { bare }) }
    return recordText(made, record, more, [lead])
  })
  const told = { discriminator: { propertyName: discriminator } }
  return call('Union', [`[\n${parts.join(',\n')},\n]`], { name, ...told, ...more })
}

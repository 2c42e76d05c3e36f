// Owns reading .proto files (proto2 and proto3) into shapes and contracts: a message is a shape, a
// service a contract, an rpc a channel of it. Never changes a byte of what other libraries write.

import { checkOptions, checkText } from '../base/arguments.ts'
import { type EarshotError, isEarshotError } from '../base/errors.ts'
import type { ChannelKind } from './channel.ts'
import { closedShape } from './close-shape.ts'
import { type AnyContract, assemble, checkNames, createChannel } from './contract.ts'
import { refuseEndless } from './endless.ts'
import { defaultOfProto } from './from-proto-default.ts'
import { enumOfProto, kindOfCall, scalarOfProto } from './from-proto-scalar.ts'
import { isName, isTag } from './names.ts'
import type { ProtoCall, ProtoField, ProtoMessage } from './proto-file.ts'
import { isUnionName } from './proto-names.ts'
import {
  type Declared,
  type DeclaredService,
  type ProtoImports,
  ProtoScope,
} from './proto-scope.ts'
import { invalidProto } from './proto-tokens.ts'
import { isPacked } from './proto-types.ts'
import { unsupported } from './schema.ts'
import type { EnumShape, FieldShape, RecordShape, RefShape, Shape, UnionShape } from './shape.ts'
import { refuseHuge } from './shape-size.ts'

export interface ProtoOptions {
  /** The version of the contracts, which a .proto file does not have. Default: 1.0.0. */
  readonly version?: string
  /**
   * What 64-bit integers are in TypeScript where the field does not say `jstype`. Default:
   * number, refused beyond ±(2^53 − 1).
   */
  readonly int64?: 'number' | 'bigint'
  readonly imports?: ProtoImports
  /** Leave out what cannot be read, and tell of it in `refused`, instead of throwing. */
  readonly partial?: boolean
}

export interface ProtoContents {
  /** By full name: `shop.v1.Order`. */
  readonly messages: ReadonlyMap<string, Shape>
  /** One for each service, called as it is with its package. */
  readonly contracts: readonly AnyContract[]
  /** With `partial`: what was left out, by full name, and why. */
  readonly refused: ReadonlyMap<string, EarshotError>
}

const maxDepth = 64

/**
 * What a .proto file declares. Fields of a `oneof` become optional fields: none may be set, too. A
 * message that is nothing but one `oneof branch` of messages is a union, as our own exporter writes
 * it. Maps with keys other than strings become lists of entries. The bytes are as they were.
 * @throws EARSHOT_SCHEMA_INVALID with the line; EARSHOT_SHAPE_UNSUPPORTED for groups, and for
 * enums with negative numbers
 */
export function fromProto(text: string, options: ProtoOptions = {}): ProtoContents {
  checkText(text, '/text', 'the text of a .proto file')
  checkOptions(options, ['version', 'int64', 'imports', 'partial'])
  const scope = new ProtoScope(text, options.imports ?? {})
  const reader = new Reader(scope, options)
  const refused = new Map<string, EarshotError>()
  const attempt = <T>(name: string, read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (options.partial !== true || !isEarshotError(error)) throw error
      refused.set(name, error)
      return undefined
    }
  }
  const messages = new Map<string, Shape>()
  for (const declared of scope.own) {
    if (declared.type.kind === 'enum') continue
    const shape = attempt(declared.full, () => reader.messageOf(declared))
    if (shape) messages.set(declared.full, shape)
  }
  const contracts = scope.services.map((service) =>
    contractOf(service, options.version ?? '1.0.0', (call) =>
      attempt(`${service.full}/${call.name}`, () => reader.channelOf(service, call)),
    ),
  )
  return { messages, contracts: contracts.filter(({ channels }) => channels.length > 0), refused }
}

interface Calls {
  readonly name: string
  readonly kind: ChannelKind
  readonly shape: Shape
  readonly replyShape: Shape
}

function contractOf(
  { full, service }: DeclaredService,
  version: string,
  read: (call: ProtoCall) => Calls | undefined,
): AnyContract {
  const calls = service.calls.flatMap((call) => read(call) ?? [])
  checkNames(full, version, Object.fromEntries(calls.map(({ name }) => [name, true])))
  const channels = calls.map((call) => createChannel(full, version, call))
  return assemble(full, version, channels)
}

class Reader {
  readonly #scope: ProtoScope
  readonly #options: ProtoOptions
  /** Undefined while a type is being read. */
  readonly #shapes = new Map<Declared, RecordShape | UnionShape | EnumShape | undefined>()
  readonly #byName = new Map<string, Shape>()

  constructor(scope: ProtoScope, options: ProtoOptions) {
    this.#scope = scope
    this.#options = options
  }

  /** `rpc PlaceOrder` is the channel `placeOrder`. */
  channelOf({ full }: DeclaredService, call: ProtoCall): Calls {
    const { name, line } = call
    const shape = this.#message(call.body, full, line)
    const replyShape = this.#message(call.reply, full, line)
    const channel = name.charAt(0).toLowerCase() + name.slice(1)
    return { name: channel, kind: kindOfCall(call), shape, replyShape }
  }

  #message(name: string, scope: string, line: number): Shape {
    const found = this.#scope.find(name, scope, line)
    if (found.type.kind === 'message') return this.messageOf(found)
    throw invalidProto(line, `${name} is no message`)
  }

  messageOf(declared: Declared): Shape {
    const shape = this.#shapeOf(declared, 0)
    const path = `line ${declared.type.line}`
    refuseHuge(shape, path)
    const closed = closedShape(shape, (name) => this.#byName.get(name), path)
    refuseEndless(closed, path)
    return closed
  }

  #shapeOf(declared: Declared, depth: number): RecordShape | UnionShape | EnumShape | RefShape {
    const known = this.#shapes.get(declared)
    if (known) return known
    const { type, short } = declared
    if (this.#shapes.has(declared)) return { kind: 'ref', name: short }
    if (depth > maxDepth) throw unsupported(`line ${type.line}`, 'nested too deeply', 'flatten it')
    this.#shapes.set(declared, undefined)
    try {
      const shape =
        type.kind === 'enum' ? enumOfProto(type, short) : this.#shape(type, declared, depth)
      this.#shapes.set(declared, shape)
      this.#byName.set(short, shape)
      return shape
    } finally {
      if (!this.#shapes.get(declared)) this.#shapes.delete(declared)
    }
  }

  #shape(message: ProtoMessage, declared: Declared, depth: number): RecordShape | UnionShape {
    const seen = new Set<string | number>()
    const fields = message.fields.map((field) => {
      const { name, number, line } = field
      if (!isTag(number)) throw invalidProto(line, `the field number ${number}`)
      if (!isName(name)) throw invalidProto(line, `the name ${name}`)
      if (seen.has(name) || seen.has(number)) {
        throw invalidProto(line, `${name} = ${number} in ${declared.full} is a second one`)
      }
      seen.add(name).add(number)
      return this.#field(field, declared, depth)
    })
    fields.sort((a, b) => a.tag - b.tag)
    const isUnion = this.#isUnion(message, declared)
    return isUnion ? unionOf(fields, declared.short) : recordOf(declared.short, fields)
  }

  #field(field: ProtoField, declared: Declared, depth: number): FieldShape {
    const { name, number: tag, label, doc, line } = field
    if (field.isGroup) {
      const hint = 'make it a message of its own; or read with { partial: true }'
      throw unsupported(`line ${line}`, `the group ${name} in ${declared.full}`, hint)
    }
    const inner = this.#single(field, declared, depth)
    const base = { name, wireName: name, tag, nullable: false, ...(doc && { doc }) }
    if (label === 'repeated') {
      const list: Shape = { kind: 'list', items: inner, ...packingOf(field, inner, declared) }
      return { ...base, shape: list, optional: false, fallback: [] }
    }
    if (label === 'required') return { ...base, shape: inner, optional: false, always: true }
    const given = field.options.get('default')
    if (given !== undefined) {
      return { ...base, shape: inner, optional: true, fallback: defaultOfProto(inner, given, line) }
    }
    if (field.key !== undefined) return { ...base, ...this.#map(field, inner, declared) }
    const isMessage = ['record', 'union', 'ref'].includes(inner.kind)
    const optional = label === 'optional' || field.oneof !== undefined || isMessage
    return { ...base, shape: inner, optional }
  }

  /**
   * Is the message nothing but one oneof of messages, of which none is such a oneof itself? Its
   * name tells that one is always set: elsewhere a message without any is one like others.
   */
  #isUnion(message: ProtoMessage, declared: Declared): boolean {
    const types = message.fields.map(({ type }) => type)
    return (
      this.#isOneof(message, declared) &&
      // Avro could not tell two branches of one type apart.
      new Set(types).size === types.length &&
      message.fields.every((field) => {
        const found = this.#scope.find(field.type, declared.full, field.line)
        return found.type.kind === 'message' && !this.#isOneof(found.type, found)
      })
    )
  }

  #isOneof({ fields }: ProtoMessage, { full }: Declared): boolean {
    const name = fields[0]?.oneof
    if (!isUnionName(name)) return false
    return fields.every(({ oneof, type, isGroup, line }) => {
      if (oneof !== name || isGroup) return false
      if (scalarOfProto(type, new Map(), 'number')) return false
      return this.#scope.find(type, full, line).type.kind === 'message'
    })
  }

  #single(field: ProtoField, { full }: Declared, depth: number): Shape {
    const scalar = scalarOfProto(field.type, field.options, this.#options.int64 ?? 'number')
    return scalar ?? this.#shapeOf(this.#scope.find(field.type, full, field.line), depth + 1)
  }

  #map(
    { key = 'string', name, line }: ProtoField,
    values: Shape,
    { short }: Declared,
  ): Pick<FieldShape, 'shape' | 'optional' | 'fallback'> {
    if (key === 'string') return { shape: { kind: 'map', values }, optional: false, fallback: {} }
    const keys = scalarOfProto(key, new Map(), this.#options.int64 ?? 'number')
    if (!keys || keys.kind === 'float' || keys.kind === 'bytes') {
      throw invalidProto(line, `${key} is no type of keys`)
    }
    const part = (name: string, tag: number, shape: Shape): FieldShape => {
      const optional = ['record', 'union', 'ref'].includes(shape.kind)
      return { name, wireName: name, tag, shape, optional, nullable: false }
    }
    const entry = recordOf(`${short}_${name}_entry`, [
      part('key', 1, keys),
      part('value', 2, values),
    ])
    return { shape: { kind: 'list', items: entry }, optional: false, fallback: [] }
  }
}

function recordOf(name: string, fields: readonly FieldShape[]): RecordShape {
  return { kind: 'record', name, fields }
}

/** Lists of numbers are packed in proto3, and in proto2 where it is said. */
function packingOf({ options }: ProtoField, items: Shape, { type }: Declared): { packed?: false } {
  if (!isPacked(items)) return {}
  const isProto2 = type.kind === 'message' && type.isProto2
  return (options.get('packed') ?? String(!isProto2)) === 'true' ? {} : { packed: false }
}

/** A message of nothing but one oneof of records. */
function unionOf(fields: readonly FieldShape[], name: string): UnionShape {
  // What is being read is put in its place when all is known.
  const branches = fields.map(({ name: literal, tag, shape }) => {
    return { literal, tag, record: shape as RecordShape }
  })
  let discriminator = 'kind'
  const isTaken = (): boolean =>
    branches.some(({ record }) => record.fields?.some((field) => field.name === discriminator))
  while (isTaken()) discriminator += '_'
  return { kind: 'union', name, discriminator, branches }
}

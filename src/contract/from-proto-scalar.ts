// Owns which shape a scalar type or an enum of a .proto file is, and which channel an rpc.
// Never looks into messages.

import type { ChannelKind } from './channel.ts'
import { isEnumNumber } from './names.ts'
import type { ProtoCall, ProtoEnum } from './proto-file.ts'
import { invalidProto } from './proto-tokens.ts'
import { unsupported } from './schema.ts'
import type { EnumShape, ProtoInt, Shape } from './shape.ts'

/**
 * The kind of channel by what an rpc streams. Many messages and one answer are a duplex in which
 * one thing is said back: gRPC writes the two alike.
 */
export function kindOfCall({ streamsBody, streamsReply }: ProtoCall): ChannelKind {
  if (streamsBody) return 'duplex'
  return streamsReply ? 'stream' : 'request'
}

const ints32: readonly ProtoInt[] = ['int32', 'sint32', 'sfixed32']
const uints32: readonly ProtoInt[] = ['uint32', 'fixed32']
const ints64: readonly ProtoInt[] = ['int64', 'sint64', 'sfixed64']
const uints64: readonly ProtoInt[] = ['uint64', 'fixed64']

/** The shape of a scalar type; undefined for names of messages and enums. */
export function scalarOfProto(
  type: string,
  options: ReadonlyMap<string, string>,
  int64: 'number' | 'bigint',
): Shape | undefined {
  const proto = type as ProtoInt
  const jstype = options.get('jstype')
  const bigint = jstype === 'JS_STRING' || (jstype !== 'JS_NUMBER' && int64 === 'bigint')
  if (ints32.includes(proto)) return { kind: 'int', bits: 32, bigint: false, proto }
  if (uints32.includes(proto)) {
    return { kind: 'int', bits: 64, bigint: false, minimum: 0, maximum: 4_294_967_295, proto }
  }
  if (ints64.includes(proto)) return { kind: 'int', bits: 64, bigint, proto }
  if (uints64.includes(proto)) return { kind: 'int', bits: 64, bigint, minimum: 0, proto }
  switch (type) {
    case 'bool':
    case 'string':
    case 'bytes':
      return { kind: type }
    case 'float':
      return { kind: 'float', bits: 32 }
    case 'double':
      return { kind: 'float', bits: 64 }
    default:
      return undefined
  }
}

/** Symbols that stand for whatever else there may be: enums are open, but for those of proto2. */
const unspecified = /(?:^|_)(?:UNSPECIFIED|UNKNOWN|UNRECOGNIZED)$/i

/**
 * Symbols in the order of their numbers. Where all begin with the name of the enum, as our own
 * exporter writes them, they are read without it.
 */
export function enumOfProto({ symbols, isProto2, line }: ProtoEnum, name: string): EnumShape {
  const sorted = [...symbols].sort((a, b) => a.number - b.number)
  const [first] = symbols
  if (!first) throw invalidProto(line, `the enum ${name} has no symbol`)
  if (first.number !== 0 && !isProto2)
    throw invalidProto(line, `the first symbol of ${name} is not 0`)
  if (new Set(symbols.map((one) => one.name)).size < symbols.length) {
    throw invalidProto(line, `a symbol of ${name} stands twice`)
  }
  sorted.forEach(({ number }, index) => {
    if (!isEnumNumber(number)) {
      const hint = 'numbers of symbols are whole numbers from 0'
      throw unsupported(`line ${line}`, `the number ${number} in ${name}`, hint)
    }
    if (index > 0 && sorted[index - 1]?.number === number) {
      const hint = 'give each symbol a number of its own'
      throw unsupported(`line ${line}`, `two symbols of the number ${number} in ${name}`, hint)
    }
  })
  const prefix = `${name}_`
  const isOurs = first.name.startsWith(`${prefix}_UNSPECIFIED`) && symbols.length > 1
  const isPrefixed = isOurs && symbols.every((symbol) => symbol.name.startsWith(prefix))
  const kept = isPrefixed
    ? sorted
        .filter(({ number }) => number !== 0)
        .map((one) => ({ ...one, name: one.name.slice(prefix.length) }))
    : sorted
  return {
    kind: 'enum',
    name,
    symbols: kept.map((one) => one.name),
    numbers: kept.map((one) => one.number),
    ...(!isProto2 && !isPrefixed && unspecified.test(first.name) ? { unknown: first.name } : {}),
  }
}

// Owns the types that a .proto file and its imports declare, by full name, and finding them.
// Never makes a shape of one.

import { EarshotError } from '../base/errors.ts'
import { type ProtoService, type ProtoSource, type ProtoType, parseProto } from './proto-file.ts'
import { invalidProto } from './proto-tokens.ts'

/** Texts by path as `import` names them; google/protobuf/… is known. */
export type ProtoImports = Readonly<Record<string, string>> | ((path: string) => string | undefined)

export interface Declared {
  readonly type: ProtoType
  /** With the package: `shop.v1.Order.Line`. */
  readonly full: string
  /** Without: `Order_Line`. */
  readonly short: string
}

export interface DeclaredService {
  readonly service: ProtoService
  readonly full: string
}

const maxFiles = 1_024

const message = (name: string, fields: string): string => `message ${name} { ${fields} }\n`
const wrappers = [
  'Double',
  'Float',
  'Int64',
  'UInt64',
  'Int32',
  'UInt32',
  'Bool',
  'String',
  'Bytes',
]

/** The types that come with Protobuf itself. */
const known: Readonly<Record<string, string>> = {
  timestamp: message('Timestamp', 'int64 seconds = 1; int32 nanos = 2;'),
  duration: message('Duration', 'int64 seconds = 1; int32 nanos = 2;'),
  empty: message('Empty', ''),
  any: message('Any', 'string type_url = 1; bytes value = 2;'),
  field_mask: message('FieldMask', 'repeated string paths = 1;'),
  wrappers: wrappers
    .map((name) => message(`${name}Value`, `${name.toLowerCase()} value = 1;`))
    .join(''),
  struct: [
    message('Struct', 'map<string, Value> fields = 1;'),
    message(
      'Value',
      `oneof kind { NullValue null_value = 1; double number_value = 2; string string_value = 3;
      bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; }`,
    ),
    message('ListValue', 'repeated Value values = 1;'),
    'enum NullValue { NULL_VALUE = 0; }',
  ].join(''),
  source_context: message('SourceContext', 'string file_name = 1;'),
  // Mostly only options of options use it, which say nothing about messages.
  descriptor: '',
}

export class ProtoScope {
  readonly services: DeclaredService[] = []
  /** Of the file itself, not of its imports. */
  readonly own: Declared[] = []
  readonly #types = new Map<string, Declared>()
  readonly #shorts = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #imports: ProtoImports

  constructor(text: string, imports: ProtoImports) {
    this.#imports = imports
    this.#add(parseProto(text), true)
  }

  /** The type that a name means inside `scope`: the innermost, as in C++. */
  find(name: string, scope: string, line: number): Declared {
    if (name.startsWith('.')) {
      const found = this.#types.get(name.slice(1))
      if (found) return found
    } else {
      for (let around = scope; ; around = around.slice(0, Math.max(0, around.lastIndexOf('.')))) {
        const found = this.#types.get(around === '' ? name : `${around}.${name}`)
        if (found) return found
        if (around === '') break
      }
    }
    throw invalidProto(line, `no type called ${name}`)
  }

  #add(source: ProtoSource, isOwn: boolean): void {
    for (const { path, line } of source.imports) this.#import(path, line)
    for (const type of source.types) this.#declare(type, source.package, '', isOwn)
    if (!isOwn) return
    for (const service of source.services) {
      this.services.push({ service, full: joined(source.package, service.name) })
    }
  }

  #import(path: string, line: number): void {
    if (this.#seen.has(path)) return
    this.#seen.add(path)
    if (this.#seen.size > maxFiles) throw invalidProto(line, 'too many imports')
    const text = this.#textOf(path)
    if (text !== undefined) {
      this.#add(parseProto(text), false)
      return
    }
    const hint = 'hand its text over: fromProto(text, { imports: { path: text } })'
    const what = `line ${line}: the import "${path}" cannot be read`
    throw new EarshotError('EARSHOT_SCHEMA_INVALID', `${what}; ${hint}`, {
      path: `line ${line}`,
      data: { line, hint },
    })
  }

  #textOf(path: string): string | undefined {
    const name = /^google\/protobuf\/([a-z_]+)\.proto$/.exec(path)?.[1]
    const builtIn = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined
    const given = (): string | undefined =>
      typeof this.#imports === 'function'
        ? this.#imports(path)
        : Object.hasOwn(this.#imports, path)
          ? this.#imports[path]
          : undefined
    if (builtIn === undefined) return given()
    if (builtIn === '') return given() ?? 'syntax = "proto2";'
    return `syntax = "proto3"; package google.protobuf;\n${builtIn}`
  }

  #declare(type: ProtoType, scope: string, outer: string, isOwn: boolean): void {
    const full = joined(scope, type.name)
    if (this.#types.has(full)) throw invalidProto(type.line, `a second type called ${full}`)
    const plain = outer === '' ? type.name : `${outer}_${type.name}`
    const short = this.#shorts.has(plain) ? full.replaceAll('.', '_') : plain
    this.#shorts.add(short)
    const declared = { type, full, short }
    this.#types.set(full, declared)
    if (isOwn) this.own.push(declared)
    if (type.kind === 'enum') return
    for (const inner of type.types) this.#declare(inner, full, plain, isOwn)
  }
}

function joined(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

// Owns reading a .proto file (proto2 or proto3) into what it declares: messages, enums, services.
// Never looks up a name: what a type refers to is found by from-proto.

import { invalidProto, tokensOf } from './proto-tokens.ts'
import { ProtoWords } from './proto-words.ts'

export interface ProtoField {
  readonly name: string
  readonly type: string
  /** The key type of a map, whose values are of `type`. */
  readonly key: string | undefined
  readonly label: 'optional' | 'repeated' | 'required' | undefined
  /** Its content is between two tags instead of after a size. */
  readonly isGroup: boolean
  readonly oneof: string | undefined
  readonly number: number
  readonly options: ReadonlyMap<string, string>
  readonly doc: string
  readonly line: number
}

export interface ProtoMessage {
  readonly kind: 'message'
  readonly name: string
  readonly fields: readonly ProtoField[]
  readonly types: readonly ProtoType[]
  readonly isProto2: boolean
  readonly doc: string
  readonly line: number
}

export interface ProtoEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly symbols: readonly { readonly name: string; readonly number: number }[]
  /** Closed: a number without a symbol is no value. */
  readonly isProto2: boolean
  readonly line: number
}

export type ProtoType = ProtoMessage | ProtoEnum

export interface ProtoCall {
  readonly name: string
  readonly body: string
  readonly reply: string
  readonly streamsBody: boolean
  readonly streamsReply: boolean
  readonly line: number
}

export interface ProtoService {
  readonly name: string
  readonly calls: readonly ProtoCall[]
  readonly line: number
}

export interface ProtoSource {
  readonly package: string
  readonly imports: readonly { readonly path: string; readonly line: number }[]
  readonly types: readonly ProtoType[]
  readonly services: readonly ProtoService[]
}

const maxDepth = 32

/** @throws EARSHOT_SCHEMA_INVALID with the line */
export function parseProto(text: string): ProtoSource {
  return new Parser(new ProtoWords(tokensOf(text))).file()
}

class Parser {
  readonly #words: ProtoWords
  #isProto2 = false

  constructor(words: ProtoWords) {
    this.#words = words
  }

  file(): ProtoSource {
    const source = { package: '', imports: [], types: [], services: [] } as {
      package: string
      imports: { path: string; line: number }[]
      types: ProtoType[]
      services: ProtoService[]
    }
    this.#syntax()
    while (this.#words.next.kind !== 'end') {
      const { line } = this.#words.next
      const type = this.#type(0)
      if (type) source.types.push(type)
      else if (this.#skipped()) continue
      else if (this.#words.takes('package')) {
        source.package = this.#words.name('a package')
        this.#words.sign(';')
      } else if (this.#words.takes('import')) {
        if (!this.#words.takes('public')) this.#words.takes('weak')
        source.imports.push({ path: this.#words.word('text', 'a path'), line })
        this.#words.sign(';')
      } else if (this.#words.takes('service')) source.services.push(this.#service(line))
      else throw this.#words.wrong('a message, an enum, a service')
    }
    return source
  }

  /** A file that says nothing is of proto2. */
  #syntax(): void {
    const { line, kind, text } = this.#words.next
    if (kind === 'end') throw invalidProto(line, 'it is empty')
    if (text === 'edition' && this.#words.after.text === '=') {
      throw invalidProto(line, 'it is of an edition: proto2 and proto3 are read')
    }
    this.#isProto2 = true
    if (!this.#words.takes('syntax')) return
    this.#words.sign('=')
    const syntax = this.#words.word('text', 'a syntax')
    if (syntax !== 'proto2' && syntax !== 'proto3') {
      throw invalidProto(line, `the syntax is ${syntax}: proto2 and proto3 are read`)
    }
    this.#isProto2 = syntax === 'proto2'
    this.#words.sign(';')
  }

  #type(depth: number): ProtoType | undefined {
    const { doc, line } = this.#words.next
    if (depth > maxDepth) throw invalidProto(line, 'nested too deeply')
    if (this.#words.peeks('message', 'name')) {
      this.#words.advance()
      return this.#message(doc, line, depth)
    }
    if (!this.#words.peeks('enum', 'name')) return undefined
    this.#words.advance()
    return this.#enum(line)
  }

  #message(doc: string, line: number, depth: number): ProtoMessage {
    const name = this.#words.name('a message')
    const fields: ProtoField[] = []
    const types: ProtoType[] = []
    this.#words.sign('{')
    while (!this.#words.isSign('}')) {
      const type = this.#type(depth + 1)
      if (type) types.push(type)
      else if (this.#words.peeks('oneof', 'name')) fields.push(...this.#oneof())
      else if (!this.#skipped()) fields.push(this.#field(undefined))
    }
    this.#words.sign('}')
    return { kind: 'message', name, fields, types, isProto2: this.#isProto2, doc, line }
  }

  #oneof(): ProtoField[] {
    this.#words.advance()
    const name = this.#words.name('a oneof')
    const fields: ProtoField[] = []
    this.#words.sign('{')
    while (!this.#words.isSign('}')) if (!this.#skipped()) fields.push(this.#field(name))
    this.#words.sign('}')
    return fields
  }

  #field(oneof: string | undefined): ProtoField {
    const words = this.#words
    const { doc, line } = words.next
    const label = this.#label(oneof)
    const isMap = words.next.text === 'map' && words.after.text === '<'
    let key: string | undefined
    let type = words.typeName('a type')
    if (isMap) {
      words.sign('<')
      key = words.name('a type of keys')
      words.sign(',')
      type = words.typeName('a type of values')
      words.sign('>')
    } else if (this.#isProto2 && !label && oneof === undefined) {
      throw invalidProto(line, 'in proto2 a field is optional, required or repeated')
    }
    const name = words.name('a field')
    words.sign('=')
    const number = words.integer()
    const options = words.options()
    const isGroup = type === 'group' && words.isSign('{')
    if (isGroup) words.balanced()
    else words.sign(';')
    if (options.has('default') && !this.#isProto2) {
      throw invalidProto(line, 'a default is of proto2')
    }
    return { name, type, key, label, isGroup, oneof, number, options, doc, line }
  }

  #label(oneof: string | undefined): ProtoField['label'] {
    const words = this.#words
    const known = (['optional', 'repeated', 'required'] as const).find((one) =>
      words.peeks(one, 'name'),
    )
    if (!known) return undefined
    const { line } = words.next
    if (oneof !== undefined) throw invalidProto(line, `a field of a oneof that is ${known}`)
    if (known === 'required' && !this.#isProto2) throw invalidProto(line, 'required is of proto2')
    words.advance()
    return known
  }

  #enum(line: number): ProtoEnum {
    const name = this.#words.name('an enum')
    const symbols: { name: string; number: number }[] = []
    this.#words.sign('{')
    let hasAliases = false
    while (!this.#words.isSign('}')) {
      hasAliases ||= this.#allowsAliases()
      if (this.#skipped()) continue
      const symbol = this.#words.name('a symbol')
      this.#words.sign('=')
      const sign = this.#words.isSign('-') ? -1 : 1
      if (sign < 0) this.#words.advance()
      symbols.push({ name: symbol, number: sign * this.#words.integer() })
      this.#words.options()
      this.#words.sign(';')
    }
    this.#words.sign('}')
    // Two names of one number are one value: it goes by the first.
    const seen = new Set<number>()
    const kept = symbols.filter(({ number }) => !seen.has(number) && seen.add(number))
    return {
      kind: 'enum',
      name,
      symbols: hasAliases ? kept : symbols,
      isProto2: this.#isProto2,
      line,
    }
  }

  #service(line: number): ProtoService {
    const name = this.#words.name('a service')
    const calls: ProtoCall[] = []
    this.#words.sign('{')
    while (!this.#words.isSign('}')) {
      if (this.#skipped()) continue
      const { line: at } = this.#words.next
      if (!this.#words.takes('rpc')) throw this.#words.wrong('rpc')
      const call = this.#words.name('an rpc')
      const [streamsBody, body] = this.#streamed()
      if (!this.#words.takes('returns')) throw this.#words.wrong('returns')
      const [streamsReply, reply] = this.#streamed()
      if (this.#words.isSign('{')) this.#words.balanced()
      else this.#words.sign(';')
      calls.push({ name: call, body, reply, streamsBody, streamsReply, line: at })
    }
    this.#words.sign('}')
    return { name, calls, line }
  }

  #streamed(): [boolean, string] {
    this.#words.sign('(')
    const streams = this.#words.peeks('stream', 'name')
    if (streams) this.#words.advance()
    const type = this.#words.typeName('a message')
    this.#words.sign(')')
    return [streams, type]
  }

  #allowsAliases(): boolean {
    return this.#words.next.text === 'option' && this.#words.after.text === 'allow_alias'
  }

  /** Statements that say nothing about messages: empty, options, reserved, new options. */
  #skipped(): boolean {
    if (this.#words.isSign(';')) {
      this.#words.advance()
      return true
    }
    const { text } = this.#words.next
    const follows = this.#words.after.kind
    const isOption = text === 'option' && (follows === 'name' || this.#words.after.text === '(')
    const isReserved = /^(?:reserved|extensions)$/.test(text) && follows !== 'sign'
    if (isOption || isReserved) {
      while (!this.#words.isSign(';')) {
        if (this.#words.isSign('{')) this.#words.balanced()
        else this.#words.advance()
      }
      this.#words.advance()
      return true
    }
    if (text !== 'extend' || follows !== 'name') return false
    this.#words.advance()
    this.#words.advance()
    this.#words.balanced()
    return true
  }
}

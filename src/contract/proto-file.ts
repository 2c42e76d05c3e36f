// Owns reading a .proto file (proto3) into what it declares: messages, enums, services.
// Never looks up a name: what a type refers to is found by from-proto.

import { invalidProto, type Token, tokensOf } from './proto-tokens.ts'

export interface ProtoField {
  readonly name: string
  readonly type: string
  /** The key type of a map, whose values are of `type`. */
  readonly key: string | undefined
  readonly label: 'optional' | 'repeated' | undefined
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
  readonly doc: string
  readonly line: number
}

export interface ProtoEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly symbols: readonly { readonly name: string; readonly number: number }[]
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
  return new Parser(tokensOf(text)).file()
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token
  }

  file(): ProtoSource {
    const source = { package: '', imports: [], types: [], services: [] } as {
      package: string
      imports: { path: string; line: number }[]
      types: ProtoType[]
      services: ProtoService[]
    }
    this.#syntax()
    while (this.#next.kind !== 'end') {
      const { line } = this.#next
      const type = this.#type(0)
      if (type) source.types.push(type)
      else if (this.#skipped()) continue
      else if (this.#takes('package')) {
        source.package = this.#name('a package')
        this.#sign(';')
      } else if (this.#takes('import')) {
        if (!this.#takes('public')) this.#takes('weak')
        source.imports.push({ path: this.#word('text', 'a path'), line })
        this.#sign(';')
      } else if (this.#takes('service')) source.services.push(this.#service(line))
      else throw this.#wrong('a message, an enum, a service')
    }
    return source
  }

  #syntax(): void {
    const { line } = this.#next
    if (!this.#takes('syntax')) {
      throw invalidProto(line, 'it does not begin with syntax = "proto3": only proto3 is read')
    }
    this.#sign('=')
    const syntax = this.#word('text', 'a syntax')
    if (syntax !== 'proto3')
      throw invalidProto(line, `the syntax is ${syntax}: only proto3 is read`)
    this.#sign(';')
  }

  #type(depth: number): ProtoType | undefined {
    const { doc, line } = this.#next
    if (depth > maxDepth) throw invalidProto(line, 'nested too deeply')
    if (this.#peeks('message', 'name')) {
      this.#at++
      return this.#message(doc, line, depth)
    }
    if (!this.#peeks('enum', 'name')) return undefined
    this.#at++
    return this.#enum(line)
  }

  #message(doc: string, line: number, depth: number): ProtoMessage {
    const name = this.#name('a message')
    const fields: ProtoField[] = []
    const types: ProtoType[] = []
    this.#sign('{')
    while (!this.#isSign('}')) {
      const type = this.#type(depth + 1)
      if (type) types.push(type)
      else if (this.#peeks('oneof', 'name')) fields.push(...this.#oneof())
      else if (!this.#skipped()) fields.push(this.#field(undefined))
    }
    this.#sign('}')
    return { kind: 'message', name, fields, types, doc, line }
  }

  #oneof(): ProtoField[] {
    this.#at++
    const name = this.#name('a oneof')
    const fields: ProtoField[] = []
    this.#sign('{')
    while (!this.#isSign('}')) if (!this.#skipped()) fields.push(this.#field(name))
    this.#sign('}')
    return fields
  }

  #field(oneof: string | undefined): ProtoField {
    const { doc, line } = this.#next
    const label = (['optional', 'repeated'] as const).find((one) => this.#peeks(one, 'name'))
    if (label) this.#at++
    if (this.#peeks('required', 'name') || this.#peeks('group', 'name')) {
      throw invalidProto(line, `${this.#next.text} is of proto2: only proto3 is read`)
    }
    const isMap = this.#next.text === 'map' && this.#tokens[this.#at + 1]?.text === '<'
    let key: string | undefined
    let type = this.#name('a type')
    if (isMap) {
      this.#sign('<')
      key = this.#name('a type of keys')
      this.#sign(',')
      type = this.#name('a type of values')
      this.#sign('>')
    }
    const name = this.#name('a field')
    this.#sign('=')
    const number = this.#integer()
    const options = this.#options()
    this.#sign(';')
    return { name, type, key, label, oneof, number, options, doc, line }
  }

  #enum(line: number): ProtoEnum {
    const name = this.#name('an enum')
    const symbols: { name: string; number: number }[] = []
    this.#sign('{')
    while (!this.#isSign('}')) {
      if (this.#skipped()) continue
      const symbol = this.#name('a symbol')
      this.#sign('=')
      const sign = this.#isSign('-') ? -1 : 1
      if (sign < 0) this.#at++
      symbols.push({ name: symbol, number: sign * this.#integer() })
      this.#options()
      this.#sign(';')
    }
    this.#sign('}')
    return { kind: 'enum', name, symbols, line }
  }

  #service(line: number): ProtoService {
    const name = this.#name('a service')
    const calls: ProtoCall[] = []
    this.#sign('{')
    while (!this.#isSign('}')) {
      if (this.#skipped()) continue
      const { line: at } = this.#next
      if (!this.#takes('rpc')) throw this.#wrong('rpc')
      const call = this.#name('an rpc')
      const [streamsBody, body] = this.#streamed()
      if (!this.#takes('returns')) throw this.#wrong('returns')
      const [streamsReply, reply] = this.#streamed()
      if (this.#isSign('{')) this.#balanced()
      else this.#sign(';')
      calls.push({ name: call, body, reply, streamsBody, streamsReply, line: at })
    }
    this.#sign('}')
    return { name, calls, line }
  }

  #streamed(): [boolean, string] {
    this.#sign('(')
    const streams = this.#peeks('stream', 'name')
    if (streams) this.#at++
    const type = this.#name('a message')
    this.#sign(')')
    return [streams, type]
  }

  /** Statements that say nothing about messages: empty, options, reserved, new options. */
  #skipped(): boolean {
    if (this.#isSign(';')) {
      this.#at++
      return true
    }
    const { text } = this.#next
    const follows = this.#tokens[this.#at + 1]?.kind
    const isOption =
      text === 'option' && (follows === 'name' || this.#tokens[this.#at + 1]?.text === '(')
    const isReserved = text === 'reserved' && follows !== 'sign'
    if (isOption || isReserved) {
      while (!this.#isSign(';')) {
        if (this.#isSign('{')) this.#balanced()
        else this.#advance()
      }
      this.#at++
      return true
    }
    if (text !== 'extend' || follows !== 'name') return false
    this.#at += 2
    this.#balanced()
    return true
  }

  /** Passes over `{ … }`. */
  #balanced(): void {
    this.#sign('{')
    for (let depth = 1; depth > 0; this.#advance()) {
      if (this.#isSign('{')) depth++
      else if (this.#isSign('}')) depth--
    }
  }

  /** `[name = value, …]`: values that are one word are kept. */
  #options(): ReadonlyMap<string, string> {
    const options = new Map<string, string>()
    if (!this.#isSign('[')) return options
    this.#at++
    let depth = 0
    let name = ''
    for (; depth > 0 || !this.#isSign(']'); this.#advance()) {
      const { kind, text } = this.#next
      if (kind === 'sign' && /[{[]/.test(text)) depth++
      else if (kind === 'sign' && /[}\]]/.test(text)) depth--
      else if (depth > 0) continue
      else if (kind !== 'sign' && name === '') name = text
      else if (kind !== 'sign') options.set(name, text)
      else if (text === ',') name = ''
    }
    this.#at++
    return options
  }

  #advance(): void {
    if (this.#next.kind === 'end') throw this.#wrong('more')
    this.#at++
  }

  /** Is the next word this one, and the one after it of that kind? */
  #peeks(word: string, kind: Token['kind']): boolean {
    return this.#next.text === word && this.#tokens[this.#at + 1]?.kind === kind
  }

  #takes(word: string): boolean {
    const is = this.#next.kind === 'name' && this.#next.text === word
    if (is) this.#at++
    return is
  }

  #isSign(text: string): boolean {
    return this.#next.kind === 'sign' && this.#next.text === text
  }

  #sign(text: string): void {
    if (!this.#isSign(text)) throw this.#wrong(`"${text}"`)
    this.#at++
  }

  #word(kind: Token['kind'], what: string): string {
    if (this.#next.kind !== kind) throw this.#wrong(what)
    return (this.#tokens[this.#at++] as Token).text
  }

  #name(what: string): string {
    return this.#word('name', what)
  }

  #integer(): number {
    const { text, line } = this.#next
    if (this.#word('number', 'a number') && /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) {
      return text.startsWith('0') && /^0\d/.test(text) ? Number.parseInt(text, 8) : Number(text)
    }
    throw invalidProto(line, `${text} is no whole number`)
  }

  #wrong(expected: string): Error {
    const { text, line } = this.#next
    return invalidProto(line, `expected ${expected}, found ${text}`)
  }
}

// Owns reading the words of a .proto file one after the other, and the pieces that stand in many
// places of it. Never knows a message from an enum.

import { invalidProto, type Token } from './proto-tokens.ts'

export class ProtoWords {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token
  }

  /** The word after the next; the end where there is none. */
  get after(): Token {
    return (this.#tokens[this.#at + 1] ?? this.#tokens.at(-1)) as Token
  }

  /** Passes over `{ … }`. */
  balanced(): void {
    this.sign('{')
    for (let depth = 1; depth > 0; this.advance()) {
      if (this.isSign('{')) depth++
      else if (this.isSign('}')) depth--
    }
  }

  /** `[name = value, …]`: values that are one word are kept, with their sign. */
  options(): ReadonlyMap<string, string> {
    const options = new Map<string, string>()
    if (!this.isSign('[')) return options
    this.#at++
    let depth = 0
    let name = ''
    let sign = ''
    for (; depth > 0 || !this.isSign(']'); this.advance()) {
      const { kind, text } = this.next
      if (kind === 'sign' && /[{[]/.test(text)) depth++
      else if (kind === 'sign' && /[}\]]/.test(text)) depth--
      else if (depth > 0) continue
      else if (kind !== 'sign' && name === '') name = text
      else if (kind !== 'sign') {
        // Texts one after the other are one.
        options.set(name, (kind === 'text' ? (options.get(name) ?? '') : sign) + text)
      } else if (text === '-') sign = text
      else if (text === ',') {
        name = ''
        sign = ''
      }
    }
    this.#at++
    return options
  }

  advance(): void {
    if (this.next.kind === 'end') throw this.wrong('more')
    this.#at++
  }

  /** Is the next word this one, and the one after it of that kind? */
  peeks(word: string, kind: Token['kind']): boolean {
    return this.next.text === word && this.#tokens[this.#at + 1]?.kind === kind
  }

  takes(word: string): boolean {
    const is = this.next.kind === 'name' && this.next.text === word
    if (is) this.#at++
    return is
  }

  isSign(text: string): boolean {
    return this.next.kind === 'sign' && this.next.text === text
  }

  sign(text: string): void {
    if (!this.isSign(text)) throw this.wrong(`"${text}"`)
    this.#at++
  }

  word(kind: Token['kind'], what: string): string {
    if (this.next.kind !== kind) throw this.wrong(what)
    return (this.#tokens[this.#at++] as Token).text
  }

  /** A name of a type: it may go on in the next line, with a dot. */
  typeName(what: string): string {
    let name = this.name(what)
    while (this.next.kind === 'name' && this.next.text.startsWith('.')) name += this.name(what)
    return name
  }

  name(what: string): string {
    return this.word('name', what)
  }

  integer(): number {
    const { text, line } = this.next
    if (this.word('number', 'a number') && /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) {
      return text.startsWith('0') && /^0\d/.test(text) ? Number.parseInt(text, 8) : Number(text)
    }
    throw invalidProto(line, `${text} is no whole number`)
  }

  wrong(expected: string): Error {
    const { text, line } = this.next
    return invalidProto(line, `expected ${expected}, found ${text}`)
  }
}

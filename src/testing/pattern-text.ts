// Owns texts that match a regular expression, as far as patterns of contracts go: classes, groups,
// choices, counts. Never sure of it: whoever asks holds the text to the expression.

import type { Chance } from './chance.ts'

/** What `*` and `+` add at most. */
const MORE = 4
const CLASSES: Readonly<Record<string, string>> = {
  d: '0123456789',
  w: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_',
  s: ' ',
}
const ANY = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A text that should match; what the grammar here does not know is taken for itself. */
export function textFor(pattern: string, chance: Chance): string {
  return new Reading(pattern, chance).choices()
}

class Reading {
  readonly #text: string
  readonly #chance: Chance
  #at = 0

  constructor(text: string, chance: Chance) {
    this.#text = text
    this.#chance = chance
  }

  /** To the end, or to the bracket that closes a group. */
  choices(): string {
    const found = [this.#row()]
    while (this.#takes('|')) found.push(this.#row())
    return this.#chance.pick(found)
  }

  #row(): string {
    let text = ''
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) text += this.#piece()
    return text
  }

  #piece(): string {
    const start = this.#at
    const first = this.#atom()
    const [least, most] = this.#count()
    const end = this.#at
    let text = ''
    for (let left = this.#chance.int(least, most); left > 0; left--) {
      // Read again for each: no two need be the same.
      this.#at = start
      text += this.#atom()
    }
    this.#at = end
    return least === 1 && most === 1 ? first : text
  }

  #atom(): string {
    const char = this.#next()
    if (char === '^' || char === '$') return ''
    if (char === '.') return this.#one(ANY)
    if (char === '[') return this.#class()
    if (char === '\\') return this.#escaped()
    if (char !== '(') return char
    if (this.#takes('?')) this.#at = Math.max(this.#at, this.#text.indexOf(':', this.#at) + 1)
    const text = this.choices()
    this.#takes(')')
    return text
  }

  #escaped(): string {
    const char = this.#next()
    const known = CLASSES[char]
    if (char === 'b') return ''
    return known === undefined ? char : this.#one(known)
  }

  #class(): string {
    const isOthers = this.#takes('^')
    let chars = ''
    while (this.#at < this.#text.length && this.#peek() !== ']') {
      const from = this.#next()
      if (from === '\\') {
        const escaped = this.#next()
        chars += CLASSES[escaped] ?? escaped
      } else if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++
        chars += range(from, this.#next())
      } else chars += from
    }
    this.#takes(']')
    if (!isOthers) return this.#one(chars)
    return this.#one([...ANY].filter((char) => !chars.includes(char)).join(''))
  }

  #count(): [least: number, most: number] {
    if (this.#takes('?')) return [0, 1]
    if (this.#takes('*')) return [0, MORE]
    if (this.#takes('+')) return [1, 1 + MORE]
    const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#text.slice(this.#at))
    if (!found) return [1, 1]
    this.#at += found[0].length
    const least = Number(found[1])
    if (found[2] === undefined) return [least, least]
    return [least, found[3] ? Number(found[3]) : least + MORE]
  }

  #one(chars: string): string {
    return chars === '' ? '' : this.#chance.pick([...chars])
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #next(): string {
    return this.#text[this.#at++] ?? ''
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }
}

function range(from: string, to: string): string {
  const [first, last] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0]
  const length = Math.max(0, Math.min(last - first + 1, 128))
  return Array.from({ length }, (_, index) => String.fromCodePoint(first + index)).join('')
}

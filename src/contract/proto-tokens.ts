// Owns the words of a .proto file: names, numbers, texts, signs, each with its line.
// Never knows what they mean together.

import { EarshotError } from '../base/errors.ts'

export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end'
  readonly text: string
  readonly line: number
  /** The comment right before it, without its marks. */
  readonly doc: string
}

const maxBytes = 1_048_576

/** The error of what is no .proto file. */
export function invalidProto(line: number, what: string): EarshotError {
  const text = `no .proto file at line ${line}: ${what}`
  return new EarshotError('EARSHOT_SCHEMA_INVALID', text, { path: `line ${line}`, data: { line } })
}

const pattern = new RegExp(
  [
    /(?<space>[ \t\r\f\v\ufeff]+|\n)/,
    /\/\/(?<line>[^\n]*)/,
    /\/\*(?<block>[\s\S]*?)\*\//,
    /(?<name>\.?[A-Za-z_][A-Za-z0-9_]*(?:\.\s*[A-Za-z_][A-Za-z0-9_]*)*)/,
    /(?<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/,
    /(?<text>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')/,
    /(?<sign>[{}()[\]<>=;,:+\-/])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
)

/** All words, and an `end` after the last. @throws EARSHOT_SCHEMA_INVALID with the line */
export function tokensOf(source: string): readonly Token[] {
  if (source.length > maxBytes) throw invalidProto(1, `longer than ${maxBytes} characters`)
  const tokens: Token[] = []
  let line = 1
  let doc: string[] = []
  let hadNewline = false
  pattern.lastIndex = 0
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex
    const groups = pattern.exec(source)?.groups
    if (!groups) throw invalidProto(line, `${JSON.stringify(source.slice(at, at + 10))} is no word`)
    const said = groups.line ?? groups.block
    if (said !== undefined) {
      // A comment on the line of what comes before it is not of what comes after.
      if (hadNewline) doc.push(cleaned(said))
    } else if (groups.space !== undefined) {
      if (groups.space === '\n') {
        // An empty line parts a comment from what follows.
        if (/^[ \t\r]*\n/.test(source.slice(at + 1, at + 200))) doc = []
        hadNewline = true
      }
    } else {
      tokens.push({ ...wordOf(groups), line, doc: doc.join(' ').trim() })
      doc = []
      hadNewline = false
    }
    for (const sign of source.slice(at, pattern.lastIndex)) if (sign === '\n') line++
  }
  tokens.push({ kind: 'end', text: 'the end of the file', line, doc: '' })
  return tokens
}

function cleaned(comment: string): string {
  return comment
    .replace(/^[ \t]*\*+/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function wordOf(
  groups: Readonly<Record<string, string | undefined>>,
): Pick<Token, 'kind' | 'text'> {
  const { name, number, text } = groups
  if (name !== undefined) return { kind: 'name', text: name.replace(/\s+/g, '') }
  if (number !== undefined) return { kind: 'number', text: number }
  // Only paths, syntax and options are texts: escapes are of no matter there.
  return text === undefined
    ? { kind: 'sign', text: groups.sign as string }
    : { kind: 'text', text: text.slice(1, -1) }
}

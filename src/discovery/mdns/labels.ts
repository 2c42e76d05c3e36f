// Owns how a label stands in the text of a name: what would be taken for the end of it, and what is
// no text, is written with a backslash. Source: RFC 1035, 5.1. Never knows what a name is for.

import { isUtf8 } from 'node:buffer'

const CAPITALS = /[A-Z]+/g
/** Or what stands for bytes that are no text. */
const ODD = /[.\\\ufffd]/
const ESCAPED = /\\(\d{3}|.)/gsu

/** In lower case, of ASCII alone, as DNS has it: `dr\. who`. */
export function textOfLabel(bytes: Buffer): string {
  const text = bytes.toString('utf8').replace(CAPITALS, (letters) => letters.toLowerCase())
  if (!ODD.test(text)) return text
  if (isUtf8(bytes)) return text.replaceAll(/[.\\]/g, '\\$&')
  return [...bytes].map(textOfByte).join('')
}

function textOfByte(byte: number): string {
  if (byte <= 0x20 || byte > 0x7e) return `\\${String(byte).padStart(3, '0')}`
  const character = String.fromCharCode(byte).toLowerCase()
  return character === '.' || character === '\\' ? `\\${character}` : character
}

/** The bytes that the label stands for. */
export function bytesOfLabel(label: string): Buffer {
  if (!label.includes('\\')) return Buffer.from(label)
  const parts: Buffer[] = []
  let at = 0
  for (const { 0: escaped, 1: meant = '', index } of label.matchAll(ESCAPED)) {
    parts.push(Buffer.from(label.slice(at, index)))
    parts.push(meant.length === 3 ? Buffer.of(Number(meant) & 0xff) : Buffer.from(meant))
    at = index + escaped.length
  }
  return Buffer.concat([...parts, Buffer.from(label.slice(at))])
}

/** Where the first label of a name ends: at the dot behind it, or with the name. */
export function labelEnd(name: string): number {
  let dot = name.indexOf('.')
  // A dot counts behind an even number of backslashes.
  while (dot > 0 && isEscaped(name, dot)) dot = name.indexOf('.', dot + 1)
  return dot < 0 ? name.length : dot
}

function isEscaped(name: string, dot: number): boolean {
  let count = 0
  while (name[dot - 1 - count] === '\\') count++
  return count % 2 === 1
}

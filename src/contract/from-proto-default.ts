// Owns the defaults of proto2: the text after `default =` as the JSON form of a value.
// Never guesses: what is no value of the type is refused with its line.

import { findFault } from './check.ts'
import { jsonForm, valueOfForm } from './fallback.ts'
import { invalidProto } from './proto-tokens.ts'
import { unsupported } from './schema.ts'
import type { Shape } from './shape.ts'

/** @throws EARSHOT_SCHEMA_INVALID; EARSHOT_SHAPE_UNSUPPORTED for what is no number in JSON */
export function defaultOfProto(shape: Shape, text: string, line: number): unknown {
  if (shape.kind === 'float' && /^-?(?:inf|nan)$/.test(text)) {
    const hint = 'leave the default out: it cannot be told in JSON'
    throw unsupported(`line ${line}`, `the default ${text}`, hint)
  }
  const value = valueOfForm(shape, formOf(shape, text))
  const wrong = findFault(shape, value, { finite: true })
  if (!wrong) return jsonForm(shape, value)
  throw invalidProto(line, `the default is ${wrong.found} where ${wrong.expected} is expected`)
}

function formOf(shape: Shape, text: string): unknown {
  switch (shape.kind) {
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'int': {
      const value = wholeOf(text)
      return value === undefined ? text : shape.bigint ? String(value) : Number(value)
    }
    case 'float':
      return Number(text)
    case 'string':
      return bytesOf(text).toString('utf8')
    case 'bytes':
      return bytesOf(text).toString('base64')
    default:
      return text
  }
}

/** Decimal, hexadecimal after 0x, octal after 0. */
function wholeOf(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^(-?)(\w+)$/.exec(text) ?? []
  if (!/^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(digits)) return undefined
  if (/^0\d/.test(digits) && !/^[0-7]+$/.test(digits)) return undefined
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits}` : digits)
  return sign === '-' ? -value : value
}

const plain: Readonly<Record<string, number>> = {
  ...{ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 },
  ...{ '\\': 92, "'": 39, '"': 34, '?': 63 },
}

const escaped = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g

/** The bytes of a text, with escapes as in C. */
function bytesOf(text: string): Buffer {
  const parts: Buffer[] = []
  let last = 0
  for (const found of text.matchAll(escaped)) {
    const [whole, hex, octal, short, long, other = ''] = found
    parts.push(Buffer.from(text.slice(last, found.index)))
    last = found.index + whole.length
    const point = Number.parseInt(short ?? long ?? '', 16)
    if (hex !== undefined) parts.push(Buffer.from([Number.parseInt(hex, 16)]))
    else if (octal !== undefined) parts.push(Buffer.from([Number.parseInt(octal, 8) & 255]))
    else if (point <= 0x10_ffff) parts.push(Buffer.from(String.fromCodePoint(point)))
    else
      parts.push(
        Object.hasOwn(plain, other) ? Buffer.from([plain[other] as number]) : Buffer.from(whole),
      )
  }
  parts.push(Buffer.from(text.slice(last)))
  return Buffer.concat(parts)
}

// Owns the text of an allow list: a line a key, in the manner of SSH's authorized_keys.
// Never decides what a bad line means for a peer that runs: it is told, and admits nobody.

import { checkText } from '../base/arguments.ts'
import type { EarshotError } from '../base/errors.ts'
import { fingerprintOf, keyOfText } from './keys.ts'
import { untrusted } from './private-file.ts'

/** Whom a key stands for. */
export interface Trusted {
  /** As the list has it: 43 characters. */
  readonly publicKey: string
  /** The same as ZeroMQ takes it. */
  readonly curveKey: string
  /** Its fingerprint, `SHA256:…`. */
  readonly key: string
  readonly name: string
  readonly roles: readonly string[]
}

export interface AllowFile {
  /** By key, as ZeroMQ takes it. */
  readonly trusted: ReadonlyMap<string, Trusted>
  readonly errors: readonly EarshotError[]
}

const WORD = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,99}$/u
const MAX_ROLES = 64

/**
 * Reads `<public key> <name> [role,role…]`; `#` begins a comment. What is wrong is an error with
 * the number of its line; the other lines count.
 */
export function parseAllowFile(path: string, text: string): AllowFile {
  checkText(text, '/text', 'the text of a list of keys')
  const trusted = new Map<string, Trusted>()
  const lineOf = new Map<string, number>()
  const errors: EarshotError[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
    if (words[0] === '') continue
    const wrong = (what: string) => errors.push(untrusted(path, what, undefined, at + 1))
    const one = parseLine(words, wrong)
    if (!one) continue
    const earlier = lineOf.get(one.curveKey)
    if (earlier !== undefined) {
      wrong(`repeats the key of line ${earlier}: each key has one line`)
      continue
    }
    lineOf.set(one.curveKey, at + 1)
    trusted.set(one.curveKey, one)
  }
  return { trusted, errors }
}

function parseLine(words: readonly string[], wrong: (what: string) => void): Trusted | undefined {
  const [text = '', name, list, ...rest] = words
  const curveKey = keyOfText(text)
  if (curveKey === undefined) {
    wrong('begins with no public key: 43 characters, as earshot keys show prints them')
  } else if (name === undefined) wrong('has no name behind the key')
  else if (!WORD.test(name)) wrong(`"${name.slice(0, 100)}" is no name`)
  else if (rest.length > 0) wrong('has more than a key, a name and roles with commas between them')
  else {
    const roles = list === undefined ? [] : list.split(',')
    const bad = roles.find((role) => !WORD.test(role))
    if (bad !== undefined) wrong(`"${bad.slice(0, 100)}" is no role`)
    else if (roles.length > MAX_ROLES) wrong(`has more than ${MAX_ROLES} roles`)
    else
      return Object.freeze({ publicKey: text, curveKey, key: fingerprintOf(curveKey), name, roles })
  }
  return undefined
}

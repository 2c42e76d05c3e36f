// Owns files that decide who is let in: read only when nobody else could have read or written them.
// Never follows a link, and never leaves half a file behind.

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { EarshotError, textOf } from '../base/errors.ts'

/** Rights of others that a file may not have. */
export const mustBe = {
  /** It holds a secret. */
  private: 0o077,
  /** It decides who is let in. */
  unwritable: 0o022,
} as const

/**
 * The text of a file that is ours.
 * @throws EARSHOT_TRUST_INVALID for one that others could have read or written, is too large, or
 * is not there
 */
export function readTrusted(path: string, forbidden: number, maxBytes: number): string {
  const descriptor = openRead(path)
  try {
    const { uid, mode, size, ...found } = fstatSync(descriptor)
    if (!found.isFile?.() && (mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw untrusted(path, 'is no file')
    }
    const own = process.getuid?.()
    if (own !== undefined && uid !== own && uid !== 0) {
      throw untrusted(path, `belongs to user ${uid}: it must be yours`)
    }
    if (own !== undefined && (mode & forbidden) !== 0) {
      const right = forbidden === mustBe.private ? 'read' : 'written'
      throw untrusted(path, `can be ${right} by others: chmod ${modeFor(forbidden)} ${path}`)
    }
    if (size > maxBytes) throw untrusted(path, `has ${size} bytes: at most ${maxBytes} are read`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Writes a file of mode 0600 that must not exist yet, all of it or nothing. False: it exists.
 * Of two that write at once exactly one is told true, and both find the same file.
 */
export function writeExclusively(path: string, text: string): boolean {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    const descriptor = openSync(beside, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o600)
    try {
      writeFileSync(descriptor, text)
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw untrusted(path, `cannot be written: ${textOf(cause)}`, cause)
  }
  try {
    linkSync(beside, path)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false
    throw untrusted(path, `cannot be written: ${textOf(cause)}`, cause)
  } finally {
    unlinkSync(beside)
  }
}

/** An error of trust with the file, and the line where there is one. */
export function untrusted(
  path: string,
  what: string,
  cause?: unknown,
  line?: number,
): EarshotError {
  const where = line === undefined ? path : `${path}:${line}`
  return new EarshotError('EARSHOT_TRUST_INVALID', `${where} ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    data: { file: path, ...(line === undefined ? {} : { line }) },
  })
}

function openRead(path: string): number {
  try {
    // Without O_NONBLOCK a pipe put here by somebody would stop the process.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    const missing = codeOf(cause) === 'ENOENT'
    throw untrusted(path, missing ? 'is not there' : `cannot be read: ${textOf(cause)}`, cause)
  }
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code
}

function modeFor(forbidden: number): string {
  return forbidden === mustBe.private ? '600' : 'go-w'
}

// Owns the directory in which the peers of one user and one mesh on this host meet.
// Never trusts a path because of its name: owner, type and mode are looked at each time.

import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { EarshotError } from '../base/errors.ts'
import { errnoOf } from './errno.ts'
import { meshHash } from './mesh-hash.ts'

/** `sun_path` holds 107 bytes on Linux and 103 on macOS; ZeroMQ adds nothing. */
const MAX_SOCKET_PATH_BYTES = 100
const SOCKET_NAME_BYTES = '/0123456789abcdef.i'.length

export interface RuntimeDirectoryOptions {
  readonly mesh: string
  /** Parent directory. Default `$XDG_RUNTIME_DIR/earshot`, else `<tmpdir>/earshot-<uid>`. */
  readonly base?: string
}

/**
 * Creates or checks the directory of a mesh, mode 0700 and owned by us, and gives its path.
 * Paths of sockets in it, `<16 hex>.i`, fit into 100 bytes.
 * @throws EARSHOT_RUNTIME_DIR when it is somebody else's, a link, or its path is too long.
 */
export function runtimeDirectory(options: RuntimeDirectoryOptions): string {
  const hash = meshHash(options.mesh)
  const parents = candidates(options.base)
  const parent = parents.find((base) => fits(join(base, hash)))
  if (parent === undefined) {
    throw refusal(parents.join(', '), 'is too long for sockets', 'choose a shorter `directory`')
  }
  // A parent that the caller chose may hold other things: its mode is not ours to change.
  if (parent === options.base) ensureNoStrangersIn(parent)
  else ensurePrivate(parent)
  const path = join(parent, hash)
  ensurePrivate(path)
  return path
}

/**
 * The directory of this user on this host, whatever the mesh: created or checked as above.
 * @throws EARSHOT_RUNTIME_DIR
 */
export function userDirectory(): string {
  const path = candidates(undefined)[0] as string
  ensurePrivate(path)
  return path
}

/**
 * Creates the directory if it is missing, and makes sure that only we can enter it.
 * @throws EARSHOT_RUNTIME_DIR
 */
export function ensurePrivate(path: string): void {
  create(path)
  const found = look(path)
  if (!found.isDirectory()) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'no directory'
    throw refusal(path, `is ${what}`, 'remove it, or choose another `directory`')
  }
  const uid = process.getuid?.()
  if (uid === undefined) return
  if (found.uid !== uid) {
    const text = `belongs to user ${found.uid}, and we are user ${uid}`
    throw refusal(path, text, 'remove it, or choose another `directory`')
  }
  if ((found.mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o700)
  } catch (cause) {
    throw refusal(path, 'can be entered by others', 'set its mode to 0700', cause)
  }
  if ((look(path).mode & 0o077) !== 0) {
    throw refusal(path, 'keeps a mode that lets others in', 'use a file system that has modes')
  }
}

function create(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700, recursive: true })
  } catch (cause) {
    const code = errnoOf(cause)
    // What stands there already is judged by the caller.
    if (code === 'EEXIST') return
    throw refusal(path, `cannot be created (${code})`, 'make its parent writable', cause)
  }
}

/** Others may write into the parent only where the sticky bit keeps them off our directory. */
function ensureNoStrangersIn(parent: string): void {
  create(parent)
  const { mode } = statSync(parent)
  if ((mode & 0o022) === 0 || (mode & 0o1000) !== 0) return
  throw refusal(parent, 'can be written by others', 'take their right to write, or set mode 1777')
}

function candidates(base: string | undefined): string[] {
  const temporary = join(tmpdir(), `earshot-${process.getuid?.() ?? 'user'}`)
  if (base !== undefined) return [base, temporary]
  const { XDG_RUNTIME_DIR: runtime } = process.env
  if (runtime === undefined || !isOwnDirectory(runtime)) return [temporary]
  return [join(runtime, 'earshot'), temporary]
}

/** After `sudo` or `su` the variable may name another user's directory, or one that is gone. */
function isOwnDirectory(path: string): boolean {
  const found = isAbsolute(path) ? statSync(path, { throwIfNoEntry: false }) : undefined
  return found?.isDirectory() === true && found.uid === process.getuid?.()
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) + SOCKET_NAME_BYTES <= MAX_SOCKET_PATH_BYTES
}

function look(path: string) {
  try {
    return lstatSync(path)
  } catch (cause) {
    throw refusal(path, `cannot be looked at (${errnoOf(cause)})`, 'make it accessible', cause)
  }
}

function refusal(path: string, wrong: string, remedy: string, cause?: unknown): EarshotError {
  const text = `the runtime directory ${path} ${wrong}: ${remedy}`
  return new EarshotError('EARSHOT_RUNTIME_DIR', text, { cause, data: { path } })
}

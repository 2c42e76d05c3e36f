// Owns the file by which a peer shows itself to the others on this host: how it is written,
// read and judged. Never follows a link and never trusts a file that another user owns.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isObject } from '../base/arguments.ts'
import { errnoOf } from './errno.ts'
import type { PeerRecord } from './provider.ts'
import { lastPulse } from './pulses.ts'
import { removeFile } from './remove-file.ts'

const MAX_FILE_BYTES = 65_536
const MAX_TEXT = 512
const MAX_LIST = 16
const MAX_META = 32
const FILE_NAME = /^([0-9a-f]{32})\.json$/

/** What a peer's file holds. */
export interface PeerFile {
  readonly record: PeerRecord
  /** Empty when it cannot be said in which process space `pid` counts. */
  readonly host: string
  readonly pid: number
}

/** Of a file as it is: another one, or one that was written or touched, has another. */
export interface FileMark {
  readonly inode: number
  readonly bytes: number
  readonly touchedMs: number
  readonly changedMs: number
  /** When its owner's pulse beat last; 0 where none is seen. */
  readonly beatMs: number
}

export type FileReading =
  | { readonly kind: 'peer'; readonly file: PeerFile; readonly text: string; mark: FileMark }
  /** Not there, or not there any more. */
  | { readonly kind: 'missing' }
  /** Not now: no descriptor is free. */
  | { readonly kind: 'unread' }
  /** Corrupt, too large, a link, or another user's. */
  | { readonly kind: 'foreign' }

/** The id that a file name stands for; undefined for temporary files, sockets and the rest. */
export function idOfFile(name: string): string | undefined {
  return FILE_NAME.exec(name)?.[1]
}

export function fileOfId(directory: string, id: string): string {
  return join(directory, `${id}.json`)
}

/** Writes the whole file or nothing: a reader never sees half of it. */
export function writePeerFile(directory: string, record: PeerRecord): void {
  const path = fileOfId(directory, record.id)
  const temporary = join(directory, `.${record.id}.${process.pid}.tmp`)
  const file: PeerFile = { record, host: processSpace(), pid: process.pid }
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
    const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
    try {
      writeFileSync(descriptor, JSON.stringify(file))
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, path)
  } catch (error) {
    removeFile(temporary)
    throw error
  }
}

/**
 * Reads a peer's file. Synchronous on purpose: a few hundred bytes of a local file system,
 * and what is read cannot be overtaken by a later event of the same file.
 */
export function readPeerFile(directory: string, id: string, mesh: string): FileReading {
  let descriptor: number
  try {
    // Without O_NONBLOCK a pipe put here by somebody would stop the process.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    descriptor = openSync(fileOfId(directory, id), flags)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'EMFILE' || code === 'ENFILE') return { kind: 'unread' }
    return { kind: code === 'ENOENT' ? 'missing' : 'foreign' }
  }
  try {
    const found = fstatSync(descriptor)
    const uid = process.getuid?.() ?? found.uid
    if (!found.isFile() || found.uid !== uid || found.size > MAX_FILE_BYTES) {
      return { kind: 'foreign' }
    }
    const text = readFileSync(descriptor, 'utf8')
    const file = parsePeerFile(text, id, mesh)
    return file
      ? { kind: 'peer', file, text, mark: markOf(found, directory, id) }
      : { kind: 'foreign' }
  } catch {
    return { kind: 'foreign' }
  } finally {
    closeSync(descriptor)
  }
}

/** Much quicker than reading it; undefined when it is not there. */
export function markOfFile(directory: string, id: string): FileMark | undefined {
  const found = lstatSync(fileOfId(directory, id), { throwIfNoEntry: false })
  return found && markOf(found, directory, id)
}

/** Touched at most: who writes it anew does so by a renaming, and it has another inode. */
export function isSameFile(one: FileMark, other: FileMark): boolean {
  return one.inode === other.inode && one.bytes === other.bytes
}

/** Not even touched: all that may be new of it is its owner's pulse. */
export function isUnchanged(mark: FileMark, before: FileMark): boolean {
  const { touchedMs, changedMs } = mark
  if (!isSameFile(mark, before)) return false
  return touchedMs === before.touchedMs && changedMs === before.changedMs
}

/** Has its owner given a sign of life since? */
export function isSign(mark: FileMark, before: FileMark): boolean {
  return mark.touchedMs !== before.touchedMs || mark.beatMs !== before.beatMs
}

/** The last sign of life of its owner, wall time in ms. */
export function lastSignMs({ touchedMs, beatMs }: FileMark): number {
  return Math.max(touchedMs, beatMs)
}

function markOf({ ino, size, mtimeMs, ctimeMs }: Stats, directory: string, id: string): FileMark {
  const beatMs = lastPulse(directory, id) ?? 0
  return { inode: ino, bytes: size, touchedMs: mtimeMs, changedMs: ctimeMs, beatMs }
}

/** Takes only what a peer could have written; undefined for everything else. */
export function parsePeerFile(text: string, id: string, mesh: string): PeerFile | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value) || !isObject(value.record)) return undefined
  const { host, pid } = value
  const { epoch, seq, name, inbox, door, meta } = value.record
  if (value.record.id !== id || value.record.mesh !== mesh) return undefined
  if (!isCount(epoch) || !isCount(seq) || !isCount(pid) || !isText(host)) return undefined
  if (!isTexts(inbox) || !isTexts(door)) return undefined
  if (name !== undefined && !isText(name)) return undefined
  if (meta !== undefined && !isMeta(meta)) return undefined
  const optional = { ...(name === undefined ? {} : { name }), ...(meta ? { meta } : {}) }
  return { record: { id, epoch, seq, mesh, inbox, door, ...optional }, host, pid }
}

/** True when the process is gone for certain; false also when that cannot be known. */
export function isOwnerDead({ host, pid }: PeerFile): boolean {
  if (host === '' || host !== processSpace() || pid === 0) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return errnoOf(error) === 'ESRCH'
  }
}

let space: string | undefined

/** Names where our process ids count: containers may share the directory, but not these. */
function processSpace(): string {
  space ??= describeSpace()
  return space
}

function describeSpace(): string {
  if (process.platform !== 'linux') return hostname()
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every(isText)
}

function isMeta(value: unknown): value is Record<string, string> {
  return (
    isObject(value) && Object.keys(value).length <= MAX_META && Object.values(value).every(isText)
  )
}

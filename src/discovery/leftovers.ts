// Owns the removal of what peers that died without cleaning up left in the directory of a mesh:
// sockets, half-written records, pulses.
// Never touches what may be of a peer that lives, nor anything that it does not know.

import { lstatSync, readdirSync, rmdirSync } from 'node:fs'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { knock } from '../base/knock.ts'
import { pulsesIn } from './pulses.ts'
import { removeFile } from './remove-file.ts'

/** Of an inbox, an outlet and a door, by the first digits of their peer's id. */
const SOCKET_NAME = /^[0-9a-f]{16}\.[iod]$/
const STEM_DIGITS = 16
/** What a record is written into before it has its name: it is there for a moment alone. */
const UNFINISHED_NAME = /^\.[0-9a-f]{32}\.\d+\.tmp$/
const PULSE_NAME = /^[0-9a-f]{32}$/
/**
 * A socket that was bound a moment ago may not listen yet, and a record not be whole; whose pulse
 * beat a moment ago lives, and need not be asked: a start would knock at three sockets of each.
 */
export const RECENT_MS = 2_000
/** A pulse that is still for so long was left. Where its peer lives after all, it beats on. */
const STILL_MS = 60_000
const PROBE_LIMIT_MS = 500

/** What was found in the directory of a mesh. */
export interface Swept {
  /** Sockets and half-written records that were removed. */
  readonly removed: number
  /** Somebody has a pulse here. */
  readonly inUse: boolean
}

/**
 * Unlinks sockets that refuse a connection, records that were not written to their end, and pulses
 * that are still. A live peer's socket accepts even while its event loop is blocked. Never rejects.
 */
export async function removeLeftovers(path: string): Promise<Swept> {
  const pulses = removeStillPulses(pulsesIn(path))
  const names = await readdir(path).catch(() => [])
  const isLeft = (name: string) =>
    UNFINISHED_NAME.test(name) ||
    (SOCKET_NAME.test(name) && !pulses.recent.has(name.slice(0, STEM_DIGITS)))
  const removed = await Promise.all(
    names.filter(isLeft).map((name) => removeIfDead(join(path, name), SOCKET_NAME.test(name))),
  )
  return { removed: removed.filter(Boolean).length, inUse: pulses.inUse }
}

async function removeIfDead(path: string, isNamedSocket: boolean): Promise<boolean> {
  try {
    const found = await lstat(path)
    if (isNamedSocket && !found.isSocket()) return false
    if (ageMs(found.ctimeMs) < RECENT_MS) return false
    if (isNamedSocket && (await knock({ path }, PROBE_LIMIT_MS)) !== 'ECONNREFUSED') return false
    await unlink(path)
    return true
  } catch {
    // Gone meanwhile, or not ours to remove: either way there is nothing left to do.
    return false
  }
}

interface Pulses {
  /** The first digits of the ids of those who beat a moment ago. */
  readonly recent: ReadonlySet<string>
  readonly inUse: boolean
}

function removeStillPulses(place: string): Pulses {
  const recent = new Set<string>()
  let inUse = false
  for (const name of pulsesOf(place)) {
    const pulse = join(place, name)
    const age = ageOf(pulse)
    if (age === undefined) continue
    if (age < RECENT_MS) recent.add(name.slice(0, STEM_DIGITS))
    const isGone = age > STILL_MS && (removeFile(pulse) || ageOf(pulse) === undefined)
    if (!isGone) inUse = true
  }
  if (!inUse) removeEmpty(place)
  return { recent, inUse }
}

function pulsesOf(place: string): string[] {
  try {
    return readdirSync(place).filter((name) => PULSE_NAME.test(name))
  } catch {
    // Nobody has beaten here yet, or it is no place of ours.
    return []
  }
}

/** Undefined: it is gone. What cannot be looked at counts as new. */
function ageOf(pulse: string): number | undefined {
  try {
    const found = lstatSync(pulse, { throwIfNoEntry: false })
    return found && ageMs(found.mtimeMs)
  } catch {
    return 0
  }
}

function removeEmpty(place: string): void {
  try {
    rmdirSync(place)
  } catch {
    // Not there, or in use again.
  }
}

/** The clock may have been set since. */
function ageMs(atMs: number): number {
  return Math.abs(systemClock.wallMs() - atMs)
}

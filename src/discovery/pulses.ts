// Owns the signs of life among the peers of one host: each touches a file of its own, and who wants
// to know looks at it. Never says that a peer is up or down: a pulse stands for a beat of a link.

import { closeSync, mkdirSync, openSync, statSync, utimesSync } from 'node:fs'
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { errnoOf } from './errno.ts'
import { removeFile } from './remove-file.ts'

/** Below the directory of the sockets, so that no touch wakes those who watch that one. */
const PLACE = 'pulse'
const PULSE_NAME = /^[0-9a-f]{32}$/
/** Left behind. Where its peer lives after all, the next beat makes it again. */
const STILL_MS = 60_000

export interface Pulses {
  /** Ours beats. False where it cannot: then each link needs a beat of its own. */
  beat(): boolean
  /** When that peer beat last, wall time in ms; undefined where none of its pulses is seen. */
  last(id: string): number | undefined
  close(): void
}

/** @param folder what `runtimeDirectory` gave: ours alone, so that nobody else beats in it */
export function openPulses(folder: string, id: string, clock: Clock): Pulses {
  return new PulseFiles(folder, id, clock)
}

/** Where the pulse of the peer of that id is. */
export function pulseFile(folder: string, id: string): string {
  return join(folder, PLACE, id)
}

/** As `Pulses.last`. */
export function lastPulse(folder: string, id: string): number | undefined {
  try {
    return statSync(pulseFile(folder, id), { throwIfNoEntry: false })?.mtimeMs
  } catch {
    // Not to be entered: not seen, and asked of by the link instead.
    return undefined
  }
}

/** @throws the error of the system */
export function touch(path: string, clock: Clock): void {
  const seconds = clock.wallMs() / 1_000
  utimesSync(path, seconds, seconds)
}

class PulseFiles implements Pulses {
  readonly #folder: string
  readonly #own: string
  readonly #clock: Clock

  constructor(folder: string, id: string, clock: Clock) {
    this.#folder = folder
    this.#own = pulseFile(folder, id)
    this.#clock = clock
  }

  beat(): boolean {
    try {
      touch(this.#own, this.#clock)
      return true
    } catch (error) {
      return errnoOf(error) === 'ENOENT' && this.#make()
    }
  }

  last(id: string): number | undefined {
    return lastPulse(this.#folder, id)
  }

  close(): void {
    removeFile(this.#own)
  }

  /** Its first time is that of its making. */
  #make(): boolean {
    try {
      mkdirSync(dirname(this.#own), { mode: 0o700 })
    } catch (error) {
      // Whoever deleted the directory around it has it made again by who owns it.
      if (errnoOf(error) !== 'EEXIST') return false
    }
    try {
      closeSync(openSync(this.#own, 'w', 0o600))
      return true
    } catch {
      // A full disk, or a read-only one: links beat as they do between hosts.
      return false
    }
  }
}

/** Unlinks what peers that died left in `folder`. Resolves true when no pulse is left there. */
export async function removeStillPulses(folder: string): Promise<boolean> {
  const place = join(folder, PLACE)
  const names = await readdir(place).catch(() => [])
  const pulses = names.filter((name) => PULSE_NAME.test(name))
  const areGone = await Promise.all(pulses.map((name) => removeStill(join(place, name))))
  if (areGone.includes(false)) return false
  // It may not be there, or be in use again.
  await rmdir(place).catch(() => undefined)
  return true
}

async function removeStill(path: string): Promise<boolean> {
  try {
    const stillMs = systemClock.wallMs() - (await lstat(path)).mtimeMs
    if (Math.abs(stillMs) <= STILL_MS) return false
    await unlink(path)
    return true
  } catch (error) {
    return errnoOf(error) === 'ENOENT'
  }
}

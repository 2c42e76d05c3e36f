// Owns the signs of life among the peers of one host: each touches a file of its own, and who wants
// to know looks at it. Never says that a peer is up or down: a pulse stands for a beat of a link.

import { closeSync, mkdirSync, openSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errnoOf } from './errno.ts'
import { removeFile } from './remove-file.ts'

/** Below the directory of the sockets, so that no touch wakes those who watch that one. */
const PLACE = 'pulse'

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

/** Where the pulses of a mesh are, each named after the id of its peer. */
export function pulsesIn(folder: string): string {
  return join(folder, PLACE)
}

export function pulseFile(folder: string, id: string): string {
  return join(pulsesIn(folder), id)
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

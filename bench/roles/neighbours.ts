// Owns what a neighbour is: one that is found and finds others, by whichever system, behind one
// interface, so that all are measured alike. Never measures: it notes when what was seen.

import { randomBytes } from 'node:crypto'

/**
 * `mdns`: the provider alone. `peer`: by multicast, until the authenticated hello is done. `host`:
 * by the directory of the host.
 */
export type OurSystem = 'mdns' | 'peer' | 'host'
/** Packages that a user would take instead. */
export type OtherSystem = 'bonjour' | 'cote' | 'moleculer'
export type System = OurSystem | OtherSystem

export interface Place {
  readonly system: System
  readonly mesh: string
  readonly directory: string
  readonly address: string
}

export interface Neighbour {
  readonly id: string
  /** When others were first seen, and seen to leave, ms of the shared clock. */
  readonly ups: ReadonlyMap<string, number>
  readonly downs: ReadonlyMap<string, number>
  leave(): Promise<void>
}

/** One is announced and looks for others from now on. Resolves when it has started both. */
export type Opener = () => Promise<Neighbour>

export function isOurs(system: System): system is OurSystem {
  return system === 'mdns' || system === 'peer' || system === 'host'
}

/** The monotonic clock of the machine, the same in all its processes. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export class Seen {
  readonly id: string = randomBytes(16).toString('hex')
  readonly ups = new Map<string, number>()
  readonly downs = new Map<string, number>()

  up(id: string): void {
    if (id !== this.id && !this.ups.has(id)) this.ups.set(id, nowMs())
  }

  down(id: string): void {
    if (!this.downs.has(id)) this.downs.set(id, nowMs())
  }
}

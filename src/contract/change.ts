// Owns what is said of a difference between two versions: where, for whom, how bad, why.
// Never looks for one: compat does.

import type { CodecLabel } from './channel.ts'
import type { Level } from './versions.ts'

/** Which messages feel it: those of the old version at new readers, the other way, or both. */
export type Direction = 'old to new' | 'new to old' | 'both' | 'none'

export interface Change {
  /** `/place/body/lines/[]/sku`: channel and part where a contract is compared, then the fields. */
  readonly path: string
  readonly codec: CodecLabel | 'all'
  readonly direction: Direction
  readonly level: Level
  readonly reason: string
}

/** How a fault could be healed. */
export type Healing =
  /** Not at all: a message of the writer has no value at the reader. */
  | 'none'
  /** A reader that knows the writer's shape reads it rightly; one that does not, wrongly. */
  | 'by shape'
  /** The reader takes what the writer's bounds allow. */
  | 'by bounds'
  /** Nothing is wrong: only told. */
  | 'not needed'

/** What a message of the writer may meet at the reader. */
export interface Fault {
  readonly path: string
  readonly codec: CodecLabel | 'all'
  readonly healing: Healing
  readonly reason: string
}

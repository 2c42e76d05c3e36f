// Owns what a running peer asks about keys: its own, who is let in, whom a key stands for.
// Never opens a socket: the transport's guard and the mesh's introduction ask.

import type { Clock } from '../base/clock.ts'
import type { Trusted } from './allow-file.ts'
import type { CurveKeys } from './keys.ts'

/** The trust of one peer. Where there is none, nothing is encrypted and everybody is let in. */
export interface Trust {
  readonly own: CurveKeys
  /** True: each peer has a key of its own, which it proves; false: all have the same. */
  readonly personal: boolean
  /** Does a connection to, or at, this endpoint need a key? */
  guards(endpoint: string): boolean
  /** May who proved this key come in? */
  admits(publicKey: string): boolean
  /** Whom a key of one's own stands for. */
  find(publicKey: string): Trusted | undefined
  /** All of them. */
  all(): Iterable<Trusted>
  /** From now on tells of changes; `lost`: somebody was removed, or has other roles. */
  watch(clock: Clock, changed: (lost: boolean) => void): void
  close(): void
}

/** All who have the pair are trusted alike. */
export function sharedTrust(own: CurveKeys, guards: (endpoint: string) => boolean): Trust {
  return {
    ...{ own, personal: false, guards },
    admits: (publicKey) => publicKey === own.publicKey,
    find: () => undefined,
    all: () => [],
    watch: () => undefined,
    close: () => undefined,
  }
}

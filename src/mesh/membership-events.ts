// Owns what membership tells the rest of the mesh: who came, changed and went, and why.
// Never decides any of it.

import type { Link, Remote } from './remote.ts'

export type DownReason = 'left' | 'lost' | 'silent' | 'restarted' | 'misbehaved' | 'revoked'

/** Told in this order: up, any number of changed, leaving at most once, down. */
export interface MembershipEvents {
  up(remote: Remote): void
  /** Its offers or its links have changed. */
  changed(remote: Remote): void
  /** It takes nothing new and will be gone soon. */
  leaving(remote: Remote): void
  down(remote: Remote, reason: DownReason): void
  /** Nothing is heard of it for longer than usual, or it is heard again. */
  suspects(remote: Remote): void
  /** What was under way on this link will never be answered. */
  linkLost(link: Link): void
  /** Once a heartbeat. */
  beat(): void
}

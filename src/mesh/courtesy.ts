// Owns which of two peers that find each other dials at once, and how long the other waits.
// Never dials.

import type { PeerRecord } from '../discovery/provider.ts'
import type { Hello } from '../wire/hello.ts'

/**
 * Of two who find each other one dials at once; the other gives its hello so long to arrive. A
 * second link does no harm, so that this is short: the first may not have heard of us yet.
 */
const COURTESY_MS = 30
/** Peers whose starts are nearer than this started together: then the larger id dials. */
const TOGETHER_MS = 1_000

/** How long to wait before dialling `peer`, ms. */
export function courtesyMs(own: Hello, peer: PeerRecord, sinceStartMs: number): number {
  const isTogether = Math.abs(own.epoch - peer.epoch) < TOGETHER_MS
  const isNewer = own.epoch > peer.epoch || sinceStartMs < TOGETHER_MS
  return (isTogether ? own.id > peer.id : isNewer) ? 0 : COURTESY_MS
}

// Owns waiting until everybody who can be heard has been heard, as far as silence tells.
// Never certain: a peer that needs longer than the quiet comes too late.

import { type Peer, type RemotePeer, systemClock } from 'earshot'
import { stopped } from './failure.ts'
import { lookUntil, stop } from './stop.ts'

/** Nobody new for so long: a dial and a hello on this host take a fifth of it. */
const QUIET_MS = 250

/** The peers by name, when nobody new has come for a while, or after `waitMs`. */
export async function hearAll(peer: Peer, waitMs: number): Promise<RemotePeer[]> {
  let known = 0
  let changedMs = systemClock.nowMs()
  await lookUntil(() => {
    const now = systemClock.nowMs()
    const { length } = peer.peers()
    if (length !== known) changedMs = now
    known = length
    return length > 0 && now - changedMs >= QUIET_MS ? true : undefined
  }, waitMs)
  if (stop.aborted) throw stopped()
  return peer.peers().sort((one, other) => (one.name < other.name ? -1 : 1))
}

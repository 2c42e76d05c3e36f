// Owns what must hold of each peer of a storm: what waits has a bound, and nothing is left in the
// end.

import type { Peer } from 'earshot'
import type { Ledger } from './ledger.ts'

/** The largest message of a storm, with its heads. */
const MESSAGE_BYTES = 41_000

/** Whatever happens: what waits has a bound. */
export function judgeMemory(peer: Peer, ledger: Ledger): void {
  const { limits, links } = peer.stats()
  const most = limits.maxOutboundBytes + limits.maxFrameBytes + MESSAGE_BYTES
  for (const { waitingBytes } of links) {
    if (waitingBytes > most) ledger.broken(`${peer.name} lets ${waitingBytes} bytes wait`)
  }
}

/** What a storm has left behind at a peer that lives. */
export function judgeRest(peer: Peer, ledger: Ledger, living: number): void {
  const { pendingRequests, runningHandlers, openStreams, waitingBytes, ...more } = peer.stats()
  const { openTickets, keptTickets } = more
  const calls = { pendingRequests, runningHandlers, openStreams, waitingBytes }
  for (const [what, count] of Object.entries({ ...calls, openTickets, keptTickets })) {
    if (count !== 0) ledger.broken(`${peer.name} has ${what} ${count} left`)
  }
  const known = peer.peers().length
  if (known !== living - 1) ledger.broken(`${peer.name} knows ${known} of ${living - 1} peers`)
}

/** @param isRoomy no subscriber can be too slow for its outlet */
export function judgeTroubles(peer: Peer, ledger: Ledger, isRoomy: boolean): void {
  const { badFrames, eventsMissed, peersDown } = peer.stats().counters
  if (badFrames + (isRoomy ? eventsMissed : 0) === 0) return
  const text = JSON.stringify({ badFrames, eventsMissed, peersDown })
  ledger.broken(`${peer.name} has had trouble in calm weather: ${text}`)
}

/** In calm weather who leaves has finished what it was asked. */
export function judgeGoing(ledger: Ledger, gone: ReadonlySet<string>): void {
  for (const { id, kind, by, outcome, claimed } of ledger.operations.values()) {
    if (outcome?.code !== 'EARSHOT_PEER_GONE' || gone.has(by)) continue
    // A stream may go on for longer than who leaves has time to drain.
    if (kind === 'count' || kind === 'echo') continue
    // Whoever asked may have had the answer first: then the ticket is nowhere any more.
    if (kind === 'claim') continue
    // It waits in vain where another has claimed it, who may have had the answer long before.
    if (claimed) continue
    ledger.broken(`${kind} ${id} by ${by} in calm weather: ${outcome.message}`)
  }
}

// Owns what became of the endpoints at which a peer was dialled: the latest attempt at each.
// Never dials.

/** One endpoint of a peer that was dialled, the latest of its attempts. */
export interface TriedEndpoint {
  readonly endpoint: string
  /** `linked`: the hello was done there. */
  outcome: 'under way' | 'linked' | 'failed' | 'given up'
  /** Of one that did not lead to a link. */
  why: string
  /** From the dial to what became of it, ms. */
  tookMs: number
}

/** Endpoints that are remembered of one peer: as many as a hello can name. */
const MAX_TRIED = 32

/** An endpoint that is dialled again is noted anew. */
export function noteIn(tried: TriedEndpoint[], endpoint: string): TriedEndpoint {
  const note: TriedEndpoint = { endpoint, outcome: 'under way', why: '', tookMs: 0 }
  const known = tried.findIndex((one) => one.endpoint === endpoint)
  if (known >= 0) tried.splice(known, 1)
  else if (tried.length >= MAX_TRIED) tried.shift()
  tried.push(note)
  return note
}

// Owns what is told of peers that are not up: where discovery says they are, what dialling gave.
// Never believes that they exist: only an answered hello says so.

import type { PeerRecord } from '../discovery/provider.ts'
import type { Remote } from './remote.ts'
import type { TriedEndpoint } from './tried.ts'

/** What discovery says of a peer, and where we have looked for it. */
export interface Told {
  readonly peer: PeerRecord
  readonly via: readonly string[]
  readonly tried: TriedEndpoint[]
}

/** One that discovery tells of and that is not up: a snapshot, plain data, a hint all of it. */
export interface UnreachedPeer {
  /** `?` and an endpoint where no more is known. */
  readonly id: string
  /** Empty where it is not told. */
  readonly name: string
  /** Discovery providers that tell of it. */
  readonly via: readonly string[]
  /** Where it is said to be. */
  readonly inbox: readonly string[]
  /** Where we dialled it, and what came of each; nowhere: not yet, or its key is not trusted. */
  readonly tried: readonly Readonly<TriedEndpoint>[]
}

export function unreachedOf(
  told: Iterable<Told>,
  remotes: ReadonlyMap<string, Remote>,
): UnreachedPeer[] {
  const byAddress = new Set([...remotes.values()].map(({ dialledAs }) => dialledAs))
  return [...told].flatMap(({ peer: { id, name = '', inbox }, via, tried }) => {
    if (remotes.has(id) || byAddress.has(id)) return []
    return [{ id, name, via, inbox, tried: tried.map((one) => ({ ...one })) }]
  })
}

// Owns asking peers what they found not to go together with others, and saying it in lines.
// Never fails for a door that does not answer: then that peer's part is left out.

import type { RemotePeer } from 'earshot'
import { askPeer } from './door.ts'
import { paragraph } from './table.ts'

type Mismatch = RemotePeer['mismatches'][number]

/** What one peer says of its versions and those of `with`. */
export interface Misfit extends Mismatch {
  readonly with: string
}

/** By the id of the peer that tells. */
export async function misfitsOf(
  peers: readonly RemotePeer[],
  mesh: string,
): Promise<ReadonlyMap<string, readonly Misfit[]>> {
  const answers = await Promise.allSettled(
    peers.map(async (peer) => [peer.id, read(await askPeer(peer, { op: 'peers' }, mesh))] as const),
  )
  return new Map(answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
}

export function misfitLines(misfits: readonly Misfit[], width: number): string[] {
  return misfits.flatMap(({ with: other, channel, ours, theirs, path, reason }) => {
    const where = path === '' ? '' : `${path}: `
    const text = `! ${channel} ${ours} does not go with ${theirs} at ${other}: ${where}${reason}`
    return paragraph(text, width, '  ')
  })
}

/** A door is not believed: what is no mismatch is passed over. */
function read({ peers }: Record<string, unknown>): readonly Misfit[] {
  return (Array.isArray(peers) ? peers : []).flatMap((peer: unknown) => {
    const { name, mismatches } = Object(peer) as Partial<RemotePeer>
    const list: readonly unknown[] = Array.isArray(mismatches) ? mismatches : []
    return list.flatMap((one) => {
      const { channel, ours, theirs, path, reason } = Object(one) as Partial<Mismatch>
      const texts = [channel, ours, theirs, path, reason, name]
      if (!texts.every((text) => typeof text === 'string')) return []
      return [{ channel, ours, theirs, path, reason, with: name } as Misfit]
    })
  })
}

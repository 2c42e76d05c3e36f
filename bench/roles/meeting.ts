// Owns where the roles of a benchmark meet: a mesh and a directory of their own, so that no other
// peer of this machine is met.

import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type CodecName, createPeer, meshSecret, type Peer, staticPeers } from 'earshot'

/** Part of every role's job. */
export interface Meeting {
  readonly mesh: string
  readonly directory: string
  /** When there is one, all is encrypted. */
  readonly secret?: string
  /** The inbox of the one peer to know; otherwise all who meet know each other. */
  readonly only?: string
}

const places = new Set<string>()

// A run that is broken off leaves no directory behind either.
process.on('exit', () => {
  for (const place of places) rmSync(place, { recursive: true, force: true })
})

/** Runs with a new meeting place, and removes it. */
export async function withMeeting<T>(
  run: (meeting: Meeting) => Promise<T>,
  secret?: string,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'earshot-bench-'))
  places.add(directory)
  try {
    return await run({ mesh: basename(directory), directory, ...(secret && { secret }) })
  } finally {
    await rm(directory, { recursive: true, force: true })
    places.delete(directory)
  }
}

/** A peer that finds the others of its meeting, by the directory, or one of them alone. */
export function joinMeeting(
  { mesh, directory, secret, only }: Meeting,
  name: string,
  codecs?: readonly CodecName[],
): Promise<Peer> {
  return createPeer({
    name,
    mesh,
    directory,
    ...(only
      ? { discovery: [staticPeers([only])], announce: false }
      : { discovery: ['directory'] }),
    ...(secret && { security: meshSecret(secret) }),
    ...(codecs && { codecs }),
  })
}

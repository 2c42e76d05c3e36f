// Owns what is said when nobody serves a channel: who was looked for, and whom there is instead.
// Never looks for anybody.

import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from './channel-routes.ts'
import type { Remote } from './remote.ts'

interface VersionThere {
  readonly version: string
  readonly id: string
  readonly name: string
}

const MAX_VERSIONS_TOLD = 16

export function noServer(
  { local, range }: ChannelRoutes,
  remotes: Iterable<Remote>,
  timeoutMs: number,
): EarshotError {
  const { contract, key } = local.channel
  const own = local.served ? ' (this peer serves it, but never calls itself)' : ''
  const wanted = range ? ` in a version of ${range.text}` : ''
  const versions = versionsOf(remotes, contract)
  const there = versions.map(({ version, name }) => `${version} at ${name}`).join(', ')
  const others = there === '' ? '' : `; of ${contract} there is ${there}`
  const after = `after ${Math.round(timeoutMs)} ms`
  const text = `no remote peer serves ${key}${wanted} ${after}${own}${others}`
  return new EarshotError('EARSHOT_NO_SERVER', text, { data: { versions } })
}

/** Who offers what version of a contract; no more of them than a message can say. */
function versionsOf(remotes: Iterable<Remote>, contract: string): VersionThere[] {
  const found: VersionThere[] = []
  for (const { id, name, offers } of remotes) {
    for (const offer of offers) {
      if (offer.name === contract) found.push({ version: offer.version, id, name })
      if (found.length >= MAX_VERSIONS_TOLD) return found
    }
  }
  return found
}

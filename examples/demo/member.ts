// What every process of the demo does: it opens peers that know the name of their mesh and nothing
// else, waits until they have found all others, and leaves when its parent lets go.

import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type CodecName, createPeer, EarshotError, type Peer } from 'earshot'
import { peerNames } from './plan.ts'
import { perform, report } from './report.ts'

const MEET_TIMEOUT_MS = 10_000

/** The first two arguments of each process. */
const [mesh = '', role = ''] = process.argv.slice(2)

/** What Earshot has last said of its own accord: the reason when nobody is found. */
let lastFault = ''
subscribe('earshot:fault', (fault) => {
  lastFault = `; ${(fault as { text: string }).text}`
})

/** Found by multicast DNS alone: no address, no port, no file is shared. */
export function open(name: string, codecs?: readonly CodecName[]): Promise<Peer> {
  return createPeer({ name, mesh, discovery: ['mdns'], ...(codecs && { codecs }) })
}

/** Runs one process: `prepare` opens its peers, `act` is what they do when they know all others. */
export async function runMember(
  prepare: () => Promise<readonly Peer[]>,
  act: () => Promise<void> = async () => undefined,
): Promise<void> {
  let peers: readonly Peer[] = []
  process.once('disconnect', async () => {
    await Promise.all(peers.map((peer) => peer.close()))
    process.exit()
  })
  if (!process.connected) process.exit()
  // Ctrl-C reaches all processes of a terminal: the parent decides what it means.
  process.on('SIGINT', () => undefined)
  // All begin at one moment, so that what is measured is discovery, not the start of Node.
  report({ type: 'ready' })
  await once(process, 'message')
  const started = await perform(`start of ${role}`, async () => {
    peers = await prepare()
    return role
  })
  const met = await perform(`discovery by ${role}`, async () => {
    if (started) await Promise.all(peers.map(meetAll))
    return role
  })
  if (started && met) await act()
  else if (process.connected) process.disconnect()
}

/** Resolves when this peer has found all others. */
async function meetAll(peer: Peer): Promise<void> {
  const missing = new Set(peerNames.filter((name) => name !== peer.name))
  const changes = peer.watch()
  const timer = setTimeout(() => changes.return?.(), MEET_TIMEOUT_MS)
  for await (const { type, peer: remote } of changes) {
    if (type !== 'up' || !missing.delete(remote.name)) continue
    const { name: found, foundAfterMs: afterMs, via } = remote
    report({ type: 'find', find: { finder: peer.name, found, afterMs, via } })
    if (missing.size === 0) break
  }
  clearTimeout(timer)
  if (missing.size === 0) return
  const text = `${peer.name} did not find ${[...missing].join(', ')} in ${MEET_TIMEOUT_MS} ms`
  throw new EarshotError('EARSHOT_DISCOVERY', text + lastFault)
}

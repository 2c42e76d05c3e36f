// Owns finding the other side of a run: a peer that serves `earshot.bench`.
// Never measures with more than one: the first by name, or the one that was asked for.

import { type Peer, type RemotePeer, staticPeers } from 'earshot'
import { nameOf } from '../door.ts'
import { exitCodes, Failure, stopped } from '../failure.ts'
import { lookUntil, stop } from '../stop.ts'
import { say, visible } from '../terminal.ts'
import { type VisitOptions, visit } from '../visit.ts'
import { Bench } from './contract.ts'

export interface Wanted extends VisitOptions {
  readonly waitMs: number
  /** Name, or the beginning of the id. */
  readonly from?: string | undefined
}

/** The endpoint of a server. @throws Failure with 3 when nobody serves */
export async function findServer({ waitMs, from, ...options }: Wanted): Promise<string> {
  return await visit(options, async (peer) => {
    await lookUntil(() => serversAt(peer, from)[0], waitMs)
    if (stop.aborted) throw stopped()
    const [server, ...others] = serversAt(peer, from)
    if (!server) throw nobodyServes(peer, waitMs, from)
    const more = others.map(nameOf).join(', ')
    if (more !== '') say(visible(`measuring with ${nameOf(server)}; there are also ${more}`))
    return server.endpoint
  })
}

/** Runs as a peer that knows the server alone, once the server is up. */
export async function visitServer<T>(
  endpoint: string,
  { waitMs, from: _, ...options }: Wanted,
  run: (peer: Peer, server: RemotePeer) => Promise<T>,
): Promise<T> {
  return await visit({ ...options, discovery: [staticPeers([endpoint])] }, async (peer) => {
    const server = await lookUntil(() => serversAt(peer, undefined)[0], waitMs)
    if (stop.aborted) throw stopped()
    if (!server) {
      const text = `nobody at ${endpoint} serves ${Bench.name} in mesh "${peer.mesh}"`
      const next = 'look at that host: earshot bench serve, the same --mesh, the same secret'
      throw new Failure(exitCodes.nobody, text, next)
    }
    return await run(peer, server)
  })
}

function serversAt(peer: Peer, from: string | undefined): RemotePeer[] {
  return peer
    .peers()
    .filter(({ contracts }) => contracts.some(({ name }) => name === Bench.name))
    .filter(({ id, name }) => from === undefined || name === from || id.startsWith(from))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function nobodyServes(peer: Peer, waitMs: number, from: string | undefined): Failure {
  const who = from === undefined ? 'nobody' : `no peer called "${from}"`
  const text = `${who} serves ${Bench.name} in mesh "${peer.mesh}" within ${waitMs} ms`
  const next =
    'start the other side: earshot bench serve; on another host with --listen lan and ' +
    'EARSHOT_SECRET on both; or name its address: --connect tcp://host:port'
  return new Failure(exitCodes.nobody, text, next)
}

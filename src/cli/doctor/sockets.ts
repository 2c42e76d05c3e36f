// Owns what the doctor finds out about the sockets of linked peers: their ports, and whether the
// outlet can be reached from here; a link alone does not tell.
// Never believes a door: what is no list of endpoints counts as none.

import { hostname } from 'node:os'
import type { RemotePeer } from 'earshot'
import { askPeer, isBeyondHost, nameOf } from '../door.ts'
import type { Finding } from './finding.ts'
import { type Greeting, greetingAt } from './greeting.ts'
import { withoutKey } from './unreached.ts'

/** A peer and its endpoints, as its door says them. */
export interface Sockets {
  readonly peer: RemotePeer
  readonly inbox: readonly string[]
  readonly outlet: readonly string[]
  readonly door: readonly string[]
}

export function socketsOf(peers: readonly RemotePeer[], mesh: string): Promise<Sockets[]> {
  return Promise.all(peers.map((peer) => toldBy(peer, mesh)))
}

async function toldBy(peer: RemotePeer, mesh: string): Promise<Sockets> {
  try {
    const { hello } = await askPeer(peer, { op: 'hello' }, mesh)
    const { inbox, outlet, door } = Object(hello) as Record<string, unknown>
    return { peer, inbox: texts(inbox), outlet: texts(outlet), door: texts(door) }
  } catch {
    // That its door does not answer is a finding of its own.
    return { peer, inbox: [], outlet: [], door: peer.doors }
  }
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).filter((one) => typeof one === 'string')
}

/** TCP ports of the peers on this host. */
export function portsHere(all: readonly Sockets[]): number[] {
  const own = all.filter(({ peer }) => peer.host === hostname())
  const endpoints = own.flatMap(({ inbox, outlet, door }) => [...inbox, ...outlet, ...door])
  return [...new Set(endpoints.flatMap((endpoint) => addressOf(endpoint)?.port ?? []))]
}

function addressOf(endpoint: string): { host: string; port: number } | undefined {
  const [, host, port] = /^tcp:\/\/(.+):(\d+)(?:#.*)?$/.exec(endpoint) ?? []
  return host === undefined ? undefined : { host, port: Number(port) }
}

/** One for each peer of another host whose outlet cannot be reached where its inbox is. */
export async function outletFindings(all: readonly Sockets[]): Promise<Finding[]> {
  const found = await Promise.all(all.map((one) => outletFinding(one)))
  return found.flatMap((finding) => finding ?? [])
}

async function outletFinding({ peer, outlet }: Sockets): Promise<Finding | undefined> {
  const linkedAt = addressOf(peer.endpoint)
  if (linkedAt === undefined || !isBeyondHost(peer.endpoint)) return undefined
  const there = outlet.filter((endpoint) => addressOf(endpoint)?.host === linkedAt.host)
  const greetings = await Promise.all(there.map((endpoint) => greetingAt(endpoint)))
  const [endpoint = ''] = there
  const [greeting] = greetings
  if (greeting === undefined || greetings.some(({ is }) => is === 'speaks')) return undefined
  const where = `${nameOf(peer)}: its outlet at ${withoutKey(endpoint)}`
  const text = `${where} cannot be reached from here (${why(greeting)}): events come by the link`
  const port = addressOf(endpoint)?.port
  const next = `let TCP port ${port} of ${peer.host} in, as that of its inbox`
  return { area: 'mesh', level: 'bad', text, next, facts: { id: peer.id, outlet, greeting } }
}

function why(greeting: Greeting): string {
  if (greeting.is === 'error') return greeting.code
  return greeting.is === 'mute' ? 'nothing is said' : 'nothing comes back'
}

// Owns `earshot peers --why`: how each peer was found, by which way it is linked, how far it is.
// Never believes a door: what is no text is left out.

import { type RemotePeer, systemClock, type UnreachedPeer } from 'earshot'
import { unreachedName } from './doctor/unreached.ts'
import { askPeer } from './door.ts'
import { toFailure } from './failure.ts'
import { paragraph } from './table.ts'

/** What can be told of one peer, from here and by its own door. */
export interface Why {
  readonly via: readonly string[]
  readonly dialledBy: 'us' | 'it'
  readonly transport: RemotePeer['transport']
  readonly endpoint: string
  /** Where we dialled it, in that order, and what came of it. */
  readonly tried: RemotePeer['tried']
  /** Where it can be dialled, as its hello says, best first. */
  readonly inbox: readonly string[]
  /** Codecs that it speaks, best first. */
  readonly codecs: readonly string[]
  /** There and back, asked at the door: the connect and the handshake are in it. */
  readonly doorMs: number | undefined
  readonly failure: string
}

/** By the id of the peer. Never rejects. */
export async function whyOf(
  peers: readonly RemotePeer[],
  mesh: string,
): Promise<ReadonlyMap<string, Why>> {
  return new Map(
    await Promise.all(peers.map(async (peer) => [peer.id, await ofOne(peer, mesh)] as const)),
  )
}

export function whyLines(why: Why, width: number): string[] {
  const { via, dialledBy, transport, endpoint, tried, inbox, codecs, doorMs, failure } = why
  const told =
    via.length === 0 ? 'no provider told of it: it came to us' : `told by ${via.join(', ')}`
  const dialled = dialledBy === 'us' ? `we dialled ${endpoint}` : 'it dialled us'
  const door = doorMs === undefined ? failure : `${doorMs.toFixed(1)} ms, connect included`
  const rows: [string, string][] = [
    ['found', told],
    ['link', `${transport}, ${dialled}`],
    ...tried.map((one): [string, string] => ['tried', triedText(one, endpoint)]),
    ['inbox', inbox.join(', ')],
    ['speaks', codecs.join(', ')],
    ['door', door],
  ]
  return rows.flatMap(([title, text]) =>
    text === '' ? [] : paragraph(`${`${title}:`.padEnd(8)}${text}`, width, '    '),
  )
}

/** Those of whom discovery tells and who are not up. */
export function unreachedLines(peers: readonly UnreachedPeer[], width: number): string[] {
  if (peers.length === 0) return []
  const lines = peers.flatMap((peer) => [
    ...paragraph(`${unreachedName(peer)}, told by ${peer.via.join(', ')}`, width, '  '),
    ...peer.tried.flatMap((one) => paragraph(`tried: ${triedText(one, '')}`, width, '    ')),
    ...(peer.tried.length > 0 ? [] : paragraph(`inbox: ${peer.inbox.join(', ')}`, width, '    ')),
  ])
  return ['', 'not linked (earshot doctor says why):', ...lines]
}

function triedText(
  { endpoint, outcome, why, tookMs }: RemotePeer['tried'][number],
  inUse: string,
): string {
  const became = why === '' ? outcome : `${outcome}, ${why}`
  const after = outcome === 'under way' ? '' : ` after ${tookMs.toFixed(1)} ms`
  return `${endpoint}: ${became}${after}${endpoint === inUse ? ' (in use)' : ''}`
}

async function ofOne(peer: RemotePeer, mesh: string): Promise<Why> {
  const { via, endpoint, transport, tried } = peer
  const dialledBy = endpoint === 'accepted' ? 'it' : 'us'
  const known = { via, dialledBy, transport, endpoint, tried } as const
  const fromMs = systemClock.nowMs()
  try {
    const { hello } = await askPeer(peer, { op: 'hello' }, mesh)
    const doorMs = systemClock.nowMs() - fromMs
    const { inbox, codecs } = Object(hello) as Record<string, unknown>
    return { ...known, inbox: texts(inbox), codecs: texts(codecs), doorMs, failure: '' }
  } catch (thrown) {
    const failure = toFailure(thrown).message
    return { ...known, inbox: [], codecs: [], doorMs: undefined, failure }
  }
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).filter((one) => typeof one === 'string')
}

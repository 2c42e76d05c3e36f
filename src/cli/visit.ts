// Owns a command's time in a mesh: it joins, unannounced as a rule, and always leaves.
// Never serves anything by itself: a tool that comes and goes is nobody's peer to rely on.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type CodecName, createPeer, type Discovery, type Listen, mdns, type Peer } from 'earshot'
import { trust } from './environment.ts'
import { heedSignals } from './stop.ts'
import { paint, say, visible } from './terminal.ts'

export interface VisitOptions {
  readonly mesh: string
  /** What others are shown. Default `earshot-cli`. */
  readonly name?: string
  /** Default: this host alone. */
  readonly listen?: Listen | undefined
  readonly codecs?: readonly CodecName[]
  readonly discovery?: readonly (Discovery | 'directory')[]
  /** True for a command that stays: others that are not announced must find it. */
  readonly announce?: boolean
  /** Faults of these areas are told on stderr. Default: of contracts, and in our own handler. */
  readonly faults?: readonly string[]
}

/** Joins the mesh, runs, and leaves whatever happens. */
export async function visit<T>(
  { announce = false, faults = ['contract', 'handler'], ...options }: VisitOptions,
  run: (peer: Peer) => Promise<T>,
): Promise<T> {
  const { mesh, name = 'earshot-cli', listen, codecs, discovery } = options
  heedSignals()
  const hear = (message: unknown) => tell(message, faults)
  subscribe('earshot:fault', hear)
  const security = trust()
  // Who has the key of a mesh means all of it, not what is on this host alone.
  const everywhere = security && ['directory' as const, mdns({ scope: 'lan' })]
  const looks = discovery ?? everywhere
  const peer = await createPeer({
    name,
    mesh,
    announce,
    ...(listen && { listen }),
    ...(security && { security }),
    ...(codecs && { codecs }),
    ...(looks && { discovery: looks }),
  })
  try {
    return await run(peer)
  } finally {
    await peer.close()
    unsubscribe('earshot:fault', hear)
  }
}

function tell(message: unknown, areas: readonly string[]): void {
  const { area, text } = message as { area: string; text: string }
  if (areas.includes(area)) say(`${paint('dim', 'note:', process.stderr)} ${visible(text)}`)
}

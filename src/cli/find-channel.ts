// Owns finding a channel in a mesh: who offers it, and its contract from that peer's door.
// Never calls it.

import {
  type AnyContract,
  type Channel,
  type ChannelKind,
  type Peer,
  type RemotePeer,
  systemClock,
} from 'earshot'
import {
  type ChannelName,
  matching,
  type Offer,
  offersOf,
  parseChannel,
  titleOf,
  titlesOf,
} from './channel-name.ts'
import { contractOf, nameOf } from './door.ts'
import { trust } from './environment.ts'
import { exitCodes, Failure, stopped, wrongUsage } from './failure.ts'
import { hearAll } from './hear-all.ts'
import { nearest } from './nearest.ts'
import { lookUntil, stop } from './stop.ts'

export interface Wanted {
  readonly channel: string
  readonly waitMs: number
  /** Empty: any kind. */
  readonly kinds: readonly ChannelKind[]
  /** It must have a server, not just a contract that names it. */
  readonly served?: boolean
  /** Name, or the beginning of the id, of the one peer that counts. */
  readonly from?: string
}

export interface Found extends Offer {
  readonly rebuilt: AnyContract
  readonly definition: Channel
  /** `shop.orders/place` */
  readonly title: string
}

const MAX_LISTED = 12

/**
 * Waits for a peer that offers the channel and asks its door for the contract.
 * @throws Failure with 2 for a channel of another kind or a name that means several, with 3 when
 * nobody offers it, with 1 when those who do cannot say what it is
 */
export async function findChannel(peer: Peer, wanted: Wanted): Promise<Found> {
  const name = parseChannel(wanted.channel)
  const endMs = systemClock.nowMs() + wanted.waitMs
  // A channel alone may be in several contracts: that shows when everybody has been heard.
  if (name.contract === undefined) await hearAll(peer, wanted.waitMs)
  const failed = new Map<string, unknown>()
  const found = await lookUntil(async () => {
    const offers = usable(peer.peers(), name, wanted).filter(({ remote }) => !failed.has(remote.id))
    const [offer] = offers
    if (!offer) return undefined
    try {
      return await rebuild(offer, peer.mesh)
    } catch (error) {
      failed.set(offer.remote.id, error)
      return undefined
    }
  }, endMs - systemClock.nowMs())
  if (found) return found
  if (stop.aborted) throw stopped()
  for (const error of failed.values()) throw error
  throw notFound(peer, name, wanted)
}

async function rebuild(offer: Offer, mesh: string): Promise<Found> {
  const rebuilt = await contractOf(offer.remote, offer.contract, mesh)
  const definition = rebuilt.channels.find(({ name }) => name === offer.channel.name)
  if (definition?.kind === offer.channel.kind) {
    return { ...offer, rebuilt, definition, title: titleOf(offer) }
  }
  const text = `${nameOf(offer.remote)} offers ${titleOf(offer)}, but does not describe it`
  throw new Failure(exitCodes.failed, text, 'update that peer')
}

/** Offers that will do. */
function usable(remotes: readonly RemotePeer[], name: ChannelName, wanted: Wanted): Offer[] {
  const offers = matching(offersOf(remotes), name)
  const titles = titlesOf(offers)
  if (titles.length > 1) {
    const next = `say which: ${titles.join(' or ')}`
    throw wrongUsage(`"${name.text}" is a channel of several contracts`, next)
  }
  const ofKind = offers.filter(({ channel }) => isKind(channel.kind, wanted.kinds))
  if (offers[0] && ofKind.length === 0) throw wrongKind(offers[0], wanted.kinds)
  return ofKind
    .filter(({ channel }) => !wanted.served || channel.number > 0)
    .filter(({ remote }) => wanted.from === undefined || isCalled(remote, wanted.from))
}

function isKind(kind: string, kinds: readonly ChannelKind[]): boolean {
  return kinds.length === 0 || (kinds as readonly string[]).includes(kind)
}

function isCalled({ id, name }: RemotePeer, called: string): boolean {
  return name === called || (called.length >= 4 && id.startsWith(called.toLowerCase()))
}

function wrongKind(offer: Offer, kinds: readonly ChannelKind[]): Failure {
  const title = titleOf(offer)
  const { kind } = offer.channel
  const fitting = kind === 'event' ? `earshot sub ${title}` : `earshot call ${title}`
  return wrongUsage(`${title} is ${article(kind)}, not ${article(listOf(kinds))}`, fitting)
}

function listOf(kinds: readonly string[]): string {
  const last = kinds.at(-1) ?? ''
  return kinds.length < 2 ? last : `${kinds.slice(0, -1).join(', ')} or ${last}`
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`
}

function notFound(peer: Peer, name: ChannelName, wanted: Wanted): Failure {
  const remotes = peer.peers()
  if (remotes.length === 0) return nobodyHeard(peer.mesh, wanted.waitMs)
  const { from } = wanted
  if (from !== undefined && !remotes.some((remote) => isCalled(remote, from))) {
    const others = listed(remotes.map((remote) => nameOf(remote)))
    const text = `no peer called "${from}" was heard in mesh "${peer.mesh}"`
    return new Failure(exitCodes.nobody, text, `heard were: ${others}`)
  }
  const offers = offersOf(remotes)
  const meant = matching(offers, name)
  if (meant[0]) return notServed(meant, titleOf(meant[0]), wanted)
  return unknownChannel(peer.mesh, name, titlesOf(offers), wanted)
}

/** It is in somebody's contract, but no peer that counts serves it. */
function notServed(meant: readonly Offer[], title: string, { from, served }: Wanted): Failure {
  const able = meant.filter(({ channel }) => !served || channel.number > 0)
  if (from !== undefined && able.length > 0) {
    const who = listed(able.map(({ remote }) => nameOf(remote)))
    const text = `${from} does not offer ${title}`
    return new Failure(exitCodes.usage, text, `leave out --peer, or take one that does: ${who}`)
  }
  const who = listed(meant.map(({ remote }) => nameOf(remote)))
  const text = `${title} is in the contract of ${who}, but nobody serves it`
  return new Failure(exitCodes.nobody, text, `start a peer that serves ${title}`)
}

function unknownChannel(
  mesh: string,
  name: ChannelName,
  titles: readonly string[],
  { from }: Wanted,
): Failure {
  const near = nearestTitle(name, titles)
  const guess = near === undefined ? '' : `did you mean ${near}? `
  const list = titles.length === 0 ? 'nobody offers anything' : `on offer: ${listed(titles)}`
  const text = `nobody in mesh "${mesh}" offers ${name.text}`
  const data = { channel: name.text, ...(near && { nearest: near }), offered: titles, from }
  return new Failure(exitCodes.nobody, text, `${guess}${list}`, { data })
}

function nearestTitle({ text, channel }: ChannelName, titles: readonly string[]) {
  const byChannel = titles.find((title) => title.endsWith(`/${channel}`))
  if (byChannel !== undefined) return byChannel
  if (text.includes('/')) return nearest(text, titles)
  const near = nearest(
    text,
    titles.map((title) => title.slice(title.indexOf('/') + 1)),
  )
  return titles.find((title) => near !== undefined && title.endsWith(`/${near}`))
}

/** Nobody is there at all. */
export function nobodyHeard(
  mesh: string,
  waitMs: number,
  document?: object,
  unreached = 0,
): Failure {
  const text = `no peer was heard in mesh "${mesh}" within ${waitMs} ms`
  if (unreached > 0) {
    const told = unreached === 1 ? 'one is told of and not linked' : `${unreached} are told of`
    const why = `earshot doctor --mesh ${mesh} says why`
    return new Failure(exitCodes.nobody, `${text}; ${told}`, why, document ? { document } : {})
  }
  // With a secret or a list commands look beyond this host.
  const beyond = trust() ? '' : 'set EARSHOT_SECRET to look beyond this host, '
  const next =
    'start a peer in it as this user, name another mesh (--mesh, EARSHOT_MESH), ' +
    `${beyond}or wait longer: --wait 5000`
  return new Failure(exitCodes.nobody, text, next, document ? { document } : {})
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED
  const shown = [...names].sort().slice(0, MAX_LISTED).join(', ')
  return more > 0 ? `${shown} and ${more} more (earshot peers lists all)` : shown
}

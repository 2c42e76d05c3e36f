// Owns what a transport is: links that carry frames, an outlet that is heard, a door that answers.
// Never knows what a frame holds.

import { atHost, hasZone, placeOf } from '../base/address.ts'
import { keyOfText, textOfKey } from '../security/keys.ts'

export type Locality = 'ipc' | 'loopback' | 'lan'

/** What a transport closes with itself. */
export interface Closable {
  close(): void
}

/**
 * Our end of one connection. Frames are never empty; they arrive in order and whole, or the link
 * closes.
 */
export interface FrameLink {
  /** Where it leads; `accepted` when the other side dialled. */
  readonly endpoint: string
  /** The key that the other side has proved, where we dialled one by its key. */
  readonly key: string | undefined
  /** Tells a connection that came to us from others, also behind the end of this link. */
  readonly cameBy?: string
  /** Both ends are in this process, and no socket is between them. */
  readonly inMemory?: true
  onFrame: (frame: Buffer) => void
  /** Called once, where we dialled and it can be told: somebody is there, and may speak soon. */
  onOpen: () => void
  /** Called once, whoever closed it. Nothing arrives afterwards. */
  onClose: (reason: string) => void
  /**
   * Never blocks: the caller bounds what is on its way by credit. The bytes are the link's until
   * the other side has received them all.
   */
  send(frame: Buffer): void
  /** @param forGood nothing more is taken of who is at the other end of this connection */
  close(forGood?: boolean): void
}

/** Our ear at one remote outlet. */
export interface Hearing {
  readonly endpoint: string
  onFrame: (frame: Buffer) => void
  onClose: (reason: string) => void
  subscribe(topic: Buffer): void
  unsubscribe(topic: Buffer): void
  /** Hands on no more frames, or goes on. Paused for long, the other side drops for us. */
  pause(paused: boolean): void
  /** Nothing comes any more although it is open: it ends, for all who share it. */
  giveUp(): void
  close(): void
}

export interface Bound {
  /** Endpoints to tell others, best first. */
  readonly inbox: readonly string[]
  readonly outlet: readonly string[]
  readonly door: readonly string[]
}

/** What a transport calls; set before `bind`, never changed. */
export interface TransportEvents {
  /**
   * The first frame of somebody who dialled us. Setting `onFrame` in here gets the frames after it.
   */
  accepted(link: FrameLink, frame: Buffer): void
  /** A subscription arrived at (or left) our outlet: the prefix that was asked for. */
  subscribed(prefix: Buffer, on: boolean): void
  /** A request at the door; the answer goes back as it is. Never throws, never rejects. */
  asked(request: Buffer): Promise<Buffer>
  /** Something arrived that no grammar allows (too many parts, for one). */
  malformed(socket: 'inbox' | 'outlet' | 'door', text: string): void
  /** Somebody without a key of this mesh came; no byte of his was taken. */
  refused(text: string): void
}

export interface BindOptions {
  /** Folder for ipc sockets; none where the platform has no ipc. */
  readonly ipcFolder: string | undefined
  /** Stem of the socket files' names. */
  readonly ipcStem: string
  /** Address to bind for TCP: `127.0.0.1`, `0.0.0.0`, … */
  readonly host: string
  /** Inbox at `port`, outlet at the next, door at the one after; 0 for free ones. */
  readonly port: number
  /** Addresses to tell others for `host`. */
  readonly advertise: readonly string[]
}

export interface Transport {
  readonly name: string
  /** @throws EARSHOT_ADDRESS_IN_USE, EARSHOT_BINDING */
  bind(options: BindOptions, events: TransportEvents): Promise<Bound>
  /** @param endpoint may name the key that must stand behind it: `tcp://10.0.0.7:4000#<key>` */
  dial(endpoint: string): FrameLink
  /** @param held where the ear stays until it ends, if not with what closes with the transport */
  hear(endpoint: string, held?: Set<Closable>): Hearing
  /** To everybody who subscribed to a prefix of `frame`; lost for those who are too slow. */
  publish(frame: Buffer): void
  /** Cuts off all who hear us or stand at our door; who is still trusted may come back at once. */
  reopen(): Promise<void>
  /** Lets go of everything. What was handed over before still leaves, for `lingerMs`. */
  close(): Promise<void>
}

/** An endpoint and the key behind it, which stands after `#` as 43 characters. */
export function splitEndpoint(endpoint: string): { address: string; key: string | undefined } {
  const at = endpoint.lastIndexOf('#')
  const key = at < 0 ? undefined : keyOfText(endpoint.slice(at + 1))
  return key === undefined ? { address: endpoint, key } : { address: endpoint.slice(0, at), key }
}

/** @param key as ZeroMQ takes it */
export function withKey(address: string, key: string): string {
  return `${address}#${textOfKey(key)}`
}

/** How near an endpoint is; the nearer is dialled first. */
export function localityOf(endpoint: string): Locality {
  if (endpoint.startsWith('ipc://')) return 'ipc'
  return /^tcp:\/\/(127\.|localhost|\[::1\])/.test(endpoint) ? 'loopback' : 'lan'
}

const rank = { ipc: 0, loopback: 1, lan: 2 }

/** The nearest first; from another host ipc and loopback lead nowhere, or to somebody else. */
export function nearestFirst(endpoints: readonly string[], sameHost: boolean): string[] {
  return endpoints
    .filter((endpoint) => sameHost || (localityOf(endpoint) === 'lan' && !hasZone(endpoint)))
    .sort((a, b) => rank[localityOf(a)] - rank[localityOf(b)])
}

/**
 * What a peer has told of one of its sockets, as it is reached from here: first where the peer has
 * been reached before. Its own list may name networks that do not lead here, and cannot name an
 * address of a link, which counts on this host alone.
 */
export function seenFromHere(
  told: readonly string[],
  sameHost: boolean,
  reachedAt: readonly string[],
): string[] {
  const port = told.find((endpoint) => placeOf(endpoint))
  const before = reachedAt.flatMap((endpoint) => {
    const host = placeOf(endpoint)?.host
    if (host === undefined || port === undefined || localityOf(endpoint) !== 'lan') return []
    return [atHost(port, host)]
  })
  return nearestFirst([...new Set([...before, ...nearestFirst(told, sameHost)])], true)
}

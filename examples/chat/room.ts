// A room of the chat: a mesh of its own, so all peers in it are the people who are there.
// Never prints: it tells its news.

import { randomUUID } from 'node:crypto'
import { type CodecName, createPeer, type Peer, type PeerChange, type RemotePeer } from 'earshot'
import { Chat, type Line, MAX_HISTORY_LINES } from './contract.ts'
import { History } from './history.ts'

/** So long the newcomer looks for others before the first line is read. */
const LOOK_AROUND_MS = 300
/** So long somebody who has just come may take to listen. */
const LISTEN_MS = 500

export type News =
  | { readonly type: 'line'; readonly line: Line }
  | { readonly type: 'here' | 'joined' | 'left'; readonly peer: RemotePeer; readonly how: string }

export interface RoomOptions {
  readonly name: string
  readonly mesh: string
  readonly room: string
  /** Best first. */
  readonly codecs: readonly CodecName[]
}

const partings: Readonly<Record<NonNullable<PeerChange['reason']>, string>> = {
  left: '',
  lost: 'the connection is lost',
  silent: 'nothing is heard any more',
  restarted: 'and starts anew',
  misbehaved: 'sent rubbish',
  revoked: 'is no longer trusted',
}

export async function openRoom({ name, mesh, room, codecs }: RoomOptions): Promise<Room> {
  const openedMs = Date.now()
  return new Room(await createPeer({ name, mesh: `${mesh}/${room}`, codecs }), openedMs)
}

export class Room {
  readonly peer: Peer
  readonly #openedMs: number
  readonly #changes: AsyncIterableIterator<PeerChange>
  readonly #history = new History(MAX_HISTORY_LINES)
  readonly #here = new Map<string, RemotePeer>()
  #onNews: (news: News) => void = () => undefined
  #met = 0
  #asked = 0
  #knowsPast = false
  #listenUntilMs = 0

  constructor(peer: Peer, openedMs: number) {
    this.peer = peer
    this.#openedMs = openedMs
    this.#changes = peer.watch()
  }

  /** Resolves when somebody is met there, or nobody was found at once. */
  async enter(onNews: (news: News) => void): Promise<void> {
    this.#onNews = onNews
    await this.peer.serve(Chat, {
      history: ({ limit }) => ({ lines: this.#history.last(limit) }),
    })
    await this.peer.subscribe(Chat.said, (said, { from }) => {
      this.#keep([{ ...said, peerId: from.id, name: from.name }])
    })
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LOOK_AROUND_MS)
      void this.#watch(resolve)
    })
  }

  /** Resolves with false when nobody hears it: it is kept for those who come. */
  async say(text: string): Promise<boolean> {
    await this.#untilAllListen()
    const said = { id: randomUUID(), at: Date.now(), text }
    const verdict = await this.peer.publish(Chat.said, said)
    this.#keep([{ ...said, peerId: this.peer.id, name: this.peer.name }])
    return verdict.became === 'written'
  }

  who(): RemotePeer[] {
    return [...this.#here.values()]
  }

  /** The others hear of it at once. */
  async leave(): Promise<void> {
    await this.#changes.return?.()
    await this.peer.close()
  }

  async #watch(met: () => void): Promise<void> {
    for await (const { type, peer, reason } of this.#changes) {
      if (type === 'up') {
        this.#here.set(peer.id, peer)
        this.#met++
        this.#listenUntilMs = Date.now() + LISTEN_MS
        this.#onNews({ type: peer.epoch < this.#openedMs ? 'here' : 'joined', peer, how: '' })
        void this.#catchUp().then(met)
      } else if (this.#here.delete(peer.id)) {
        this.#onNews({ type: 'left', peer, how: partings[reason ?? 'left'] })
      }
    }
  }

  /** Each call goes to the next peer in turn: as many calls as peers ask everybody once. */
  async #catchUp(): Promise<void> {
    const others = this.peer.client(Chat)
    while (!this.#knowsPast && this.#asked < this.#met) {
      this.#asked++
      try {
        const { lines } = await others.history({ limit: MAX_HISTORY_LINES })
        this.#knowsPast ||= lines.length > 0
        this.#keep(lines)
      } catch {
        // Who does not answer has left again; the next one may know.
      }
    }
  }

  #keep(lines: readonly Line[]): void {
    for (const line of [...lines].sort((a, b) => a.at - b.at)) {
      // A clock that is ahead must not hold its lines at the end for ever.
      const kept = { ...line, at: Math.min(line.at, Date.now()) }
      if (this.#history.add(kept)) this.#onNews({ type: 'line', line: kept })
    }
  }

  /** Whoever has just come needs a moment to subscribe at us. */
  async #untilAllListen(): Promise<void> {
    const publisher = this.peer.publisher(Chat.said)
    while (publisher.listeners < this.#here.size && Date.now() < this.#listenUntilMs) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

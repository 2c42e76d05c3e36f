// Owns hearing one remote outlet for all peers of this process that hear it: one socket, so that
// each event comes once over the wire, and each of them has its own ear behind it.
// Never lets one wait for another: what a paused ear cannot hold is missed by that ear alone.

import { frameDone } from './frame-memory.ts'
import { type Bounds, MemoryHearing } from './memory-outlet.ts'
import type { Closable, Hearing } from './transport.ts'

/** No topic begins with it: it stands for one ear more, whose number and topic follow. */
const ONE_MORE = 0xff
const ONE_MORE_BYTES = 5

/** What the ear of that number, from 1, subscribes to; by a socket of one ear it is the topic. */
function oneMore(topic: Buffer, ear: number): Buffer {
  if (ear === 1) return topic
  const bytes = Buffer.alloc(ONE_MORE_BYTES)
  bytes[0] = ONE_MORE
  bytes.writeUInt32BE(ear, 1)
  return Buffer.concat([bytes, topic])
}

/** The topic that a subscription at an outlet is for. */
export function topicWanted(subscription: Buffer): Buffer {
  return subscription[0] === ONE_MORE ? subscription.subarray(ONE_MORE_BYTES) : subscription
}

/** By what makes two of them the same: see `hearTogether`. */
const shared = new Map<string, SharedHearing>()
/** A socket to which nothing refers is collected; these outlive the peer that opened them. */
const held = new Set<Closable>()

/**
 * @param key of those who may share: where it leads, what it proves there, and how much may wait
 * @param open the socket; it belongs to no peer, and is closed with the last ear
 * @param holder where the ear stays until it ends
 */
export function hearTogether(
  key: string,
  open: (held: Set<Closable>) => Hearing,
  bounds: Bounds,
  holder: Set<Closable>,
): Hearing {
  let one = shared.get(key)
  if (one === undefined) {
    one = new SharedHearing(open(held), () => shared.delete(key))
    shared.set(key, one)
  }
  return one.ear(bounds, holder)
}

class SharedHearing {
  readonly #socket: Hearing
  readonly #ears = new Set<MemoryHearing>()
  /** How many ears want each topic, by latin1 text. */
  readonly #wanted = new Map<string, number>()

  /** @param forget is told once, at its end, before its ears are: they may hear anew at once */
  constructor(socket: Hearing, forget: () => void) {
    this.#socket = socket
    socket.onFrame = (frame) => this.#frame(frame)
    socket.onClose = () => {
      forget()
      for (const ear of [...this.#ears]) ear.lost()
    }
  }

  ear(bounds: Bounds, holder: Set<Closable>): Hearing {
    const ear = new MemoryHearing(this.#socket.endpoint, bounds, {
      subscribed: (prefix, on) => this.#subscribe(prefix, on),
      paused: () => this.#rest(),
      gaveUp: () => this.#socket.giveUp(),
      ended: () => {
        this.#ears.delete(ear)
        holder.delete(ear)
        if (this.#ears.size > 0) this.#rest()
        else this.#socket.close()
      },
    })
    this.#ears.add(ear)
    holder.add(ear)
    this.#rest()
    return ear
  }

  /**
   * Hot path: once a frame. Each ear may keep, and change, what it gets: the last one that wants it
   * gets what was read, those before it a copy.
   */
  #frame(frame: Buffer): void {
    let last: MemoryHearing | undefined
    for (const ear of this.#ears) {
      if (!ear.wants(frame)) continue
      if (last !== undefined) {
        last.hand(Buffer.from(frame))
        void frameDone(frame.length)
      }
      last = ear
    }
    last?.hand(frame)
  }

  /** The outlet counts who hears it: each ear is a subscription there, though not a socket. */
  #subscribe(prefix: Buffer, on: boolean): void {
    const name = prefix.toString('latin1')
    const before = this.#wanted.get(name) ?? 0
    const after = before + (on ? 1 : -1)
    if (after > 0) this.#wanted.set(name, after)
    else this.#wanted.delete(name)
    const topic = oneMore(prefix, Math.max(before, after))
    if (on) this.#socket.subscribe(topic)
    else this.#socket.unsubscribe(topic)
  }

  /** Where nobody goes on, what comes waits in the socket, as it would for one alone. */
  #rest(): void {
    this.#socket.pause([...this.#ears].every(({ isPaused }) => isPaused))
  }
}

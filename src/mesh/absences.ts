// Owns what had been heard of publishers that were lost, so that those who come back are asked from
// there on: what they published meanwhile is missed, and said.
// Never keeps a subscription, or anything of a peer that is gone for good, alive.

import { dropOldest } from '../base/drop-oldest.ts'
import type { Absence, Heard, HeardChannel } from './heard.ts'
import type { Remote } from './remote.ts'

interface Absent {
  readonly epoch: number
  readonly left: WeakMap<HeardChannel, Map<string, Absence>>
}

export class Absences {
  readonly #most: number
  /** By the id of the peer; those who were lost first stand first. */
  readonly #absent = new Map<string, Absent>()

  /** @param most how many lost peers are remembered */
  constructor(most: number) {
    this.#most = most
  }

  /** A publisher is lost; it may come back as it was. */
  begin({ id, epoch }: Remote, heard: Iterable<[string, Heard]>): void {
    const known = this.#absent.get(id)
    const absent = known?.epoch === epoch ? known : { epoch, left: new WeakMap() }
    for (const [prefix, { channel, expected, untold }] of heard) {
      if (expected < 0) continue
      const ofChannel = absent.left.get(channel) ?? new Map<string, Absence>()
      absent.left.set(channel, ofChannel)
      ofChannel.set(prefix, { expected, untold, listeners: new WeakSet(channel.listeners) })
    }
    this.#absent.delete(id)
    this.#absent.set(id, absent)
    dropOldest(this.#absent, this.#most)
  }

  /** It is gone for good, or another incarnation of it is here. */
  end(id: string): void {
    this.#absent.delete(id)
  }

  /** Where a channel was left, once: from then on it is heard again. */
  take({ id, epoch }: Remote, channel: HeardChannel, prefix: string): Absence | undefined {
    const absent = this.#absent.get(id)
    if (!absent) return undefined
    if (absent.epoch !== epoch) {
      this.#absent.delete(id)
      return undefined
    }
    const ofChannel = absent.left.get(channel)
    const absence = ofChannel?.get(prefix)
    ofChannel?.delete(prefix)
    return absence
  }
}

// Owns what the peers of a storm do for each other, and how what they hear is held to its numbers.

import type { Handlers, Peer, ServeOptions, Service, SubscribeOptions, Subscription } from 'earshot'
import type { World } from 'earshot/testing'
import { padFault, Storm } from './contract.ts'
import type { Ledger } from './ledger.ts'

/** Serves all of the contract. Streams that have begun are in `running` until they have ended. */
export async function serveAll(
  world: World,
  ledger: Ledger,
  peer: Peer,
  name: string,
  running: Set<number>,
  options: ServeOptions,
): Promise<Service> {
  const whole = ({ id, pad }: { id: number; pad: string }) => {
    const fault = padFault(id, pad)
    if (fault) ledger.broken(`${id} came to ${name} with ${fault}`)
  }
  const done = async (work: { id: number; forMs: number; fails: boolean; pad: string }) => {
    const { id, forMs, fails } = work
    ledger.handled(id, name)
    whole(work)
    if (forMs > 0) await world.advance(forMs)
    if (fails) throw new Error('as was asked')
    return { id, by: name }
  }
  const noted = (note: { id: number; pad: string }) => {
    ledger.handled(note.id, name)
    whole(note)
  }
  const handlers: Handlers<typeof Storm> = {
    ...{ work: done, again: done, poll: done },
    ...{ note: noted, shed: noted, newest: noted },
    async *count({ id, to, pad }) {
      ledger.handled(id, name)
      running.add(id)
      try {
        for (let n = 0; n < to; n++) yield { id, n, pad }
      } finally {
        running.delete(id)
      }
    },
    async *echo(said) {
      let id = 0
      try {
        for await (const item of said) {
          if (id === 0) ledger.handled(item.id, name)
          id = item.id
          running.add(id)
          yield item
        }
      } finally {
        running.delete(id)
      }
    },
  }
  return peer.serve(Storm, handlers, options)
}

interface Tick {
  readonly from: string
  readonly n: number
  readonly ofKey: number
  readonly pad: string
}

interface Heard {
  last: number
  missed: number
}

/** A subscriber that checks each event against the one before it. */
export class Listening {
  readonly #name: string
  readonly #ledger: Ledger
  /** By publisher. */
  readonly #heard = new Map<string, Heard>()
  readonly key: string | undefined
  #subscription: Subscription | undefined
  count = 0
  #missed = 0

  constructor(name: string, ledger: Ledger, key: string | undefined) {
    this.#name = name
    this.#ledger = ledger
    this.key = key
  }

  /** @param forMs how long its handler takes; 0: it is synchronous, and drops nothing itself */
  async begin(world: World, peer: Peer, options: SubscribeOptions, forMs: number): Promise<void> {
    const take = ({ from, n, ofKey, pad }: Tick) => {
      this.count++
      const fault = padFault(n, pad)
      if (fault) this.#ledger.broken(`${this.#name} heard ${n} by ${from} with ${fault}`)
      this.#take(from, this.key === undefined ? n : ofKey, forMs === 0)
      return forMs > 0 ? world.advance(forMs) : undefined
    }
    const onMissed = (count: number, { name }: { name: string }) => {
      this.#missed += count
      const heard = this.#heard.get(name)
      if (heard) heard.missed += count
    }
    const key = this.key === undefined ? {} : { key: this.key }
    this.#subscription = await peer.subscribe(Storm.tick, take, { ...options, ...key, onMissed })
  }

  /** At the end: nothing of a publisher that is still there is unaccounted for. */
  settle(publisher: string, lastSent: number, forMs: number): void {
    const heard = this.#heard.get(publisher)
    if (!heard || forMs > 0) return
    const unknown = lastSent - heard.last - heard.missed
    if (unknown === 0) return
    const what = `${heard.last} heard, ${heard.missed} missed of ${lastSent}`
    this.#ledger.broken(`${this.#name} does not know of ${unknown} events by ${publisher}: ${what}`)
  }

  judge(): void {
    const missed = this.#subscription?.missed ?? this.#missed
    if (missed === this.#missed) return
    this.#ledger.broken(`${this.#name} counts ${missed} missed and was told of ${this.#missed}`)
  }

  #take(from: string, n: number, isExact: boolean): void {
    const heard = this.#heard.get(from)
    if (!heard) {
      this.#heard.set(from, { last: n, missed: 0 })
      return
    }
    if (n <= heard.last)
      this.#ledger.broken(`${this.#name} heard ${n} by ${from} after ${heard.last}`)
    const lost = n - heard.last - 1
    if (isExact && lost !== heard.missed) {
      const text = `${this.#name} lost ${lost} by ${from} before ${n}`
      this.#ledger.broken(`${text}, and was told of ${heard.missed}`)
    }
    heard.last = n
    heard.missed = 0
  }
}

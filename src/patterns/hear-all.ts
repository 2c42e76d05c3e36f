// Owns hearing all events of a contract as one subscription: each with the name of its channel.
// Never hears by itself: one subscription a channel does, with its own queue and gaps.

import { awaited } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { AnyContract } from '../contract/contract.ts'
import type { EventContext } from './event-context.ts'
import type { Next } from './middleware.ts'
import type { Subscription } from './subscriber.ts'

type Heard = Subscription & AsyncIterable<unknown>
type Hear = (channel: Channel<'event'>, handler: Next<EventContext> | undefined) => Promise<Heard>

interface NamedEvent {
  readonly name: string
  readonly body: unknown
}

/** @throws EARSHOT_OPTION_INVALID for a contract without events, and what `hear` does */
export async function hearAll(
  { name, channels }: AnyContract,
  handler: Next<EventContext> | undefined,
  hear: Hear,
): Promise<Heard> {
  const events = channels.filter(({ kind }) => kind === 'event') as Channel<'event'>[]
  if (events.length === 0) {
    throw new EarshotError('EARSHOT_OPTION_INVALID', `contract ${name} has no events to hear`)
  }
  const named = (channel: string): Next<EventContext> | undefined =>
    handler && ((body, context) => handler({ name: channel, body }, context))
  const settled = await Promise.allSettled(
    events.map((channel) => hear(channel, named(channel.name))),
  )
  const failed = settled.find(({ status }) => status === 'rejected')
  const parts = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const all = new AllEvents(
    parts,
    events.map((channel) => channel.name),
  )
  if (failed === undefined) return all
  await all.close()
  throw (failed as PromiseRejectedResult).reason
}

class AllEvents implements Subscription, AsyncIterable<NamedEvent> {
  readonly #parts: readonly Heard[]
  readonly #names: readonly string[]

  constructor(parts: readonly Heard[], names: readonly string[]) {
    this.#parts = parts
    this.#names = names
  }

  get missed(): number {
    return this.#parts.reduce((sum, { missed }) => sum + missed, 0)
  }

  get dropped(): number {
    return this.#parts.reduce((sum, { dropped }) => sum + dropped, 0)
  }

  /** With the first that was too slow, or when none is heard any more. */
  get ended(): Promise<EarshotError | undefined> {
    const ends = this.#parts.map(({ ended }) => ended)
    const { promise, resolve } = awaited<EarshotError | undefined>()
    for (const end of ends) void end.then((why) => why && resolve(why))
    void Promise.all(ends).then(() => resolve(undefined))
    return promise
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<NamedEvent> {
    const iterators = this.#parts.map((part) => part[Symbol.asyncIterator]())
    return merged(iterators, this.#names)
  }
}

interface Step {
  readonly at: number
  readonly result: IteratorResult<unknown>
}

/** What comes first of all of them. Each is asked for its next when its last has been taken. */
async function* merged(
  iterators: readonly AsyncIterator<unknown>[],
  names: readonly string[],
): AsyncGenerator<NamedEvent> {
  const next = async (at: number): Promise<Step> => {
    const result = (await iterators[at]?.next()) as IteratorResult<unknown>
    return { at, result }
  }
  const waiting = new Map(iterators.map((_, at) => [at, next(at)]))
  try {
    while (waiting.size > 0) {
      const { at, result } = await Promise.race(waiting.values())
      // Whoever is quick goes to the end of the row: the others have their turn.
      waiting.delete(at)
      if (result.done) continue
      waiting.set(at, next(at))
      yield { name: names[at] as string, body: result.value }
    }
  } finally {
    // Those that still wait end with their iterator; how is nobody's business any more.
    for (const step of waiting.values()) step.catch(() => undefined)
    await Promise.all(iterators.map((iterator) => iterator.return?.()))
  }
}

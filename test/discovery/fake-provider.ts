// Owns a provider that does what a test tells it to.

import { DiscoveryEvents } from '../../src/discovery/event-queue.ts'
import type {
  Announcement,
  Discovery,
  DiscoveryEvent,
  PeerRecord,
} from '../../src/discovery/provider.ts'

export class FakeProvider implements Discovery {
  readonly name: string
  readonly calls: string[] = []
  announced: PeerRecord | undefined
  watches = 0
  /** Thrown by the next announcements, one each. */
  readonly refusals: Error[] = []
  /** What withdrawing waits for. */
  goodbye: Promise<void> = Promise.resolve()
  #events: DiscoveryEvents | undefined
  #broken: Error | undefined

  constructor(name: string) {
    this.name = name
  }

  say(event: DiscoveryEvent): void {
    this.#events?.push(event)
  }

  /** Ends the watch, or lets it throw: both against the rules. */
  break(error?: Error): void {
    this.#broken = error
    this.#events?.end()
  }

  announce(self: PeerRecord): Promise<Announcement> {
    const refusal = this.refusals.shift()
    if (refusal) return Promise.reject(refusal)
    this.announced = self
    return Promise.resolve({
      update: async (change) => {
        this.announced = { ...self, ...change }
      },
      withdraw: async () => {
        this.calls.push('withdraw')
        await this.goodbye
      },
    })
  }

  async *watch(_mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    this.watches++
    this.#broken = undefined
    const events = new DiscoveryEvents(signal)
    this.#events = events
    yield* events
    if (this.#broken) throw this.#broken
  }

  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }
}

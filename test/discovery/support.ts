// Owns what tests of discovery share: records, and waiting for events with a bound.
// Never sleeps: each wait ends with its event, or fails at the limit.

import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import type { DiscoveryEvent, PeerRecord } from '../../src/discovery/provider.ts'

export function randomMesh(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

export function randomId(): string {
  return randomBytes(16).toString('hex')
}

export function aRecord(changes: Partial<PeerRecord> = {}): PeerRecord {
  return {
    id: randomId(),
    epoch: 1_000,
    seq: 0,
    mesh: 'shop',
    name: 'orders',
    inbox: ['tcp://127.0.0.1:4711'],
    door: ['tcp://127.0.0.1:4712'],
    ...changes,
  }
}

/** Takes events from a watch, one test at a time, until one fits. */
export class Watch {
  readonly seen: DiscoveryEvent[] = []
  readonly ended: Promise<void>
  readonly #stop = new AbortController()
  #wake: () => void = () => undefined

  constructor(start: (signal: AbortSignal) => AsyncIterable<DiscoveryEvent>) {
    this.ended = this.#run(start(this.#stop.signal))
  }

  async #run(events: AsyncIterable<DiscoveryEvent>): Promise<void> {
    for await (const event of events) {
      this.seen.push(event)
      this.#wake()
    }
  }

  async until<T extends DiscoveryEvent['type']>(
    type: T,
    fits: (event: DiscoveryEvent & { type: T }) => boolean = () => true,
    limitMs = 20_000,
  ): Promise<DiscoveryEvent & { type: T }> {
    const limit = AbortSignal.timeout(limitMs)
    for (;;) {
      const index = this.seen.findIndex((event) => event.type === type && fits(event as never))
      if (index >= 0) return this.seen.splice(0, index + 1).at(-1) as never
      if (limit.aborted) throw new Error(`no '${type}' within ${limitMs} ms`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        limit.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** Everything up to and including the next event of a type. */
  async through(type: DiscoveryEvent['type']): Promise<DiscoveryEvent[]> {
    const isThere = () => this.seen.findIndex((event) => event.type === type)
    await eventually(() => isThere() >= 0)
    return this.seen.splice(0, isThere() + 1)
  }

  stop(): Promise<void> {
    this.#stop.abort()
    return this.ended
  }
}

/** Waits until `holds()` is true, looking each 5 ms, at most `limitMs`. */
export function eventually(holds: () => boolean, limitMs = 20_000): Promise<void> {
  const look = () => {
    if (!holds()) throw new Error(`it did not come true within ${limitMs} ms`)
  }
  return vi.waitFor(look, { timeout: limitMs, interval: 5 })
}

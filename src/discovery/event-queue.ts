// Owns what waits between a provider and whoever watches it: one event a peer, the newest.
// Never grows with time: a slow watcher loses states in between, never the last one of a peer.

import type { DiscoveryEvent } from './provider.ts'

const MAX_PEERS = 4_096
const MAX_FAULTS = 16

/**
 * An async iterable with one consumer. Events of one id replace each other while they wait:
 * an `up` not yet taken stays an `up` when a `change` follows it. At most 4,096 ids and 16
 * faults wait; what comes beyond is dropped and counted.
 */
export class DiscoveryEvents implements AsyncIterableIterator<DiscoveryEvent> {
  readonly #peers = new Map<string, DiscoveryEvent>()
  readonly #faults: DiscoveryEvent[] = []
  readonly #onEnd: () => void
  #synced = false
  #ended = false
  #dropped = 0
  #waiting: ((result: IteratorResult<DiscoveryEvent>) => void) | undefined

  /** Ends when `signal` aborts or the consumer leaves; `onEnd` runs once then. */
  constructor(signal: AbortSignal, onEnd: () => void = () => undefined) {
    this.#onEnd = () => {
      signal.removeEventListener('abort', end)
      onEnd()
    }
    const end = () => this.end()
    if (signal.aborted) queueMicrotask(end)
    else signal.addEventListener('abort', end, { once: true })
  }

  get dropped(): number {
    return this.#dropped
  }

  push(event: DiscoveryEvent): void {
    if (this.#ended) return
    this.#store(event)
    if (!this.#waiting) return
    const next = this.#take()
    if (!next) return
    const resolve = this.#waiting
    this.#waiting = undefined
    resolve({ value: next, done: false })
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting?.({ value: undefined, done: true })
    this.#waiting = undefined
    this.#onEnd()
  }

  next(): Promise<IteratorResult<DiscoveryEvent>> {
    const event = this.#ended ? undefined : this.#take()
    if (event) return Promise.resolve({ value: event, done: false })
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  return(): Promise<IteratorResult<DiscoveryEvent>> {
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #store(event: DiscoveryEvent): void {
    if (event.type === 'synced') this.#synced = true
    else if (event.type === 'fault') {
      if (this.#faults.length < MAX_FAULTS) this.#faults.push(event)
      else this.#dropped++
    } else this.#storePeer(event)
  }

  #storePeer(event: Exclude<DiscoveryEvent, { type: 'synced' | 'fault' }>): void {
    const id = event.type === 'down' ? event.id : event.peer.id
    const before = this.#peers.get(id)
    if (!before && this.#peers.size >= MAX_PEERS) {
      this.#dropped++
      return
    }
    const stillNew = before?.type === 'up' && event.type === 'change'
    this.#peers.delete(id)
    this.#peers.set(id, stillNew ? { ...event, type: 'up' } : event)
  }

  #take(): DiscoveryEvent | undefined {
    for (const [id, event] of this.#peers) {
      this.#peers.delete(id)
      return event
    }
    const fault = this.#faults.shift()
    if (fault) return fault
    if (!this.#synced) return undefined
    this.#synced = false
    return { type: 'synced' }
  }
}

// Owns one provider while it runs: its watch, begun again after a fault, and our announcement.
// Never lets a fault out: whatever the provider does ends in an event.

import type { Clock } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerRecord } from './provider.ts'

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000

export interface ProviderRunPort {
  readonly clock: Clock
  readonly random: () => number
  /** `run` counts the watches of this provider: a later one starts from nothing. */
  readonly onEvent: (run: number, event: DiscoveryEvent) => void
  readonly onFault: (error: EarshotError, retryInMs: number | undefined) => void
}

export class ProviderRun {
  readonly provider: Discovery
  readonly #port: ProviderRunPort
  readonly #stop = new AbortController()
  #self: PeerRecord
  #begun: AsyncIterable<DiscoveryEvent> | undefined
  #announcement: Announcement | undefined
  #updated: Promise<void> = Promise.resolve()
  #leaving = false

  constructor(provider: Discovery, self: PeerRecord, port: ProviderRunPort) {
    this.provider = provider
    this.#self = self
    this.#port = port
  }

  /** Asks who is there already; what is heard waits for `start`. */
  look(): void {
    try {
      this.#begun = this.provider.watch(this.#self.mesh, { signal: this.#stop.signal })
    } catch {
      // `start` asks again, and reports it.
    }
  }

  /** Resolves when the first attempt to announce has succeeded or failed. Never rejects. */
  start(self: PeerRecord): Promise<void> {
    this.#self = self
    void this.#watch(self.mesh)
    return new Promise((resolve) => {
      void this.#announce(resolve)
    })
  }

  /**
   * Resolves when the provider has taken the new record or refused it; at once where we are not
   * announced yet, since the announcement takes the newest. Never rejects.
   */
  update(self: PeerRecord): Promise<void> {
    this.#self = self
    if (this.#announcement) this.#updated = this.#updated.then(() => this.#bringUpToDate(self))
    return this.#updated
  }

  /** Says goodbye; resolves when it has been handed over. Never rejects. */
  async withdraw(): Promise<void> {
    this.#leaving = true
    try {
      await this.#announcement?.withdraw()
    } catch (thrown) {
      this.#port.onFault(toEarshotError(thrown, 'EARSHOT_DISCOVERY'), undefined)
    }
  }

  /** Ends the watch and frees what the provider holds. Never rejects. */
  async close(): Promise<void> {
    this.#leaving = true
    this.#stop.abort()
    try {
      await this.provider.close()
    } catch (thrown) {
      this.#port.onFault(toEarshotError(thrown, 'EARSHOT_DISCOVERY'), undefined)
    }
  }

  async #watch(mesh: string): Promise<void> {
    const { signal } = this.#stop
    let retryMs = FIRST_RETRY_MS
    for (let run = 1; !signal.aborted; run++) {
      let error: EarshotError
      try {
        const events = this.#begun ?? this.provider.watch(mesh, { signal })
        this.#begun = undefined
        for await (const event of events) {
          if (signal.aborted) return
          if (event.type === 'synced') retryMs = FIRST_RETRY_MS
          this.#port.onEvent(run, event)
        }
        const text = `the provider ${this.provider.name} stopped watching`
        error = new EarshotError('EARSHOT_DISCOVERY', text)
      } catch (thrown) {
        error = toEarshotError(thrown, 'EARSHOT_DISCOVERY')
      }
      if (signal.aborted) return
      await this.#failAndWait(error, retryMs)
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
    }
  }

  async #announce(onFirstAttempt: () => void): Promise<void> {
    const { signal } = this.#stop
    for (let retryMs = FIRST_RETRY_MS; !this.#leaving; retryMs *= 2) {
      const self = this.#self
      try {
        const announcement = await this.provider.announce(self, { signal })
        this.#announcement = announcement
        // Stopped while it was being announced: nobody else would say goodbye.
        if (this.#leaving) await announcement.withdraw()
        else if (this.#self !== self) await announcement.update(this.#self)
        return
      } catch (thrown) {
        if (this.#leaving) return
        onFirstAttempt()
        const error = toEarshotError(thrown, 'EARSHOT_DISCOVERY')
        await this.#failAndWait(error, Math.min(LAST_RETRY_MS, retryMs))
      } finally {
        onFirstAttempt()
      }
    }
  }

  async #bringUpToDate(self: PeerRecord): Promise<void> {
    if (this.#leaving || self !== this.#self) return
    try {
      await this.#announcement?.update(self)
    } catch (thrown) {
      this.#port.onFault(toEarshotError(thrown, 'EARSHOT_DISCOVERY'), undefined)
    }
  }

  #failAndWait(error: EarshotError, retryMs: number): Promise<void> {
    const { signal } = this.#stop
    // Half to full, so that many peers do not come back in step.
    const waitMs = retryMs * (0.5 + this.#port.random() / 2)
    this.#port.onFault(error, waitMs)
    return new Promise((resolve) => {
      const timer = this.#port.clock.after(waitMs, done, true)
      function done(): void {
        timer.cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

/** Waits for `work`, at most `limitMs`. The timer does not keep the process alive. */
export function atMost(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(limitMs, resolve, true)
    const done = () => {
      timer.cancel()
      resolve()
    }
    work.then(done, done)
  })
}

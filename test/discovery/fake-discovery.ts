// Owns a discoverer for tests: on a virtual clock, over two providers that say what the test wants.
// Never judges: it hands out what the discoverer told.

import { defaultLimits, type Limits } from '../../src/base/limits.ts'
import {
  createDiscoverer,
  type Discoverer,
  type DiscovererEvent,
} from '../../src/discovery/aggregator.ts'
import type { PeerRecord } from '../../src/discovery/provider.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { FakeProvider } from './fake-provider.ts'

export class FakeDiscovery {
  readonly clock: VirtualClock = createVirtualClock()
  readonly events: DiscovererEvent[] = []
  mdns: FakeProvider = new FakeProvider('mdns')
  disk: FakeProvider = new FakeProvider('directory')
  /** There once it has begun; a test may put another in its place. */
  discoverer!: Discoverer
  readonly #self: PeerRecord

  constructor(self: PeerRecord) {
    this.#self = self
  }

  async begin(limits: Partial<Limits> = {}): Promise<void> {
    this.discoverer = createDiscoverer({
      providers: [this.mdns, this.disk],
      self: this.#self,
      mesh: 'shop',
      clock: this.clock,
      limits: { ...defaultLimits, ...limits },
      onEvent: (event) => this.events.push(event),
      random: () => 0,
    })
    void this.discoverer.start()
    await this.settle()
  }

  settle(): Promise<void> {
    return this.clock.advance(0)
  }

  take(): DiscovererEvent[] {
    return this.events.splice(0)
  }

  async stop(): Promise<void> {
    const stopping = this.discoverer.stop()
    await this.clock.advance(2_000)
    await stopping
  }
}

// Owns a daemon in memory behind the interface that the package `mdns` documents.
// Never touches a network: what one process advertises, all browsers of this daemon see.

import { EventEmitter } from 'node:events'
import type {
  NativeBrowser,
  NativeModule,
  NativeService,
} from '../../../src/discovery/native/module.ts'

interface Advertised extends NativeService {
  readonly type: string
}

class Browser extends EventEmitter {
  readonly type: string
  readonly #browsers: Set<Browser>
  readonly #services: ReadonlySet<Advertised>

  constructor(type: string, browsers: Set<Browser>, services: ReadonlySet<Advertised>) {
    super()
    this.type = type
    this.#browsers = browsers
    this.#services = services
  }

  start(): void {
    this.#browsers.add(this)
    for (const service of this.#services) this.tell('serviceUp', service)
  }

  stop(): void {
    this.#browsers.delete(this)
  }

  tell(event: 'serviceUp' | 'serviceDown', service: Advertised): void {
    if (service.type !== this.type) return
    const { name, interfaceIndex } = service
    // Of one that has gone only the name is known, as the package has it.
    this.emit(event, event === 'serviceUp' ? { ...service } : { name, interfaceIndex })
  }
}

export class FakeDaemon implements NativeModule {
  readonly services = new Set<Advertised>()
  readonly browsers = new Set<Browser>()
  readonly sequences: (readonly unknown[])[] = []
  readonly rst = { DNSServiceResolve: () => 'resolve' }

  createAdvertisement(
    type: string,
    port: number,
    { name, txtRecord }: { name: string; txtRecord: Uint8Array },
  ) {
    const common = { host: 'here.local.', interfaceIndex: 2, networkInterface: 'eth0' }
    const service = { ...common, type, name, port, rawTxtRecord: txtRecord }
    const emitter = new EventEmitter()
    return Object.assign(emitter, {
      start: () => this.put(service),
      stop: () => this.take(service),
    })
  }

  createBrowser(type: string, options: { resolverSequence: readonly unknown[] }): NativeBrowser {
    this.sequences.push(options.resolverSequence)
    return new Browser(type, this.browsers, this.services)
  }

  put(service: Advertised): void {
    this.services.add(service)
    for (const browser of this.browsers) browser.tell('serviceUp', service)
  }

  take(service: Advertised): void {
    if (!this.services.delete(service)) return
    for (const browser of this.browsers) browser.tell('serviceDown', service)
  }

  fail(error: unknown): void {
    for (const browser of this.browsers) browser.emit('error', error)
  }
}

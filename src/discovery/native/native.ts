// Owns the provider over the daemon of the system (Avahi, Bonjour), by the npm package `mdns`.
// Never proves that a peer exists, and never lets the package choose how a service is resolved.

import { type Clock, systemClock } from '../../base/clock.ts'
import { EarshotError, textOf } from '../../base/errors.ts'
import { DiscoveryEvents } from '../event-queue.ts'
import { decodeTxt, encodeTxt, instanceName, isPort, splitStrings } from '../mdns/names.ts'
import { mergeHoldings, sameRecord } from '../merge.ts'
import { meshHash } from '../mesh-hash.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerRecord } from '../provider.ts'
import { addressesHere, hostAddresses } from './host-addresses.ts'
import { loadNative, type NativeModule, type NativeService } from './module.ts'

const TYPE = '_earshot._tcp'
const MAX_INSTANCES = 4_096
/** The daemon tells what it knows at once; a host that it names is found within a few ms. */
const SYNCED_MS = 300
/** So long a new instance is announced before the one that it replaces goes: probing takes 1 s. */
const OVERLAP_MS = 2_500
const ENDPOINT = /^tcp:\/\/([^/\s]+):(\d{1,5})$/

/** How hosts are found; IPv4 addresses, on one interface where it is named. */
export interface AddressLookup {
  of(host: string, networkInterface?: string): Promise<readonly string[]>
  here(networkInterface?: string): readonly string[]
}

/**
 * Multicast DNS by the daemon of the system, in place of `mdns()`: for hosts that let no second
 * program onto port 5353. A peer is announced when it listens beyond this host, for daemons are
 * silent on loopback; and the daemon says goodbye for a process that is killed. Needs the optional
 * package `mdns` 2.7, Node 20 or 22, and a running daemon.
 * @throws EARSHOT_DISCOVERY, not retryable, where the package cannot be loaded
 */
export function nativeMdns(): Discovery {
  return nativeProvider(loadNative(), { of: hostAddresses, here: addressesHere })
}

/** The provider over a module that is loaded already. */
export function nativeProvider(
  native: NativeModule,
  addresses: AddressLookup,
  clock: Clock = systemClock,
): Discovery {
  return new NativeProvider(native, addresses, clock)
}

class NativeProvider implements Discovery {
  readonly name: string = 'native'
  readonly #native: NativeModule
  readonly #addresses: AddressLookup
  readonly #clock: Clock
  /** What stops the advertisement of each of our records. */
  readonly #own = new Map<string, () => void>()
  readonly #watching = new Set<DiscoveryEvents>()
  #ownHost: string | undefined
  #isClosed = false

  constructor(native: NativeModule, addresses: AddressLookup, clock: Clock) {
    this.#clock = clock
    this.#native = native
    this.#addresses = addresses
  }

  async announce(self: PeerRecord, { signal }: { signal: AbortSignal }): Promise<Announcement> {
    let record = self
    if (!this.#isClosed && !signal.aborted) this.#advertise(self)
    const withdraw = () => this.#withdraw(self.id)
    signal.addEventListener('abort', withdraw, { once: true })
    return {
      update: async (change) => {
        record = { ...record, ...change, id: self.id }
        // Watchers of the package do not see a TXT record change: so a new instance comes before
        // the old one goes, and nobody thinks that the peer has left.
        if (this.#own.has(self.id)) this.#advertise(record)
      },
      withdraw: async () => {
        signal.removeEventListener('abort', withdraw)
        withdraw()
      },
    }
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const resolverSequence = [this.#native.rst.DNSServiceResolve({ unwrapTxtRecord: false })]
    const type = `${TYPE},_m-${meshHash(mesh)}`
    const browser = attempt(() => this.#native.createBrowser(type, { resolverSequence }))
    const synced = this.#clock.after(SYNCED_MS, () => events.push({ type: 'synced' }), true)
    const view = new NativeView(mesh, (id) => this.#own.has(id))
    const events: DiscoveryEvents = new DiscoveryEvents(signal, () => {
      this.#watching.delete(events)
      synced.cancel()
      browser.stop()
    })
    if (signal.aborted || this.#isClosed) {
      events.end()
      return events
    }
    this.#watching.add(events)
    browser.on('error', (thrown) => this.#fault(thrown))
    /** Services whose host is being looked for: one that goes meanwhile must not come back. */
    const awaited = new Map<string, NativeService>()
    browser.on('serviceUp', async (service) => {
      this.#learnOwnHost(service)
      awaited.set(keyOf(service), service)
      const addresses = await this.#locate(service)
      if (awaited.get(keyOf(service)) !== service) return
      awaited.delete(keyOf(service))
      for (const event of view.add(service, addresses)) events.push(event)
    })
    browser.on('serviceDown', (service) => {
      awaited.delete(keyOf(service))
      for (const event of view.remove(service)) events.push(event)
    })
    browser.start()
    return events
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const id of [...this.#own.keys()]) this.#withdraw(id)
    for (const events of [...this.#watching]) events.end()
    return Promise.resolve()
  }

  #advertise(record: PeerRecord): void {
    const port = portBeyondHost(record.inbox)
    if (port === undefined) return
    const txtRecord = Buffer.concat(
      encodeTxt(record, portBeyondHost(record.door)).flatMap((s) => [Buffer.of(s.length), s]),
    )
    const suffix = record.seq === 0 ? '' : `-${record.seq}`
    const [name = ''] = instanceName(record.name ?? 'peer', record.id, suffix).split('.')
    const options = { name, txtRecord }
    const type = `${TYPE},_m-${meshHash(record.mesh)}`
    const advertisement = attempt(() => this.#native.createAdvertisement(type, port, options))
    advertisement.on('error', (thrown) => this.#fault(thrown))
    let stopBefore = this.#own.get(record.id)
    const end = () => {
      stopBefore?.()
      stopBefore = undefined
    }
    const overlap = this.#clock.after(OVERLAP_MS, end, true)
    let isOn = true
    this.#own.set(record.id, () => {
      overlap.cancel()
      end()
      if (isOn) advertisement.stop()
      isOn = false
    })
    // Only now: what the daemon tells of it must be known for ours.
    advertisement.start()
  }

  #withdraw(id: string): void {
    const stop = this.#own.get(id)
    this.#own.delete(id)
    stop?.()
  }

  /** The addresses behind a service; none when its host is not to be found. */
  async #locate({ host, networkInterface }: NativeService): Promise<readonly string[]> {
    if (host === undefined) return []
    const isHere = () => host === this.#ownHost
    try {
      const found = isHere() ? [] : await this.#addresses.of(host, networkInterface)
      // Avahi answers nobody on its own host but by its own interface.
      return found.length === 0 && isHere() ? this.#addresses.here(networkInterface) : found
    } catch (thrown) {
      this.#fault(thrown)
      return []
    }
  }

  /** How the daemon calls this host is seen by what it says of a service of ours. */
  #learnOwnHost({ host, rawTxtRecord }: NativeService): void {
    const id = rawTxtRecord && decodeTxt(splitStrings(rawTxtRecord))?.id
    if (id !== undefined && this.#own.has(id)) this.#ownHost = host
  }

  #fault(thrown: unknown): void {
    const error = complaint(thrown)
    for (const events of this.#watching) events.push({ type: 'fault', error })
  }
}

/** What one watcher was told: instances by interface and name, and the peers that they make. */
class NativeView {
  readonly #mesh: string
  readonly #isOwn: (id: string) => boolean
  readonly #instances = new Map<string, PeerRecord>()
  readonly #reported = new Map<string, PeerRecord>()

  constructor(mesh: string, isOwn: (id: string) => boolean) {
    this.#mesh = mesh
    this.#isOwn = isOwn
  }

  add(service: NativeService, addresses: readonly string[]): DiscoveryEvent[] {
    const record = recordOf(service, addresses, this.#mesh)
    const isFull = this.#instances.size >= MAX_INSTANCES
    if (!record || isFull || this.#isOwn(record.id)) return []
    this.#instances.set(keyOf(service), record)
    return this.#show(record.id)
  }

  remove(service: NativeService): DiscoveryEvent[] {
    const record = this.#instances.get(keyOf(service))
    if (!record) return []
    this.#instances.delete(keyOf(service))
    return this.#show(record.id)
  }

  #show(id: string): DiscoveryEvent[] {
    const seen = [...this.#instances].filter(([, record]) => record.id === id)
    const peer = mergeHoldings(
      new Map(seen.map(([key, record]) => [key, { record, run: 0, lease: undefined }])),
    )
    const before = this.#reported.get(id)
    if (peer) {
      if (before && sameRecord(before, peer)) return []
      this.#reported.set(id, peer)
      return [{ type: before?.epoch === peer.epoch ? 'change' : 'up', peer }]
    }
    if (!before) return []
    this.#reported.delete(id)
    return [{ type: 'down', id, epoch: before.epoch, reason: 'goodbye' }]
  }
}

function complaint(thrown: unknown): EarshotError {
  const text = `the mDNS daemon of this system (avahi-daemon?) fails: ${textOf(thrown)}`
  return new EarshotError('EARSHOT_DISCOVERY', text, { cause: thrown })
}

/** @throws EARSHOT_DISCOVERY where the daemon does not run */
function attempt<T>(run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    throw complaint(thrown)
  }
}

function keyOf({ name, interfaceIndex }: NativeService): string {
  return `${interfaceIndex} ${name}`
}

function recordOf(
  { port, rawTxtRecord }: NativeService,
  addresses: readonly string[],
  mesh: string,
): PeerRecord | undefined {
  const facts = rawTxtRecord && decodeTxt(splitStrings(rawTxtRecord))
  if (!facts || facts.meshHash !== meshHash(mesh)) return undefined
  if (port === undefined || !isPort(port) || addresses.length === 0) return undefined
  const at = (one: number) => addresses.map((address) => `tcp://${address}:${one}`)
  const { id, epoch, seq, name, meta, doorPort } = facts
  return {
    ...{ id, epoch, seq, mesh, inbox: at(port) },
    door: doorPort === undefined ? [] : at(doorPort),
    ...(name === undefined ? {} : { name }),
    ...(meta === undefined ? {} : { meta }),
  }
}

/** The daemon announces the addresses of this host: what listens on loopback is not reached so. */
function portBeyondHost(endpoints: readonly string[]): number | undefined {
  for (const endpoint of endpoints) {
    const [, host = '', port] = ENDPOINT.exec(endpoint) ?? []
    if (host !== '' && !/^(127\.|localhost$|\[::1\])/.test(host)) return Number(port)
  }
  return undefined
}

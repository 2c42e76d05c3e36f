// Owns the provider for services that cannot announce themselves: somebody registers them here,
// for as long as a lease lasts, and this peer announces them. Never believes that they are up.

import { createHash, randomBytes } from 'node:crypto'
import { checkOptions } from '../base/arguments.ts'
import { type Clock, systemClock, type Timer } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import { defaultLimits } from '../base/limits.ts'
import { DiscoveryEvents } from './event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent, PeerPlace, PeerRecord } from './provider.ts'
import { checkLease, checkService, type ServiceToRegister } from './registration.ts'

export interface RegistrarOptions {
  /** Services registered at a time. Default 256 (`maxRegistrations`). */
  readonly limit?: number
  readonly clock?: Clock
}

/** Plain data, so that it can be the answer of a request. */
export interface Registration {
  readonly id: string
  /** Renews and withdraws this registration, and no other: whoever holds it can. */
  readonly token: string
  readonly leaseMs: number
}

export interface Registrar extends Discovery {
  /**
   * Announces a service until its lease ends: 1 000 to 60 000 ms, 15 000 by default. A later
   * epoch of an id replaces the earlier one, whose token is void then.
   * @throws EARSHOT_OPTION_INVALID with the path, EARSHOT_OVERLOADED beyond the limit,
   * EARSHOT_ALREADY_SERVED when that id is registered with the same or a later epoch,
   * EARSHOT_CLOSED
   */
  register(service: ServiceToRegister, leaseMs?: number): Registration
  /** The lease begins anew. @throws EARSHOT_CLOSED when it has ended: register again */
  renew(token: string): void
  /** Takes the service back, with a goodbye; harmless when its lease has ended. */
  withdraw(token: string): void
  /** What is registered now. */
  registered(): PeerRecord[]
}

const silent: Announcement = {
  update: () => Promise.resolve(),
  withdraw: () => Promise.resolve(),
}

/**
 * Third-party registration. Give it to `createPeer` beside other providers: what is registered
 * here is known to this peer, and the others hear of it through those providers.
 * @throws EARSHOT_OPTION_INVALID
 */
export function registrar(options: RegistrarOptions = {}): Registrar {
  checkOptions(options, ['limit', 'clock'])
  const { limit = defaultLimits.maxRegistrations, clock = systemClock } = options
  if (!Number.isInteger(limit) || limit < 1) {
    const text = `registrar: limit is a whole number from 1, not ${String(limit)}`
    throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/limit' })
  }
  return new LeasingRegistrar(limit, clock)
}

interface Entry {
  readonly token: string
  readonly leaseMs: number
  readonly record: Omit<PeerRecord, 'mesh'>
  lease: Timer
  /** The other providers were asked in vain: tried again when the lease is renewed. */
  isUnheard: boolean
  /** Once it is heard of through the other providers. */
  announced: Promise<Announcement | undefined>
}

class LeasingRegistrar implements Registrar {
  readonly name: string = 'registrar'
  readonly #limit: number
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #ids = new Map<string, string>()
  readonly #watching = new Map<DiscoveryEvents, string>()
  #place: PeerPlace | undefined
  #isClosed = false

  constructor(limit: number, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
  }

  prepare(place: PeerPlace): void {
    this.#place = place
    for (const entry of this.#entries.values()) entry.announced = this.#announce(entry)
  }

  register(service: ServiceToRegister, leaseMs = 15_000): Registration {
    if (this.#isClosed) throw new EarshotError('EARSHOT_CLOSED', 'the registrar is closed')
    checkLease(leaseMs)
    const entry = this.#entry(checkService(service), leaseMs)
    const { id, epoch } = entry.record
    if (id === this.#place?.id) {
      const text = 'registrar: id is that of the peer with which it registers, which lives'
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/id' })
    }
    const before = this.#entries.get(this.#ids.get(id) ?? '')
    if (before && before.record.epoch >= epoch) {
      const text = `${id} is registered until its lease ends: withdraw it, or give a later epoch`
      throw new EarshotError('EARSHOT_ALREADY_SERVED', text, { data: { id } })
    }
    if (!before && this.#entries.size >= this.#limit) {
      const text = `${this.#limit} services are registered: raise the limit of registrar()`
      throw new EarshotError('EARSHOT_OVERLOADED', text, { data: { limit: this.#limit } })
    }
    if (before) this.#remove(before)
    // Not sooner: one that is refused has no lease that ends.
    entry.lease = this.#lease(entry, leaseMs)
    this.#entries.set(entry.token, entry)
    this.#ids.set(id, entry.token)
    entry.announced = this.#announce(entry)
    for (const [events, mesh] of this.#watching) events.push(up(entry, mesh))
    return { id, token: entry.token, leaseMs }
  }

  renew(token: string): void {
    const entry = this.#entries.get(token)
    if (!entry) {
      const text = 'this registration has ended: register the service again'
      throw new EarshotError('EARSHOT_CLOSED', text)
    }
    entry.lease.cancel()
    entry.lease = this.#lease(entry, entry.leaseMs)
    if (entry.isUnheard) entry.announced = this.#announce(entry)
  }

  withdraw(token: string): void {
    const entry = this.#entries.get(token)
    if (entry) this.#end(entry, 'goodbye')
  }

  registered(): PeerRecord[] {
    const mesh = this.#place?.mesh ?? ''
    return [...this.#entries.values()].map(({ record }) => ({ ...record, mesh }))
  }

  announce(): Promise<Announcement> {
    return Promise.resolve(silent)
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const events: DiscoveryEvents = new DiscoveryEvents(signal, () => this.#watching.delete(events))
    if (signal.aborted || this.#isClosed) {
      events.end()
      return events
    }
    this.#watching.set(events, mesh)
    for (const entry of this.#entries.values()) events.push(up(entry, mesh))
    events.push({ type: 'synced' })
    return events
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const goodbyes = [...this.#entries.values()].map((entry) => this.#remove(entry))
    for (const events of [...this.#watching.keys()]) events.end()
    await Promise.all(goodbyes)
  }

  #entry({ id, epoch, name, inbox }: ServiceToRegister, leaseMs: number): Entry {
    const record = {
      id: id ?? derivedId(inbox),
      epoch: epoch ?? Math.round(this.#clock.wallMs()),
      seq: 0,
      name,
      inbox: [...inbox],
      door: [],
    }
    const token = randomBytes(16).toString('hex')
    const entry: Entry = {
      ...{ token, leaseMs, record, isUnheard: false },
      announced: Promise.resolve(undefined),
      lease: { cancel: () => undefined },
    }
    return entry
  }

  #lease(entry: Entry, leaseMs: number): Timer {
    return this.#clock.after(leaseMs, () => this.#end(entry, 'expired'), true)
  }

  #end(entry: Entry, reason: 'goodbye' | 'expired'): void {
    void this.#remove(entry)
    const { id, epoch } = entry.record
    for (const events of this.#watching.keys()) events.push({ type: 'down', id, epoch, reason })
  }

  async #remove(entry: Entry): Promise<void> {
    entry.lease.cancel()
    this.#entries.delete(entry.token)
    this.#ids.delete(entry.record.id)
    try {
      await (await entry.announced)?.withdraw()
    } catch (thrown) {
      this.#fault(thrown)
    }
  }

  async #announce(entry: Entry): Promise<Announcement | undefined> {
    const { record } = entry
    entry.isUnheard = false
    const place = this.#place
    if (!place) return undefined
    try {
      return await place.announce({ ...record, mesh: place.mesh, behalf: true })
    } catch (thrown) {
      entry.isUnheard = true
      this.#fault(thrown)
      return undefined
    }
  }

  #fault(thrown: unknown): void {
    const error = toEarshotError(thrown, 'EARSHOT_DISCOVERY')
    for (const events of this.#watching.keys()) events.push({ type: 'fault', error })
  }
}

function up({ record }: Entry, mesh: string): DiscoveryEvent {
  return { type: 'up', peer: { ...record, mesh } }
}

/** The same wherever the service is registered, so that two registrars show one peer. */
function derivedId(inbox: readonly string[]): string {
  const text = [...inbox].sort().join(' ')
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

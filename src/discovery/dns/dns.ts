// Owns the provider for services that DNS names: SRV, or addresses and a port, as Kubernetes has
// them for headless services. Never announces: the cluster does, or whoever keeps the zone.

import { checkOptions, namesOf } from '../../base/arguments.ts'
import { type Clock, systemClock, type Timer } from '../../base/clock.ts'
import { EarshotError } from '../../base/errors.ts'
import { DiscoveryEvents } from '../event-queue.ts'
import type { Announcement, Discovery, DiscoveryEvent } from '../provider.ts'
import { type Answer, type DnsResolver, Lookup, searchDomains, systemResolver } from './lookup.ts'
import { DnsView } from './view.ts'

export interface DnsOptions {
  /** Port of the inboxes, 1 to 65 535: then A and AAAA are asked for, and no SRV. */
  readonly port?: number
  /** The name of the port in `_<service>._tcp.<name>`. Default `earshot`. */
  readonly service?: string
  /** DNS servers, `address` or `address:port`. Default: those of this machine. */
  readonly servers?: readonly string[]
  /** Domains to try behind the name, at most 6. Default: those of `/etc/resolv.conf`. */
  readonly search?: readonly string[]
  /** Looks again when the records run out, but no sooner. Default 1 000 ms, at least 100. */
  readonly leastMs?: number
  /** … and no later. Default 30 000 ms. */
  readonly mostMs?: number
  readonly clock?: Clock
  /** 0 to 1, for the spread of looks. Default `Math.random`. */
  readonly random?: () => number
  /** What answers, instead of the servers: called once for each watch. */
  readonly resolver?: () => DnsResolver
}

const optionNames = namesOf<DnsOptions>({
  port: true,
  service: true,
  servers: true,
  search: true,
  leastMs: true,
  mostMs: true,
  clock: true,
  random: true,
  resolver: true,
})

const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/
const MAX_NAME = 253
const SERVICE = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/

const silent: Announcement = {
  update: () => Promise.resolve(),
  withdraw: () => Promise.resolve(),
}

/**
 * Finds peers by the records of `name`: SRV `_earshot._tcp.<name>` (or `name` itself where it
 * begins with `_`), or A and AAAA with a `port`. Each address is a peer with the id `?<endpoint>`
 * and epoch 0 until its hello says more. Looks again when the records run out. Who is no longer
 * named is down, all at once only when two looks in a row find nobody; while DNS fails, the last
 * view stays and a `fault` says why. Announces nothing.
 * Source: RFC 2782; Kubernetes DNS-Based Service Discovery.
 * @throws EARSHOT_OPTION_INVALID with the path of the option
 */
export function dns(name: string, options: DnsOptions = {}): Discovery {
  checkOptions(options, optionNames)
  check(name, options)
  return new DnsProvider(name, options)
}

class DnsProvider implements Discovery {
  readonly name: string
  readonly #service: string
  readonly #options: DnsOptions
  readonly #open = new Set<DiscoveryEvents>()
  #isClosed = false

  constructor(service: string, options: DnsOptions) {
    this.name = `dns:${service}`
    this.#service = service
    this.#options = options
  }

  announce(): Promise<Announcement> {
    return Promise.resolve(silent)
  }

  watch(mesh: string, { signal }: { signal: AbortSignal }): AsyncIterable<DiscoveryEvent> {
    const { clock = systemClock, random = Math.random } = this.#options
    const { port, service = 'earshot', search = searchDomains(), servers } = this.#options
    const { leastMs = 1_000, mostMs = 30_000 } = this.#options
    const resolver = this.#options.resolver?.() ?? systemResolver(servers)
    const lookup = new Lookup(this.#service, resolver, { port, service, search })
    const view = new DnsView(mesh, { leastMs, mostMs }, random)
    let timer: Timer | undefined
    let fault = ''
    const events: DiscoveryEvents = new DiscoveryEvents(signal, () => {
      this.#open.delete(events)
      timer?.cancel()
      resolver.cancel()
    })
    this.#open.add(events)
    const look = async () => {
      const answer = await lookup.run()
      if (!this.#open.has(events)) return
      const { events: news, waitMs } = view.take(answer)
      for (const one of news) events.push(one)
      const code = answer.kind === 'failed' ? answer.code : ''
      // Told once, not at each look.
      if (answer.kind === 'failed' && code !== fault) events.push(this.#fault(answer, waitMs))
      fault = code
      timer = clock.after(waitMs, () => void look(), true)
    }
    if (signal.aborted || this.#isClosed) events.end()
    else void look()
    return events
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const events of [...this.#open]) events.end()
    return Promise.resolve()
  }

  #fault({ code, cause }: Answer & { kind: 'failed' }, retryInMs: number): DiscoveryEvent {
    const text = `DNS does not answer for ${this.#service} (${code}): ${remedyFor(code)}`
    const data = { name: this.#service, errno: code }
    const error = new EarshotError('EARSHOT_DISCOVERY', text, { cause, data })
    return { type: 'fault', error, retryInMs }
  }
}

function remedyFor(code: string): string {
  switch (code) {
    case 'ETIMEOUT':
      return 'see that the DNS server is up and that UDP port 53 is open to it'
    case 'ECONNREFUSED':
      return 'no server listens there; answers beyond 1 232 bytes also need TCP port 53'
    case 'EREFUSED':
      return 'the server does not serve this name to us'
    case 'EBADRESP':
    case 'EFORMERR':
      return 'what answers there is no sound DNS server'
    default:
      return 'the last view stays, and it is asked again'
  }
}

function check(name: string, options: DnsOptions): void {
  const { port, service, servers, leastMs, mostMs } = options
  if (!isName(name)) {
    throw invalid('/name', `dns("${String(name)}"): that is no name in DNS, such as orders.svc`)
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw invalid('/port', `dns: port is a whole number from 1 to 65535, not ${String(port)}`)
  }
  if (service !== undefined && !SERVICE.test(service)) {
    throw invalid('/service', 'dns: service is up to 15 letters, digits and hyphens: earshot')
  }
  const [least, most] = [leastMs ?? 1_000, mostMs ?? 30_000]
  if (!(least >= 100)) throw invalid('/leastMs', 'dns: leastMs is at least 100')
  if (!(most >= least)) throw invalid('/mostMs', 'dns: mostMs is at least leastMs')
  if (servers === undefined) return
  try {
    systemResolver(servers)
  } catch (cause) {
    const text = 'dns: servers are addresses, with or without a port: 10.0.0.10, 127.0.0.1:5300'
    throw invalid('/servers', text, cause)
  }
}

function isName(name: unknown): boolean {
  if (typeof name !== 'string' || name.length > MAX_NAME) return false
  return name
    .replace(/\.$/, '')
    .split('.')
    .every((label) => LABEL.test(label))
}

function invalid(path: string, text: string, cause?: unknown): EarshotError {
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path, cause })
}

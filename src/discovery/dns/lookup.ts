// Owns one look into DNS: which questions, in which order, and what the answers amount to.
// Never keeps time and never remembers who was there: view.ts does.

import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { defaultLimits } from '../../base/limits.ts'
import { errnoOf } from '../errno.ts'

/** What is asked of DNS; rejects with an error that has the code of `node:dns`. */
export interface DnsResolver {
  srv(name: string): Promise<readonly { name: string; port: number; priority: number }[]>
  /** `family` 4 or 6. */
  addresses(
    name: string,
    family: 4 | 6,
  ): Promise<readonly { address: string; ttlSeconds: number }[]>
  /** What is under way rejects. */
  cancel(): void
}

export interface Found {
  readonly host: string
  readonly endpoint: string
}

export type Answer =
  | {
      readonly kind: 'found'
      readonly endpoints: readonly Found[]
      /** Hosts of which it is not known where they are now: the server did not say. */
      readonly unsure: readonly string[]
      readonly ttlMs: number
    }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly code: string; readonly cause: unknown }

export interface LookupOptions {
  /** Without it SRV is asked for. */
  readonly port: number | undefined
  readonly service: string
  readonly search: readonly string[]
}

const QUERY_LIMIT_MS = 500
const TRIES = 2
/** A name that says no is no failure. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])
/** A service of hundreds must not open hundreds of questions at once. */
const QUESTIONS_AT_ONCE = 16
const MAX_SEARCH = 6

export class Lookup {
  readonly #resolver: DnsResolver
  readonly #options: LookupOptions
  #candidates: string[]

  constructor(name: string, resolver: DnsResolver, options: LookupOptions) {
    this.#resolver = resolver
    this.#options = options
    this.#candidates = candidates(name, options.search)
  }

  /** Never rejects. */
  async run(): Promise<Answer> {
    for (const name of this.#candidates) {
      const answer = await this.#ask(name)
      if (answer.kind === 'failed') return answer
      if (answer.kind === 'found') {
        // The next look begins where this one ended.
        this.#candidates = [name, ...this.#candidates.filter((other) => other !== name)]
        return answer
      }
    }
    return { kind: 'none' }
  }

  async #ask(name: string): Promise<Answer> {
    const { port, service } = this.#options
    if (port !== undefined) return this.#locate([{ host: name, port }])
    const question = name.startsWith('_') ? name : `_${service}._tcp.${name}`
    try {
      const records = [...(await this.#resolver.srv(question))]
      records.sort((a, b) => a.priority - b.priority)
      // A target of "." says that there is no such service here. Source: RFC 2782.
      const real = records.filter((record) => record.name !== '' && record.port > 0)
      return await this.#locate(real.map((record) => ({ host: record.name, port: record.port })))
    } catch (cause) {
      return verdict(cause)
    }
  }

  async #locate(targets: readonly { host: string; port: number }[]): Promise<Answer> {
    const endpoints: Found[] = []
    const unsure: string[] = []
    let ttlSeconds = Infinity
    let failure: Answer | undefined
    const hosts = [...new Set(targets.map(({ host }) => host))].slice(0, defaultLimits.maxPeers)
    const places = await inSlices(hosts, (host) => this.#addresses(host))
    const byHost = new Map(hosts.map((host, index) => [host, places[index]]))
    for (const { host, port } of targets) {
      const place = byHost.get(host)
      if (place === undefined) continue
      if (!Array.isArray(place)) {
        if (place.kind === 'failed') unsure.push(host)
        if (place.kind === 'failed') failure ??= place
        continue
      }
      for (const one of place) {
        ttlSeconds = Math.min(ttlSeconds, one.ttlSeconds)
        const address = one.address.includes(':') ? `[${one.address}]` : one.address
        endpoints.push({ host, endpoint: `tcp://${address}:${port}` })
      }
    }
    if (failure && unsure.length === targets.length) return failure
    if (endpoints.length === 0 && unsure.length === 0) return { kind: 'none' }
    const kept = endpoints.slice(0, defaultLimits.maxPeers)
    return { kind: 'found', endpoints: kept, unsure, ttlMs: ttlSeconds * 1_000 }
  }

  /** Of a host with both, IPv4 alone: a peer listens there unless told otherwise. */
  async #addresses(host: string) {
    let failure: Answer = { kind: 'none' }
    for (const family of [4, 6] as const) {
      try {
        const found = [...(await this.#resolver.addresses(host, family))]
        if (found.length > 0) return found
      } catch (cause) {
        const answer = verdict(cause)
        if (answer.kind === 'failed') failure = answer
      }
    }
    return failure
  }
}

function verdict(cause: unknown): Answer {
  const code = errnoOf(cause)
  return NOTHING.has(code) ? { kind: 'none' } : { kind: 'failed', code, cause }
}

async function inSlices<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += QUESTIONS_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + QUESTIONS_AT_ONCE).map(run))))
  }
  return results
}

/** The names to try, as `resolv.conf` means them: `node:dns` alone asks for names as they are. */
function candidates(name: string, search: readonly string[]): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  return [...new Set([name, ...search.slice(0, MAX_SEARCH).map((domain) => `${name}.${domain}`)])]
}

/** The domains in which this machine looks for short names; none where the file is missing. */
export function searchDomains(path = '/etc/resolv.conf'): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n')
    // The last line counts. Source: resolv.conf(5).
    const [, list = ''] =
      lines.flatMap((line) => [...line.matchAll(/^search\s+(.*)$/g)]).at(-1) ?? []
    const domains = list.split(/\s+/).map((domain) => domain.replace(/\.$/, ''))
    return domains.filter((domain) => domain !== '').slice(0, MAX_SEARCH)
  } catch {
    // Windows has no such file, and its service names are whole.
    return []
  }
}

/** Asks the servers given, or those of this machine, with a time-out that fits a local network. */
export function systemResolver(servers: readonly string[] | undefined): DnsResolver {
  const resolver = new Resolver({ timeout: QUERY_LIMIT_MS, tries: TRIES })
  if (servers) resolver.setServers(servers)
  return {
    srv: (name) => resolver.resolveSrv(name),
    addresses: async (name, family) => {
      const records =
        family === 4
          ? await resolver.resolve4(name, { ttl: true })
          : await resolver.resolve6(name, { ttl: true })
      return records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }))
    },
    cancel: () => resolver.cancel(),
  }
}

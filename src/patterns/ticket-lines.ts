// Owns the order in which tickets are asked for: those that go one way leave one after the other,
// also when nobody serves them for a while, or a link is full or lost.
// Never asks: it says whose turn it is, and by which route.

import { type EarshotError, toEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Link } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import type { Stoppable } from './call-options.ts'
import type { RouteFinder } from './find-route.ts'
import type { LaterOptions, TicketEntry } from './ticket.ts'

/** What stands in a line. */
export interface InLine {
  /** Grows with each that is made. */
  readonly order: number
  readonly entry: TicketEntry
  readonly routes: ChannelRoutes
  readonly options: Stoppable<LaterOptions> | undefined
  /** Where a field of it may be the key. */
  readonly body: unknown
}

export interface TicketLinesParts<T extends InLine> {
  readonly finder: RouteFinder
  /** Its turn has come. May throw why it is not asked. */
  readonly ask: (one: T, route: Route, link: Link) => void
  readonly fail: (one: T, error: EarshotError) => void
}

export class TicketLines<T extends InLine> {
  readonly #parts: TicketLinesParts<T>
  /** By the routes of a client, and then by what it wished: a key, a peer, or nothing. */
  readonly #lines = new Map<ChannelRoutes, Map<string, T[]>>()
  /** Of each, as it was when it came: who waits does not change lines. */
  readonly #wishes = new WeakMap<T, string>()

  constructor(parts: TicketLinesParts<T>) {
    this.#parts = parts
  }

  /**
   * In the order in which they were made, also where some have been asked for already and never
   * left. Who is the first is asked for at once if there is a way.
   */
  join(...some: readonly T[]): void {
    const opened = new Set<T[]>()
    for (const one of some) {
      const line = this.#lineOf(one)
      if (line.length === 0) opened.add(line)
      const before = line.findLastIndex(({ order }) => order < one.order)
      line.splice(before + 1, 0, one)
    }
    for (const line of opened) void this.#serve(line)
  }

  /** It waits no longer. */
  leave(one: T): void {
    const line = this.#lines.get(one.routes)?.get(this.#wishes.get(one) ?? '')
    const at = line?.indexOf(one) ?? -1
    if (at >= 0) line?.splice(at, 1)
  }

  #lineOf(one: T): T[] {
    const lines = this.#lines.get(one.routes) ?? new Map<string, T[]>()
    this.#lines.set(one.routes, lines)
    const wish = this.#wishOf(one)
    const line = lines.get(wish) ?? []
    lines.set(wish, line)
    return line
  }

  #wishOf(one: T): string {
    const known = this.#wishes.get(one)
    if (known !== undefined) return known
    const wish = wishOf(one)
    this.#wishes.set(one, wish)
    return wish
  }

  /** Until nobody stands there any more. Never rejects. */
  async #serve(line: T[]): Promise<void> {
    const { routes } = line[0] as T
    const wish = this.#wishOf(line[0] as T)
    for (let first = line[0]; first; first = line[0]) {
      try {
        if (!this.#hasAsked(first)) {
          // After that somebody else may be the first, and there may be another way.
          const { routes, options, entry, body } = first
          await this.#parts.finder.find({ routes, endMs: entry.deadlineMs, options, body })
          continue
        }
      } catch (error) {
        this.#parts.fail(first, toEarshotError(error))
      }
      this.leave(first)
    }
    const lines = this.#lines.get(routes)
    if (lines?.get(wish) === line) lines.delete(wish)
    if (lines?.size === 0) this.#lines.delete(routes)
  }

  /** False: there is no way for it now. */
  #hasAsked(first: T): boolean {
    const { routes, options, body } = first
    const route = routes.choose(options, undefined, undefined, body)
    const link = route?.remote.link
    if (!route || !link || link.outbound.full) return false
    this.#parts.ask(first, route, link)
    return true
  }
}

/** Those of one key, or for one peer, keep their order among each other alone. */
function wishOf({ routes, options, body }: InLine): string {
  if (options?.to !== undefined) return `to ${options.to}`
  const key = routes.keyOf(options, body)
  return key === undefined ? '' : `key ${key}`
}

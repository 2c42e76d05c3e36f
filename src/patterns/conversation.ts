// Owns the caller's side of a stream or duplex talk: finding who serves it, opening, giving up.
// Never decides what may be said: its pattern does.

import { addAbortListener, removeAbortListener } from '../base/abort-listeners.ts'
import type { Timer } from '../base/clock.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { Route } from '../mesh/route-list.ts'
import { type CallOptions, cancelled, type Stoppable } from './call-options.ts'
import { encodeHeaders } from './headers.ts'
import { Incoming, type Window } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { flowOf, Talk } from './talk.ts'
import type { Talks } from './talks.ts'

export interface StreamOptions extends CallOptions {
  /** From the call until somebody has taken it up. Default 2 000 ms; how long it lasts is free. */
  readonly timeoutMs?: number
  /** The longest wait for one item, in ms. Default: none; a dead peer ends the wait in any case. */
  readonly idleMs?: number
  /** So many items may come before they are taken. Default and most: `streamWindowItems`. */
  readonly ahead?: number
}

export interface ConversationParts {
  readonly talks: Talks
  readonly routes: ChannelRoutes
  readonly timeoutMs: number
  readonly options: Stoppable<StreamOptions>
}

export class Conversation {
  readonly incoming: Incoming
  readonly #parts: ConversationParts
  readonly #mesh: Mesh
  readonly #window: Window
  readonly #startMs: number
  #talk: Talk | undefined
  #timer: Timer | undefined
  #error: EarshotError | undefined
  #over = false
  #onAbort: (() => void) | undefined

  /** @throws EARSHOT_OPTION_INVALID */
  constructor(parts: ConversationParts) {
    this.#parts = parts
    this.#mesh = parts.talks.mesh
    const { clock, limits } = this.#mesh.parts
    this.#window = windowOf(parts.options, limits)
    this.#startMs = clock.nowMs()
    const { idleMs } = parts.options
    this.incoming = new Incoming({
      ...{ clock, window: this.#window, idleMs },
      grant: (items, bytes) => this.#talk?.grant(items, bytes),
      left: () => this.#end(undefined),
      idle: () => this.#end(this.#silent(idleMs as number)),
    })
  }

  get outgoing(): Outgoing | undefined {
    return this.#talk?.parts.outgoing
  }

  /** What ended it before its time. */
  get error(): EarshotError | undefined {
    return this.#error
  }

  /**
   * Opens it now if there is somebody with room, or as soon as there is.
   * @param says it is a duplex talk: no body goes with the opening
   */
  start(body: unknown, says: boolean): Promise<void> {
    const { routes, options } = this.#parts
    const { signal } = options
    if (signal?.aborted) {
      this.#end(cancelled(signal, 'no'), true)
      return Promise.resolve()
    }
    if (signal) {
      this.#onAbort = () => this.#end(cancelled(signal, this.#talk ? 'unknown' : 'no'), true)
      addAbortListener(signal, this.#onAbort)
    }
    try {
      const route = routes.choose(options, undefined, undefined, body)
      const link = route?.remote.link
      if (!route || !link || link.outbound.full) return this.#startLater(body, says)
      this.#open(route, link, body, says)
    } catch (error) {
      this.#end(toEarshotError(error))
    }
    return Promise.resolve()
  }

  async #startLater(body: unknown, says: boolean): Promise<void> {
    const { talks, routes, options, timeoutMs } = this.#parts
    talks.waiting++
    try {
      checkRoom(talks)
      // A body that does not fit is told at once, not when somebody comes to serve it.
      if (!says) routes.local.check(body)
      const endMs = this.#startMs + timeoutMs
      const route = await talks.finder.find({ routes, endMs, options, body })
      if (!this.#over) this.#open(route, route.remote.link as Link, body, says)
    } catch (error) {
      this.#end(toEarshotError(error))
    } finally {
      talks.waiting--
    }
  }

  #open(route: Route, link: Link, body: unknown, says: boolean): void {
    const { talks, routes, options, timeoutMs } = this.#parts
    const { counters, limits, clock } = this.#mesh.parts
    checkRoom(talks)
    const headers = encodeHeaders(options.headers, limits)
    const correlation = talks.correlation()
    const { items, bytes } = this.#window
    const codec = says ? undefined : route.body
    link.outbound.open(route.code, correlation, items, bytes, headers, codec, body)
    const talk = this.#newTalk(route, link, correlation, says)
    this.#talk = talk
    talks.add(talk)
    route.remote.load++
    counters.streamsOpened++
    if (!says) routes.local.counts.sent++
    const leftMs = Math.max(1, timeoutMs - (clock.nowMs() - this.#startMs))
    const late = () => {
      if (!talk.begun) this.#end(this.#late(link))
    }
    this.#timer = clock.after(leftMs, late, true)
  }

  #newTalk(route: Route, link: Link, correlation: number, says: boolean): Talk {
    const { talks, routes } = this.#parts
    const { limits, counters } = this.#mesh.parts
    const { local } = routes
    const outgoing = new Outgoing({
      ...{ link, flow: flowOf(correlation, 'caller'), codec: route.body, local, limits },
      sent: () => {
        counters.itemsSent++
        local.counts.sent++
      },
      ended: () => undefined,
    })
    return new Talk({
      ...{ mesh: this.#mesh, link, side: 'caller', correlation, channel: local.channel },
      ...{ reader: route.reply, errors: route.errors, incoming: this.incoming },
      outgoing: says ? outgoing : undefined,
      received: () => {
        counters.itemsReceived++
        local.counts.received++
      },
      onOver: (talk, error) => {
        talks.remove(talk)
        route.remote.load--
        if (error && speaksAgainst(talk, error)) route.remote.failed()
        this.#end(error)
      },
    })
  }

  /** @param atOnce what has come already is not read any more */
  #end(error: EarshotError | undefined, atOnce = false): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#timer?.cancel()
    const { signal } = this.#parts.options
    if (signal && this.#onAbort) removeAbortListener(signal, this.#onAbort)
    if (error) this.incoming.fail(error, atOnce)
    else this.incoming.end()
    // To the other side it is a reader who leaves, whatever it is to ours.
    this.#talk?.leave(error)
  }

  #late({ remote }: Link): EarshotError {
    const { timeoutMs, routes } = this.#parts
    const who = remote?.name ?? 'the remote peer'
    const within = `in ${Math.round(timeoutMs)} ms`
    const text = `${who} did not take up ${routes.local.channel.key} ${within}`
    return new EarshotError('EARSHOT_TIMEOUT', text)
  }

  #silent(idleMs: number): EarshotError {
    const text = `no item of ${this.#parts.routes.local.channel.key} came in ${idleMs} ms (idleMs)`
    return new EarshotError('EARSHOT_TIMEOUT', text)
  }
}

/** It was not taken up in time, or ended by who serves it, in a way that is no answer. */
function speaksAgainst({ begun }: Talk, { code, data }: EarshotError): boolean {
  if (code === 'EARSHOT_TIMEOUT') return !begun
  return data.remote !== undefined && code !== 'EARSHOT_DECLARED'
}

/** Those that wait are as many as will be open. @throws EARSHOT_OVERLOADED */
function checkRoom(talks: Talks): void {
  const { maxStreams } = talks.mesh.parts.limits
  const count = talks.count('caller')
  if (count < maxStreams && talks.waiting <= maxStreams) return
  const text = `${count} streams are open already, ${talks.waiting} wait to be (maxStreams)`
  throw new EarshotError('EARSHOT_OVERLOADED', text)
}

function windowOf(
  { ahead, idleMs }: Pick<StreamOptions, 'ahead' | 'idleMs'>,
  limits: { readonly streamWindowItems: number; readonly streamWindowBytes: number },
): Window {
  const { streamWindowItems: most, streamWindowBytes: bytes } = limits
  if (ahead !== undefined && !(Number.isInteger(ahead) && ahead >= 1 && ahead <= most)) {
    throw invalid('/ahead', `a whole number from 1 to ${most}`, ahead)
  }
  if (idleMs !== undefined && !(typeof idleMs === 'number' && idleMs > 0 && idleMs < 2 ** 31)) {
    throw invalid('/idleMs', 'a number of ms above 0', idleMs)
  }
  return { items: ahead ?? most, bytes }
}

function invalid(path: string, what: string, given: unknown): EarshotError {
  const text = `${path.slice(1)} is ${what}, not ${String(given)}`
  return new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
}

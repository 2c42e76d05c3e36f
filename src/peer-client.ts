// Owns what a contract becomes for its callers: one method a channel, by its kind.
// Never sends: each method hands on to its pattern.

import { checkNames } from './base/arguments.ts'
import type { EarshotError } from './base/errors.ts'
import type { Limits } from './base/limits.ts'
import type { Channel } from './contract/channel.ts'
import type { AnyContract } from './contract/contract.ts'
import { resolveBalance } from './mesh/balance.ts'
import type { ChannelRoutes } from './mesh/channel-routes.ts'
import type { Mesh } from './mesh/mesh.ts'
import {
  type CallOptions,
  callNames,
  optionFault,
  type Stoppable,
} from './patterns/call-options.ts'
import type { ClientPolicies, Policies, WithChannels } from './patterns/client-policies.ts'
import type { StreamOptions } from './patterns/conversation.ts'
import { type Call, guardedCall, optionsFor, timeFor } from './patterns/guarded-call.ts'
import { guardedScatter } from './patterns/guarded-scatter.ts'
import { guardedSend } from './patterns/guarded-send.ts'
import {
  checkMiddleware,
  type Middleware,
  notLater,
  type PeerMiddleware,
  readLater,
  type Sending,
  through,
} from './patterns/middleware.ts'
import type { Notifications } from './patterns/notification.ts'
import { clientNames } from './patterns/policy-options.ts'
import type { Requests } from './patterns/request.ts'
import type { ScatterOptions, Scatters } from './patterns/scatter.ts'
import type { Streams } from './patterns/stream.ts'
import type { Tickets } from './patterns/tickets.ts'
import { badTimeout, checkObject, checkTimeout, isTimeout, rangeOf } from './peer-checks.ts'
import type { ClientOptions } from './peer-types.ts'

type Method = (body: unknown, options?: CallOptions) => unknown

/** What calls go through. */
export interface CallingParts {
  readonly mesh: Mesh
  readonly limits: Limits
  readonly policies: Policies
  readonly middleware: PeerMiddleware
  readonly requests: Requests
  readonly notifications: Notifications
  readonly tickets: Tickets
  readonly streams: Streams
  readonly scatters: Scatters
}

/** One channel of one client. */
interface Place {
  readonly channel: Channel
  readonly routes: ChannelRoutes
  readonly timeoutMs: number
  readonly policies: ClientPolicies
  readonly use: readonly Middleware<Sending>[]
}

export class ClientMaker {
  readonly #parts: CallingParts
  readonly #closed: () => EarshotError | undefined

  /** @param closed why the peer takes nothing any more */
  constructor(parts: CallingParts, closed: () => EarshotError | undefined) {
    this.#parts = parts
    this.#closed = closed
  }

  /** @throws EARSHOT_OPTION_INVALID */
  client(contract: AnyContract, options: ClientOptions): Readonly<Record<string, unknown>> {
    const { mesh, limits, middleware } = this.#parts
    checkObject(options, '', 'options of a client are an object: { timeoutMs: 500 }')
    checkNames(options, clientNames)
    const said: WithChannels = options
    const defaultMs = checkTimeout(options.timeoutMs) ?? limits.requestTimeoutMs
    const range = rangeOf(contract, options)
    const policies = this.#parts.policies.of(said, contract, contract.channels)
    checkMiddleware(options.use, '/use')
    const use = [...(middleware.calls ?? []), ...(options.use ?? [])]
    const proxy: Record<string, unknown> = {}
    for (const channel of contract.channels) {
      if (channel.kind === 'event') continue
      const own = said.channels?.[channel.name]
      const path = own === undefined ? '' : `/channels/${channel.name}`
      const balance = resolveBalance(options.balance, own?.balance, path, channel.major)
      // A scatter asks all: there is nobody to choose.
      const chosen = channel.kind === 'scatter' ? undefined : balance
      const routes = mesh.routing.of(mesh.parts.catalog.channel(channel), range, chosen)
      const timeoutMs = checkTimeout(own?.timeoutMs) ?? defaultMs
      proxy[channel.name] = this.#method({ channel, routes, timeoutMs, policies, use })
    }
    return Object.freeze(proxy)
  }

  #method(place: Place): unknown {
    const { channel, routes, policies } = place
    const { requests, notifications } = this.#parts
    switch (channel.kind) {
      case 'request': {
        const call = guardedCall(requests, routes, policies.of(channel))
        return Object.assign(rejecting(place, this.#call(place, call)), this.#tickets(place))
      }
      case 'notification': {
        const send = guardedSend(notifications, routes, policies.of(channel))
        return rejecting(place, this.#call(place, send))
      }
      case 'scatter':
        return this.#scatter(place)
      default:
        return this.#stream(place)
    }
  }

  #call({ channel, timeoutMs }: Place, call: Call): Method {
    return (body, options) => {
      const closed = this.#closed()
      if (closed) return Promise.reject(closed)
      const fault = optionFault(options, callNames[channel.kind])
      if (fault) return Promise.reject(fault)
      const given = options?.timeoutMs
      if (given !== undefined && !isTimeout(given)) return Promise.reject(badTimeout(given))
      if (options?.context === undefined) return call(body, given ?? timeoutMs, options)
      const ms = timeFor(channel.key, given ?? timeoutMs, options)
      if (typeof ms !== 'number') return Promise.reject(ms)
      return call(body, ms, optionsFor(options))
    }
  }

  #tickets(place: Place): object {
    const { channel, routes } = place
    const { tickets, limits } = this.#parts
    const later: Method = (body, options) => {
      this.#open()
      checkOptions(options, channel)
      const ownMs = checkTimeout(options?.timeoutMs) ?? limits.ticketTimeoutMs
      const ms = timeFor(channel.key, ownMs, options)
      if (typeof ms !== 'number') throw ms
      return tickets.later(routes, body, ms, optionsFor(options))
    }
    const claim = (record: unknown) => {
      this.#open()
      return tickets.claim(routes, record)
    }
    const asked = around(place, later)
    const ticket: Method = (body, options) => notLater(asked(body, options), channel, 'ticket')
    return { later: ticket, claim }
  }

  /** What a client has for a channel of the kind stream or duplex. */
  #stream(place: Place): unknown {
    const { channel, routes } = place
    const { streams } = this.#parts
    const timeoutOf = (options: StreamOptions | undefined) => {
      this.#open()
      checkOptions(options, channel)
      const ms = timeFor(channel.key, checkTimeout(options?.timeoutMs) ?? place.timeoutMs, options)
      if (typeof ms !== 'number') throw ms
      return ms
    }
    if (channel.kind === 'duplex') {
      const talk = around(place, (_, options) =>
        streams.talk(routes, timeoutOf(options), optionsFor(options)),
      )
      return (options?: StreamOptions) => notLater(talk(undefined, options), channel, 'talk')
    }
    const read = around(place, (body, options) => {
      return streams.read(routes, body, timeoutOf(options), optionsFor(options))
    })
    return (body: unknown, options?: StreamOptions) => readLater(read(body, options))
  }

  #scatter(place: Place): unknown {
    const { channel, routes, timeoutMs, policies } = place
    const scatter = guardedScatter(this.#parts.scatters, routes, policies.of(channel))
    const within = (options?: ScatterOptions): Stoppable<ScatterOptions> | undefined => {
      this.#open()
      checkOptions(options, channel)
      if (options?.context === undefined) return options
      const withinMs = timeFor(channel.key, options.withinMs ?? timeoutMs, options)
      if (typeof withinMs !== 'number') throw withinMs
      return { ...optionsFor(options), withinMs }
    }
    const ask: Method = async (question, options) =>
      scatter.ask(question, timeoutMs, within(options as ScatterOptions))
    const each: Method = (question, options) =>
      scatter.each(question, timeoutMs, within(options as ScatterOptions))
    const asked = around(place, each)
    const one: Method = (question, options) => readLater(asked(question, options))
    return Object.assign(rejecting(place, ask), { each: one })
  }

  #open(): void {
    const closed = this.#closed()
    if (closed) throw closed
  }
}

/** @throws EARSHOT_OPTION_INVALID */
function checkOptions(options: CallOptions | ScatterOptions | undefined, { kind }: Channel): void {
  const fault = optionFault(options, callNames[kind])
  if (fault) throw fault
}

/** The method inside all middleware; without any, the method itself. */
function around({ channel, use }: Place, method: Method): Method {
  if (use.length === 0) return method
  const next = through<Sending>(use, (message, { options }) => method(message, options))
  return (body, options) => next(body, { channel, options })
}

/** The same, where a middleware that throws rejects. */
function rejecting(place: Place, method: Method): Method {
  if (place.use.length === 0) return method
  const next = around(place, method)
  return async (body, options) => next(body, options)
}

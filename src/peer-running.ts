// Owns the peer that users hold: the public methods, each handed on to the pattern that does it.
// Never decides: checks of arguments and the order of closing are all it adds.

import type { Clock } from './base/clock.ts'
import { EarshotError } from './base/errors.ts'
import type { Limits } from './base/limits.ts'
import type { Channel } from './contract/channel.ts'
import { type AnyContract, contractOf } from './contract/contract.ts'
import type { VersionRange } from './contract/version-range.ts'
import type { Discoverer } from './discovery/aggregator.ts'
import { type BalanceSettings, checkWeight, resolveBalance } from './mesh/balance.ts'
import type { LocalChannel } from './mesh/local-channel.ts'
import type { Mesh, PeerChange } from './mesh/mesh.ts'
import type { RemotePeer } from './mesh/remote.ts'
import type { CallOptions } from './patterns/call-options.ts'
import type { BreakerView, Policies, WithChannels } from './patterns/client-policies.ts'
import type { StreamOptions } from './patterns/conversation.ts'
import type { Events, Publisher, PublishOptions, SubscribeOptions } from './patterns/event.ts'
import { Gate, type ServeOptions } from './patterns/gate.ts'
import { type Call, guardedCall, optionsFor, timeFor } from './patterns/guarded-call.ts'
import type { Notifications, Sender } from './patterns/notification.ts'
import type { Requests } from './patterns/request.ts'
import type { Scatter, ScatterOptions, Scatters } from './patterns/scatter.ts'
import type { AnyHandler, Serving } from './patterns/serving.ts'
import type { Streams } from './patterns/stream.ts'
import type { StreamServing } from './patterns/stream-serving.ts'
import type { EventHandler, Subscription } from './patterns/subscriber.ts'
import type { Talks } from './patterns/talks.ts'
import type { Verdict } from './patterns/verdict.ts'
import {
  badTimeout,
  checkHandlers,
  checkTimeout,
  isStreamed,
  isTimeout,
  rangeOf,
} from './peer-checks.ts'
import { type PeerStats, statsOf } from './peer-stats.ts'
import type { Client, ClientOptions, Handlers, Peer, SenderOptions, Service } from './peer-types.ts'
import type { Trust } from './security/trust.ts'
import type { Bound, Transport } from './transport/transport.ts'

export interface RunningParts {
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly limits: Limits
  readonly clock: Clock
  readonly transport: Transport
  readonly discoverer: Discoverer
  readonly bound: Bound
  readonly meshName: string
  readonly mesh: Mesh
  readonly requests: Requests
  readonly notifications: Notifications
  readonly events: Events
  readonly serving: Serving
  readonly trust: Trust | undefined
  readonly policies: Policies
  readonly talks: Talks
  readonly streams: Streams
  readonly scatters: Scatters
  readonly streamServing: StreamServing
}

type Method = (body: unknown, options?: CallOptions) => Promise<unknown>

type StreamMethod = (body: never, options?: StreamOptions) => AsyncIterableIterator<unknown>

export class RunningPeer implements Peer {
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly mesh: string
  readonly endpoints: Bound
  readonly #parts: RunningParts
  #closing: Promise<void> | undefined

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.id = parts.id
    this.epoch = parts.epoch
    this.name = parts.name
    this.mesh = parts.meshName
    this.endpoints = parts.bound
  }

  async serve<C extends AnyContract>(
    contract: C,
    handlers: Handlers<C>,
    options: ServeOptions = {},
  ): Promise<Service> {
    this.#open()
    const { mesh, serving, streamServing: streams } = this.#parts
    const given = handlers as Readonly<Record<string, AnyHandler | undefined>>
    const channels = this.#learn(contract).channels.filter(({ kind }) => kind !== 'event')
    checkHandlers(contract, channels, given)
    mesh.parts.catalog.checkOffer(contract)
    const locals = channels.map((channel) => mesh.parts.catalog.channel(channel))
    const servingOf = (local: LocalChannel) => (isStreamed(local.channel) ? streams : serving)
    for (const local of locals) {
      if (!servingOf(local).isServed(local)) continue
      const text = `${local.channel.key} is already served by this peer`
      throw new EarshotError('EARSHOT_ALREADY_SERVED', text)
    }
    const weight = checkWeight(options.weight ?? 1, '/weight')
    const gate = new Gate(contract.name, options, mesh.parts)
    for (const local of locals) {
      servingOf(local).serve(local, given[local.channel.name] as AnyHandler, gate)
    }
    mesh.parts.catalog.offer(contract)
    mesh.parts.catalog.weigh(contract, weight)
    mesh.offersChanged()
    return service(locals, this.#parts)
  }

  client<C extends AnyContract>(contract: C, options: ClientOptions = {}): Client<C> {
    this.#open()
    const { mesh, requests, notifications, limits } = this.#parts
    const timeoutMs = checkTimeout(options.timeoutMs) ?? limits.requestTimeoutMs
    const range = rangeOf(contract, options)
    const proxy: Record<string, Method | StreamMethod | Scatter<unknown, unknown>> = {}
    const { channels } = this.#learn(contract)
    const said: WithChannels = options
    const policies = this.#parts.policies.of(said, contract, channels)
    for (const channel of channels) {
      if (channel.kind === 'event') continue
      const own = said.channels?.[channel.name]
      const path = own === undefined ? '' : `/channels/${channel.name}`
      const balance = resolveBalance(options.balance, own?.balance, path, channel.major)
      if (isStreamed(channel)) {
        proxy[channel.name] = this.#streamed(channel, timeoutMs, range, balance)
        continue
      }
      if (channel.kind === 'scatter') {
        proxy[channel.name] = this.#scattered(channel, timeoutMs, range)
        continue
      }
      const routes = mesh.routing.of(mesh.parts.catalog.channel(channel), range, balance)
      const call: Call =
        channel.kind === 'request'
          ? guardedCall(requests, routes, policies.of(channel))
          : (body, ms, call) => notifications.send(routes, body, ms, call)
      const ownMs = checkTimeout(own?.timeoutMs) ?? timeoutMs
      proxy[channel.name] = this.#method(channel.key, call, ownMs)
    }
    return Object.freeze(proxy) as Client<C>
  }

  #method(key: string, call: Call, defaultMs: number): Method {
    return (body, options) => {
      if (this.#closing) return Promise.reject(closed(this.name))
      const given = options?.timeoutMs
      if (given !== undefined && !isTimeout(given)) return Promise.reject(badTimeout(given))
      if (options?.context === undefined) return call(body, given ?? defaultMs, options)
      const ms = timeFor(key, given ?? defaultMs, options)
      if (typeof ms !== 'number') return Promise.reject(ms)
      return call(body, ms, optionsFor(options))
    }
  }

  breakers(): BreakerView[] {
    return this.#parts.policies.breakers()
  }

  async publish<B>(
    channel: Channel<'event', B>,
    body: B,
    options?: PublishOptions,
  ): Promise<Verdict> {
    return this.#parts.events.publish(this.#published(channel), body, options)
  }

  publisher<B>(channel: Channel<'event', B>): Publisher<B> {
    return this.#parts.events.publisher(this.#published(channel))
  }

  sender<B>(channel: Channel<'notification', B>, options: SenderOptions = {}): Sender<B> {
    const { mesh, notifications } = this.#parts
    const local = this.#local(channel, 'notification')
    const balance = resolveBalance(options.balance, undefined, '', channel.major)
    return notifications.sender(mesh.routing.of(local, rangeOf(channel, options), balance))
  }

  async subscribe<B>(
    channel: Channel<'event', B>,
    handler?: unknown,
    options?: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<B>> {
    const local = this.#local(channel, 'event')
    const takes = typeof handler === 'function'
    const given = takes ? options : (handler as SubscribeOptions | undefined)
    const take = takes ? (handler as EventHandler) : undefined
    const subscription = await this.#parts.events.subscribe(local, take, given ?? {})
    return subscription as Subscription & AsyncIterable<B>
  }

  peers(): RemotePeer[] {
    return this.#parts.mesh.peers()
  }

  watch(): AsyncIterableIterator<PeerChange> {
    this.#open()
    return this.#parts.mesh.watch()
  }

  synced(): Promise<void> {
    return this.#parts.mesh.synced()
  }

  flush(): Promise<void> {
    return this.#parts.mesh.flush()
  }

  stats(): PeerStats {
    return statsOf(this.#parts)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { mesh, serving, requests, transport, discoverer, limits, clock, trust } = this.#parts
    trust?.close()
    const { streams, streamServing } = this.#parts
    const endMs = clock.nowMs() + limits.drainTimeoutMs
    mesh.leave()
    const withdrawn = discoverer.stop()
    await mesh.atMost(limits.drainTimeoutMs, Promise.all([serving.idle(), streamServing.idle()]))
    streamServing.endAll()
    await mesh.drain(Math.max(0, endMs - clock.nowMs()))
    // What came before the others knew of our leaving is answered as well.
    await mesh.atMost(Math.max(0, endMs - clock.nowMs()), serving.idle())
    await mesh.drain(Math.max(0, endMs - clock.nowMs()))
    requests.close()
    streams.close()
    mesh.close()
    await withdrawn
    await transport.close()
  }

  #open(): void {
    if (this.#closing) throw closed(this.name)
  }

  #learn<C extends AnyContract>(contract: C): C {
    if (!Array.isArray(contract?.channels)) {
      throw new EarshotError('EARSHOT_OPTION_INVALID', 'a contract is made with contract()')
    }
    this.#parts.mesh.parts.catalog.learn(contract)
    return contract
  }

  #local(channel: Channel, kind: 'event' | 'notification'): LocalChannel {
    this.#open()
    if (channel?.kind !== kind) {
      const given = channel?.kind ?? typeof channel
      const text = `this takes a channel made with ${kind}(), not ${given}`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: '/channel' })
    }
    return this.#parts.mesh.parts.catalog.channel(channel)
  }

  /** What a client has for a channel of the kind stream or duplex. */
  #streamed(
    channel: Channel,
    timeoutMs: number,
    range: VersionRange | undefined,
    balance: BalanceSettings | undefined,
  ): StreamMethod {
    const { mesh, streams } = this.#parts
    const routes = mesh.routing.of(mesh.parts.catalog.channel(channel), range, balance)
    const timeoutOf = (options: StreamOptions | undefined) => {
      if (this.#closing) throw closed(this.name)
      return checkTimeout(options?.timeoutMs) ?? timeoutMs
    }
    if (channel.kind === 'duplex') {
      return (options) => streams.talk(routes, timeoutOf(options), options)
    }
    return (body, options) => streams.read(routes, body, timeoutOf(options), options)
  }

  #scattered(
    channel: Channel,
    timeoutMs: number,
    range: VersionRange | undefined,
  ): Scatter<unknown, unknown> {
    const { mesh, scatters } = this.#parts
    const routes = mesh.routing.of(mesh.parts.catalog.channel(channel), range)
    const ask = async (question: unknown, options?: ScatterOptions) => {
      if (this.#closing) throw closed(this.name)
      return scatters.ask(routes, question, timeoutMs, options)
    }
    const each = (question: unknown, options?: ScatterOptions) => {
      if (this.#closing) throw closed(this.name)
      return scatters.each(routes, question, timeoutMs, options)
    }
    return Object.assign(ask, { each })
  }

  /** A channel that we publish on: the others are told of its contract, once. */
  #published(channel: Channel): LocalChannel {
    const local = this.#local(channel, 'event')
    const { mesh } = this.#parts
    const contract = this.#learn(contractOf(channel))
    if (mesh.parts.catalog.offer(contract)) mesh.offersChanged()
    return local
  }
}

function service(locals: readonly LocalChannel[], parts: RunningParts): Service {
  const { serving, streamServing, mesh } = parts
  let open = true
  const close = async () => {
    if (!open) return
    open = false
    for (const local of locals) {
      if (isStreamed(local.channel)) streamServing.stop(local)
      else serving.stop(local)
    }
    mesh.offersChanged()
  }
  return { close, [Symbol.asyncDispose]: close }
}

function closed(name: string): EarshotError {
  return new EarshotError('EARSHOT_CLOSED', `peer "${name}" is closed`)
}

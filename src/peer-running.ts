// Owns the peer that users hold: the public methods, each handed on to the pattern that does it.
// Never decides: checks of arguments and the order of closing are all it adds.

import { checkNames } from './base/arguments.ts'
import type { Clock } from './base/clock.ts'
import { EarshotError } from './base/errors.ts'
import type { Channel } from './contract/channel.ts'
import { type AnyContract, contractOf } from './contract/contract.ts'
import type { Discoverer } from './discovery/aggregator.ts'
import { checkWeight, resolveBalance } from './mesh/balance.ts'
import type { LocalChannel } from './mesh/local-channel.ts'
import type { PeerChange } from './mesh/mesh.ts'
import type { RemotePeer } from './mesh/remote.ts'
import type { UnreachedPeer } from './mesh/unreached.ts'
import type { HandlerContext } from './patterns/call-context.ts'
import { callNames, optionFault } from './patterns/call-options.ts'
import type { BreakerView } from './patterns/client-policies.ts'
import type { DoorCalls } from './patterns/door-calls.ts'
import type { Events, Publisher, PublishOptions, SubscribeOptions } from './patterns/event.ts'
import type { EventContext } from './patterns/event-context.ts'
import { Gate, type ServeOptions } from './patterns/gate.ts'
import { hearAll } from './patterns/hear-all.ts'
import {
  checkMiddleware,
  type Middleware,
  type Next,
  type Sending,
  through,
} from './patterns/middleware.ts'
import type { Sender } from './patterns/notification.ts'
import type { AnyHandler, Serving } from './patterns/serving.ts'
import type { StreamServing } from './patterns/stream-serving.ts'
import type { EventHandler, Subscription } from './patterns/subscriber.ts'
import type { Talks } from './patterns/talks.ts'
import type { TicketServing } from './patterns/ticket-serving.ts'
import type { Verdict } from './patterns/verdict.ts'
import { checkHandlers, checkObject, checkTimeout, isStreamed, rangeOf } from './peer-checks.ts'
import { type CallingParts, ClientMaker } from './peer-client.ts'
import type { Places } from './peer-places.ts'
import { type PeerStats, statsOf } from './peer-stats.ts'
import type { Client, ClientOptions, Handlers, Peer, SenderOptions, Service } from './peer-types.ts'
import type { Trust } from './security/trust.ts'
import type { Bound, Transport } from './transport/transport.ts'

export interface RunningParts extends CallingParts {
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly clock: Clock
  readonly transport: Transport
  readonly discoverer: Discoverer
  readonly places: Places
  readonly meshName: string
  readonly events: Events
  readonly serving: Serving
  readonly trust: Trust | undefined
  readonly talks: Talks
  readonly streamServing: StreamServing
  readonly ticketServing: TicketServing
  readonly doorCalls: DoorCalls
}

export class RunningPeer implements Peer {
  readonly id: string
  readonly epoch: number
  readonly name: string
  readonly mesh: string
  readonly #parts: RunningParts
  readonly #clients: ClientMaker
  #closing: Promise<void> | undefined

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.#clients = new ClientMaker(parts, () => (this.#closing ? closed(this.name) : undefined))
    this.id = parts.id
    this.epoch = parts.epoch
    this.name = parts.name
    this.mesh = parts.meshName
  }

  get endpoints(): Bound {
    return this.#parts.places.here
  }

  async serve<C extends AnyContract>(
    contract: C,
    handlers: Handlers<C>,
    options: ServeOptions = {},
  ): Promise<Service> {
    this.#open()
    const { mesh, serving, streamServing: streams, middleware } = this.#parts
    checkObject(options, '', 'options of a service are an object: { concurrency: 16 }')
    const given = handlers as unknown as Readonly<Record<string, AnyHandler | undefined>>
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
    checkMiddleware(options.use, '/use')
    const use = [...(middleware.handlers ?? []), ...(options.use ?? [])]
    for (const local of locals) {
      const own = (given[local.channel.name] as AnyHandler).bind(given) as Next<HandlerContext>
      const handler = through(use as Middleware<HandlerContext>[], own) as AnyHandler
      servingOf(local).serve(local, handler, gate)
    }
    mesh.parts.catalog.offer(contract)
    mesh.parts.catalog.weigh(contract, weight)
    mesh.offersChanged()
    return service(locals, this.#parts)
  }

  client<C extends AnyContract>(contract: C, options: ClientOptions = {}): Client<C> {
    this.#open()
    return this.#clients.client(this.#learn(contract), options) as Client<C>
  }

  breakers(): BreakerView[] {
    return this.#parts.policies.breakers()
  }

  async publish<B>(
    channel: Channel<'event', B>,
    body: B,
    options?: PublishOptions,
  ): Promise<Verdict> {
    const { events, middleware } = this.#parts
    const fault = optionFault(options, callNames.event)
    if (fault) throw fault
    checkTimeout(options?.timeoutMs)
    const local = this.#published(channel)
    if (!middleware.calls?.length) return events.publish(local, body, options)
    const publish: Next<Sending> = (message, { options: own }) =>
      events.publish(local, message, own as PublishOptions | undefined)
    return through(middleware.calls, publish)(body, { channel, options }) as Promise<Verdict>
  }

  publisher<B>(channel: Channel<'event', B>): Publisher<B> {
    return this.#parts.events.publisher(this.#published(channel))
  }

  sender<B>(channel: Channel<'notification', B>, options: SenderOptions = {}): Sender<B> {
    const { mesh, notifications } = this.#parts
    const local = this.#local(channel, 'notification')
    checkNames(options, ['version', 'balance'])
    const balance = resolveBalance(options.balance, undefined, '', channel.major)
    return notifications.sender(mesh.routing.of(local, rangeOf(channel, options), balance))
  }

  async subscribe(
    heard: Channel<'event'> | AnyContract,
    ...given: readonly unknown[]
  ): Promise<Subscription & AsyncIterable<never>> {
    const isWhole = given[0] === '*'
    const [handler, options] = (isWhole ? given.slice(1) : given) as [unknown, SubscribeOptions?]
    const takes = typeof handler === 'function'
    const own = takes ? (handler as Next<EventContext>) : undefined
    const wanted = (takes ? options : (handler as SubscribeOptions | undefined)) ?? {}
    const subscription = isWhole
      ? await hearAll(this.#learn(heard as AnyContract), own, (channel, take) =>
          this.#hear(channel, take, wanted),
        )
      : await this.#hear(heard as Channel<'event'>, own, wanted)
    return subscription as Subscription & AsyncIterable<never>
  }

  #hear(
    channel: Channel<'event'>,
    handler: Next<EventContext> | undefined,
    options: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<unknown>> {
    const local = this.#local(channel, 'event')
    const use = (this.#parts.middleware.handlers ?? []) as Middleware<EventContext>[]
    const take = handler && (through(use, handler) as EventHandler)
    return this.#parts.events.subscribe(local, take, options)
  }

  peers(): RemotePeer[] {
    return this.#parts.mesh.peers()
  }

  unreached(): UnreachedPeer[] {
    return this.#parts.mesh.membership.unreached()
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
    const { mesh, serving, requests, transport, discoverer, limits, clock } = this.#parts
    const { places, trust } = this.#parts
    trust?.close()
    places.close()
    const { events, streams, streamServing, tickets, ticketServing, doorCalls } = this.#parts
    const endMs = clock.nowMs() + limits.drainTimeoutMs
    const leftMs = () => Math.max(0, endMs - clock.nowMs())
    const told = mesh.leave()
    const withdrawn = discoverer.stop()
    const finish = async () => {
      const served = [serving.idle(), streamServing.idle(), ticketServing.idle(), events.finish()]
      await mesh.atMost(leftMs(), Promise.all([told, doorCalls.idle(), ...served]))
      streamServing.endAll()
      return mesh.drain(leftMs())
    }
    // Who finds us so late knows of our leaving a little later than the others.
    while (!(await finish()) && leftMs() > 0);
    // What came before they knew is finished as well.
    await finish()
    events.close()
    requests.close()
    tickets.close()
    ticketServing.close()
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

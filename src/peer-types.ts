// Owns the public types of a peer: what a contract makes of callers, handlers and events.
// Never holds code: `peer.ts` joins the parts.

import type { Limits } from './base/limits.ts'
import type { CodecName } from './codec/codec.ts'
import type { Channel, ChannelKind } from './contract/channel.ts'
import type { AnyContract } from './contract/contract.ts'
import type { Discovery } from './discovery/provider.ts'
import type { Balance } from './mesh/balance.ts'
import type { PeerChange } from './mesh/mesh.ts'
import type { RemotePeer } from './mesh/remote.ts'
import type { UnreachedPeer } from './mesh/unreached.ts'
import type { HandlerContext, RequestContext } from './patterns/call-context.ts'
import type { CallOptions } from './patterns/call-options.ts'
import type { BreakerView } from './patterns/client-policies.ts'
import type { StreamOptions } from './patterns/conversation.ts'
import type { DeferredAnswer } from './patterns/deferred-answer.ts'
import type { Publisher, PublishOptions, SubscribeOptions } from './patterns/event.ts'
import type { EventContext } from './patterns/event-context.ts'
import type { ServeOptions } from './patterns/gate.ts'
import type { Middleware, PeerMiddleware, Sending } from './patterns/middleware.ts'
import type { NotifyOptions, Sender } from './patterns/notification.ts'
import type { PolicyOptions } from './patterns/policy-options.ts'
import type { Scatter } from './patterns/scatter.ts'
import type { Duplex } from './patterns/stream.ts'
import type { Subscription } from './patterns/subscriber.ts'
import type { LaterOptions, Ticket, TicketRecord } from './patterns/ticket.ts'
import type { Verdict } from './patterns/verdict.ts'
import type { PeerStats } from './peer-stats.ts'
import type { AccessRules } from './security/access.ts'
import type { Security } from './security/security.ts'

export type Listen = 'host' | 'lan' | { readonly host: string; readonly port?: number }

export type WithinProcess = 'memory' | 'sockets'

export interface PeerOptions {
  /** What others are shown; need not be unique. 1 to 100 characters. */
  readonly name: string
  /** Peers of one mesh find each other. Default `$EARSHOT_MESH` or, without it, `default`. */
  readonly mesh?: string
  /**
   * Where this peer is, a rack or an availability zone: callers with `balance: { zones: true }`
   * prefer those of their own. 1 to 100 characters. Default none.
   */
  readonly zone?: string
  /**
   * `host` (default): sockets that only this user can enter, and loopback. `lan`, or a host and a
   * port (inbox; outlet and door are the next two): needs `security`.
   */
  readonly listen?: Listen
  readonly security?: Security
  /**
   * Who may use what this peer serves and publishes, by role or key; needs `allowList`. A channel
   * without a rule is open to all who are let in, one with a rule to those alone whom it names.
   */
  readonly allow?: AccessRules
  /** Codecs that this peer speaks, best first. Default avro, protobuf, msgpack, json. */
  readonly codecs?: readonly CodecName[]
  /**
   * True: JSON in both directions of every link, on all channels that can be had in it, so that
   * bytes can be read; said aloud at start. Default: whether `EARSHOT_CODEC=json` is set.
   */
  readonly debugJson?: boolean
  /**
   * How frames go to and from other peers of this process that have the same trust. Default
   * `memory`: copied over, with no socket in between; those who hear a peer of another process
   * share one socket there. `sockets`: as to any other process.
   */
  readonly withinProcess?: WithinProcess
  /**
   * How others are found, all at once. Default `['directory', 'mdns']`: on this host, and by
   * multicast. Further: `dns(…)`, `staticPeers(…)`, or a provider of your own.
   */
  readonly discovery?: readonly (Discovery | 'directory' | 'mdns')[]
  /** False: finds others, is not found; for tools that come and go. Default true. */
  readonly announce?: boolean
  /** Parent of the directory for sockets. Default: the user's runtime directory. */
  readonly directory?: string
  /** Around every call, publication and handler; nothing costs nothing. */
  readonly use?: PeerMiddleware
  readonly limits?: Partial<Limits>
}

export interface SenderOptions {
  /**
   * Only peers whose version of the contract is in this range: `^1.2`, `~1.2.3`, `>=1.1 <1.4`,
   * `1.3.0`, `1.2.x || ^1.4`. Default: any version of the contract's major.
   */
  readonly version?: string
  /** How messages are shared out among those who serve. Default `two`. */
  readonly balance?: Balance
}

/** What a client may say of one of its channels; a fallback is of the type of its answers. */
export type PolicyOf<X> =
  X extends Channel<'request' | 'scatter', infer B, infer R>
    ? PolicyOptions<R, B>
    : X extends Channel<'notification', infer B>
      ? PolicyOptions<unknown, B>
      : Pick<PolicyOptions, 'timeoutMs' | 'balance'>

/** How calls fail well, for all channels, and for some of them in their own way. */
export interface ClientOptions<C = AnyContract> extends SenderOptions, PolicyOptions {
  /** Around all that this client sends, the first outermost; those of the peer come outside. */
  readonly use?: readonly Middleware<Sending>[]
  /** Laid over the client's own settings, by the name of the channel. */
  readonly channels?: { readonly [N in OneToOne<C>]?: PolicyOf<C[N]> }
}

/** A request as its callers have it: awaited, or asked for now and fetched later. */
export interface RequestMethod<B, R> {
  (body: B, options?: CallOptions): Promise<R>
  /**
   * Asks at once and gives a ticket for the answer, which may take its time (60 s, or `timeoutMs`)
   * and comes once, also when the link is cut in between. No policies.
   * @throws EARSHOT_OPTION_INVALID, EARSHOT_DEADLINE; all else is told by the ticket
   */
  later(body: B, options?: LaterOptions): Ticket<R>
  /**
   * The ticket of that record, in this process or in another than the one that asked.
   * @throws EARSHOT_OPTION_INVALID for what is no ticket of this channel
   */
  claim(ticket: TicketRecord | string): Ticket<R>
}

/** The contract as its callers see it: one method for each channel that is no event. */
export type Client<C> = {
  readonly [N in OneToOne<C>]: C[N] extends Channel<'request', infer B, infer R>
    ? RequestMethod<B, R>
    : C[N] extends Channel<'notification', infer B>
      ? (body: B, options?: NotifyOptions) => Promise<Verdict>
      : C[N] extends Channel<'stream', infer B, infer R>
        ? (body: B, options?: StreamOptions) => AsyncIterableIterator<R>
        : C[N] extends Channel<'duplex', infer B, infer R>
          ? (options?: StreamOptions) => Duplex<B, R>
          : C[N] extends Channel<'scatter', infer B, infer R>
            ? Scatter<B, R>
            : never
}

/** The contract as those see it who serve it: one handler for each channel that is no event. */
export type Handlers<C> = {
  readonly [N in OneToOne<C>]: C[N] extends Channel<
    'request' | 'scatter',
    infer B,
    infer R,
    infer E
  >
    ? (body: B, context: RequestContext<R, E>) => Answer<R> | Promise<Answer<R>>
    : C[N] extends Channel<'notification', infer B>
      ? (body: B, context: HandlerContext) => unknown
      : C[N] extends Channel<'stream', infer B, infer R, infer E>
        ? (body: B, context: HandlerContext<E>) => Items<R>
        : C[N] extends Channel<'duplex', infer B, infer R, infer E>
          ? (said: AsyncIterableIterator<B>, context: HandlerContext<E>) => Items<R>
          : never
}

/** What a handler gives: the answer, or that it comes later. */
export type Answer<R> = R | DeferredAnswer<R>

/**
 * The contract as a plain interface, for code that knows nothing of Earshot: a class that
 * implements it can be served, and a client is one. Talks and scatter, which the two sides see
 * differently, are not in it.
 */
export type ServiceOf<C> = {
  [N in SameOnBothSides<C>]: C[N] extends Channel<'request', infer B, infer R>
    ? (body: B) => Promise<R>
    : C[N] extends Channel<'stream', infer B, infer R>
      ? (body: B) => AsyncIterable<R>
      : C[N] extends Channel<'notification', infer B>
        ? (body: B) => Promise<unknown>
        : never
}

type SameOnBothSides<C> = {
  [N in keyof C]: C[N] extends Channel<'request' | 'notification' | 'stream'> ? N : never
}[keyof C]

/**
 * What a handler of a stream gives: an async generator, as a rule. It is advanced as its reader
 * takes items, and its `return()` runs when the reader leaves.
 */
export type Items<R> = AsyncIterable<R> | Iterable<R> | Promise<AsyncIterable<R> | Iterable<R>>

type OneToOne<C> = {
  [N in keyof C]: C[N] extends Channel<Exclude<ChannelKind, 'event'>> ? N : never
}[keyof C]

/** An event of a contract, with the name of its channel: told apart by it. */
export type AnyEvent<C> = {
  readonly [N in EventsOf<C>]: {
    readonly name: N
    readonly body: C[N] extends Channel<'event', infer B> ? B : never
  }
}[EventsOf<C>]

type EventsOf<C> = {
  [N in keyof C]: C[N] extends Channel<'event'> ? N : never
}[keyof C]

export interface Service {
  /** Takes no new work. Calls under way go on. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** One running participant of a mesh. */
export interface Peer {
  readonly id: string
  /** Our incarnation: ms since 1970 at our start, as others see it. */
  readonly epoch: number
  readonly name: string
  readonly mesh: string
  /** Where others reach us at this moment, best first. */
  readonly endpoints: {
    readonly inbox: readonly string[]
    readonly outlet: readonly string[]
    readonly door: readonly string[]
  }

  /**
   * Serves the channels of a contract that are no events, by an object or an instance of a class
   * (`this` is kept). Resolves when the others are being told.
   * @throws EARSHOT_OPTION_INVALID for a handler that is missing or belongs to no channel,
   * EARSHOT_ALREADY_SERVED, EARSHOT_CONTRACT_CLASH
   */
  serve<C extends AnyContract>(
    contract: C,
    handlers: Handlers<C>,
    options?: ServeOptions,
  ): Promise<Service>

  /**
   * A typed proxy for all peers that serve the contract; calls are shared out by `balance`.
   * Calls reject with EARSHOT_BODY_INVALID, EARSHOT_NO_SERVER, EARSHOT_TIMEOUT, EARSHOT_PEER_GONE,
   * EARSHOT_REMOTE, EARSHOT_DECLARED (see `isDeclared`), EARSHOT_CANCELLED, EARSHOT_OVERLOADED,
   * EARSHOT_CONTRACT_MISMATCH, EARSHOT_DEADLINE, EARSHOT_BREAKER_OPEN, EARSHOT_RATE_LIMITED. Bodies
   * must not be changed until the call has ended: it may be sent again.
   */
  client<C extends AnyContract>(contract: C, options?: ClientOptions<C>): Client<C>

  /** The breakers of all clients here, a snapshot, each with a hand on it. */
  breakers(): BreakerView[]

  /** Publishes one event and says what became of it. Not heard by our own subscribers. */
  publish<B>(channel: Channel<'event', B>, body: B, options?: PublishOptions): Promise<Verdict>

  /** For many events: no promise a message. */
  publisher<B>(channel: Channel<'event', B>): Publisher<B>

  /**
   * For many notifications: no promise a message.
   * @throws EARSHOT_OPTION_INVALID for a range of versions that is none
   */
  sender<B>(channel: Channel<'notification', B>, options?: SenderOptions): Sender<B>

  /**
   * Hears a channel. Resolves when every publisher known by then has the subscription in force:
   * what is published from then on arrives, or is told as missed.
   */
  subscribe<B>(
    channel: Channel<'event', B>,
    handler: (body: B, context: EventContext) => unknown,
    options?: SubscribeOptions,
  ): Promise<Subscription>
  /** Without a handler: an async iterable of bodies, for one consumer. */
  subscribe<B>(
    channel: Channel<'event', B>,
    options?: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<B>>

  /**
   * Hears all events of a contract as this peer has it; those that a newer minor version adds are
   * not among them. Each comes with the name of its channel, in the order of its channel alone.
   */
  subscribe<C extends AnyContract>(
    contract: C,
    channels: '*',
    handler: (event: AnyEvent<C>, context: EventContext) => unknown,
    options?: SubscribeOptions,
  ): Promise<Subscription>
  /** Without a handler: an async iterable, for one consumer; `capacity` is that of each channel. */
  subscribe<C extends AnyContract>(
    contract: C,
    channels: '*',
    options?: SubscribeOptions,
  ): Promise<Subscription & AsyncIterable<AnyEvent<C>>>

  /** The remote peers that are up and not leaving, a snapshot. */
  peers(): RemotePeer[]

  /**
   * Those of whom discovery tells and who are not up, a snapshot: where they were dialled, and what
   * came of it. Hints all of it: anybody can announce anybody.
   */
  unreached(): UnreachedPeer[]

  /**
   * Resolves when the first look around is over: whoever discovery knew of by then is up, or was
   * tried in vain. Never rejects.
   */
  synced(): Promise<void>

  /**
   * Remote peers as they come, go, or fall silent, beginning with those that are up: what it has
   * told is what `peers()` says.
   * @throws EARSHOT_OVERLOADED, as its end, where `maxIteratorItems` changes wait to be read
   */
  watch(): AsyncIterableIterator<PeerChange>

  /** Resolves when all that was written has been handed to the sockets. */
  flush(): Promise<void>

  stats(): PeerStats

  /**
   * Says goodbye, finishes what is in hand (at most `drainTimeoutMs`), lets go of everything.
   * Whatever still waits is rejected. Idempotent.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

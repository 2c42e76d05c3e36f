// Owns what a channel is: its kind, the types of its messages, its promises.
// Never sends: patterns do, by kind.

import type { Static, TSchema } from 'typebox'
import type { Overflow } from '../base/bounded-queue.ts'
import type { RecordShape, Shape } from './shape.ts'

export type ChannelKind = 'request' | 'notification' | 'event' | 'stream' | 'duplex' | 'scatter'

/** All kinds; those that say two things have two types. */
export const channelKinds: readonly ChannelKind[] = [
  'request',
  'notification',
  'event',
  'stream',
  'duplex',
  'scatter',
]

/** Kinds that carry a second type: an answer, answers, items, what is said back. */
export function isAnswered(kind: ChannelKind): boolean {
  return kind !== 'notification' && kind !== 'event'
}

/** Kinds whose handlers can fail in a declared way: who asked is there to be told. */
export function canFail(kind: ChannelKind): boolean {
  return isAnswered(kind)
}

/** The errors of a channel by their names, each with the type of its data. */
export type ErrorTypes = Readonly<Record<string, TSchema>>

/** A channel that declares none. */
export type NoErrors = Readonly<Record<never, TSchema>>

/** Names of errors with the types of their data, as handlers and callers see them. */
export type ErrorData<E> = string extends keyof E
  ? NoErrors
  : { readonly [N in keyof E]: E[N] extends TSchema ? Static<E[N]> : never }

/** A codec's name; contracts know names only, formats live in `codec/`. */
export type CodecLabel = 'json' | 'msgpack' | 'avro' | 'protobuf'

export interface ChannelOptions {
  /** Codecs that this channel promises, best first. Default: all that the peer speaks. */
  readonly codecs?: readonly CodecLabel[]
  /**
   * How long a message may wait for others to leave with it, in ms, at most 1 000. Default 0: to
   * the end of the turn of the event loop, or until 64 KB have come together.
   */
  readonly delayMs?: number
}

export interface StreamChannelOptions<E extends ErrorTypes = ErrorTypes> extends ChannelOptions {
  /**
   * How it can fail, as a part of the contract: `{ OutOfStock: Type.Object({ … }) }`. A handler
   * throws `context.error('OutOfStock', { sku })`; its caller gets EARSHOT_DECLARED, told apart by
   * `isDeclared`. Whatever else is thrown is EARSHOT_REMOTE. New ones are a minor change.
   */
  readonly errors?: E
}

export interface RequestOptions<E extends ErrorTypes = ErrorTypes> extends StreamChannelOptions<E> {
  /** May it be done twice without harm? Then it may be tried again on another peer. */
  readonly idempotent?: boolean
  /**
   * When the link is full: wait for room within the time-out (`block`, the default), or fail at
   * once with EARSHOT_OVERLOADED.
   */
  readonly overflow?: 'block' | 'reject'
}

export interface NotificationOptions extends ChannelOptions {
  /**
   * When the link is full: wait for room (`block`, the default), fail with EARSHOT_OVERLOADED
   * (`reject`), or let one give way: the oldest that waits, the new one, or all but the newest.
   */
  readonly overflow?: Overflow
}

export interface EventOptions extends ChannelOptions {
  /** Field by which order is kept and subscribers may filter. */
  readonly key?: string
  /** What subscribers do when they are too slow, if they do not say so themselves. */
  readonly overflow?: Overflow
}

/** All that a channel can be told, whatever its kind. */
export type ChannelSettings = Omit<RequestOptions, 'overflow'> & EventOptions

/** What `request`, `event`, `stream` and the others return: a channel that has no name yet. */
export interface ChannelDraft<
  K extends ChannelKind = ChannelKind,
  B extends TSchema = TSchema,
  R extends TSchema | undefined = TSchema | undefined,
  E extends ErrorTypes = ErrorTypes,
> {
  readonly kind: K
  readonly body: B
  readonly reply: R
  readonly options: ChannelSettings
  readonly '~errors'?: E
}

/**
 * A channel of a contract. Types of what it carries are in `~body`, `~reply` and `~errors`, which
 * hold no value.
 */
export interface Channel<
  K extends ChannelKind = ChannelKind,
  B = unknown,
  R = unknown,
  E = unknown,
> {
  readonly kind: K
  readonly name: string
  /** `shop.orders/1/placed`: contract, major version, channel. What routing goes by. */
  readonly key: string
  readonly contract: string
  readonly version: string
  readonly major: number
  /** SHA-256 of kind and shapes: equal ids understand each other in every codec. */
  readonly id: string
  readonly shape: Shape
  readonly replyShape: Shape | undefined
  /** A field for each declared error, of which a message of this type has one. */
  readonly errorShape: RecordShape | undefined
  readonly codecs: readonly CodecLabel[] | undefined
  readonly idempotent: boolean
  readonly keyField: string | undefined
  readonly overflow: Overflow | undefined
  readonly delayMs: number
  readonly '~body'?: B
  readonly '~reply'?: R
  readonly '~errors'?: E
}

/** The channel that a draft becomes. */
export type ChannelOf<D> =
  D extends ChannelDraft<infer K, infer B, infer R, infer E>
    ? Channel<K, Static<B>, R extends TSchema ? Static<R> : undefined, ErrorData<E>>
    : never

/** One message, one answer, from one of the peers that serve the contract. */
export function request<B extends TSchema, R extends TSchema, E extends ErrorTypes = NoErrors>(
  body: B,
  reply: R,
  options: RequestOptions<E> = {},
): ChannelDraft<'request', B, R, E> {
  return { kind: 'request', body, reply, options }
}

/**
 * One message to one of the peers that serve the contract, and as many answers as there are: sent
 * as the reader takes them.
 */
export function stream<B extends TSchema, R extends TSchema, E extends ErrorTypes = NoErrors>(
  body: B,
  item: R,
  options: StreamChannelOptions<E> = {},
): ChannelDraft<'stream', B, R, E> {
  return { kind: 'stream', body, reply: item, options }
}

/** Messages both ways with one of the peers that serve the contract, for as long as both like. */
export function duplex<B extends TSchema, R extends TSchema, E extends ErrorTypes = NoErrors>(
  say: B,
  said: R,
  options: StreamChannelOptions<E> = {},
): ChannelDraft<'duplex', B, R, E> {
  return { kind: 'duplex', body: say, reply: said, options }
}

/** One question to all peers that serve the contract, and an answer from each. */
export function scatter<B extends TSchema, R extends TSchema, E extends ErrorTypes = NoErrors>(
  question: B,
  answer: R,
  options: Omit<RequestOptions<E>, 'idempotent'> = {},
): ChannelDraft<'scatter', B, R, E> {
  return { kind: 'scatter', body: question, reply: answer, options }
}

/** One message to one of the peers that serve the contract; no answer. */
export function notification<B extends TSchema>(
  body: B,
  options: NotificationOptions = {},
): ChannelDraft<'notification', B, undefined, NoErrors> {
  return { kind: 'notification', body, reply: undefined, options }
}

/** One message to everybody who subscribed. */
export function event<B extends TSchema>(
  body: B,
  options: EventOptions = {},
): ChannelDraft<'event', B, undefined, NoErrors> {
  return { kind: 'event', body, reply: undefined, options }
}

// Owns what a message says of itself: who it is, what it belongs to, what caused it, its trace.
// Nothing of it is made before it is asked for, or travels before it is said.

import { checkArgument, isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import type { Channel } from '../contract/channel.ts'
import type { Inherited } from '../resilience/deadline.ts'
import type { Headers } from './headers.ts'

/** Asks for something, tells what has happened, or hands over data. */
export type MessageType = 'command' | 'event' | 'document'

/** A message's own words, as whoever handles it sees them. */
export interface Message {
  /**
   * Told apart from all others: what its sender gave it, or made of sender, incarnation and number.
   * An event has the same for all who hear the whole channel.
   */
  readonly id: string
  /** What its channel makes it, unless its sender says otherwise. */
  readonly type: MessageType
  /** Of the conversation: handed on by calls made with `{ context }`; the first one's own id. */
  readonly correlationId: string
  /** The id of the message that was handled when this one was sent. */
  readonly causationId: string | undefined
  /** When it was sent, ms since 1970, if its sender says so. */
  readonly timestamp: number | undefined
  /** `application/vnd.shop.orders+avro; version=1` */
  readonly contentType: string
  /** Source: W3C Trace Context; undefined where it is not as it must be. */
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
}

/** What a sender may say of a message. */
export type MessageWords = Partial<Omit<Message, 'contentType'>>

const names = {
  id: 'message-id',
  type: 'message-type',
  correlationId: 'correlation-id',
  causationId: 'causation-id',
  timestamp: 'timestamp',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const
const types: readonly MessageType[] = ['command', 'event', 'document']
const TRACE = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/
const MAX_TRACE = 512
/** Longer ones are passed over: they would be handed on from call to call. */
const MAX_ID = 256

/**
 * The headers that say this of a message: `place(order, { headers: messageHeaders({ id }) })`.
 * @throws EARSHOT_OPTION_INVALID
 */
export function messageHeaders(words: MessageWords): Headers {
  checkArgument(isObject(words), '/words', 'an object: { id: "order-7" }', words)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(words)) {
    if (value === undefined) continue
    const path = `/${name}`
    const header = (names as Readonly<Record<string, string>>)[name]
    if (header === undefined || !isFit(name, value)) {
      const text = `a message cannot say of itself: ${name} ${String(value)}`
      throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path })
    }
    headers[header] = String(value)
  }
  return headers
}

function isFit(name: string, value: unknown): boolean {
  if (name === 'timestamp') return typeof value === 'number' && Number.isSafeInteger(value)
  if (name === 'type') return types.includes(value as MessageType)
  return typeof value === 'string' && (name !== 'traceparent' || TRACE.test(value))
}

/** What a handler hands on: its context. */
export interface Within extends Partial<Inherited> {
  readonly message?: Message
}

/** The headers of a message that is sent while another is handled. */
export function headersWithin(own: Headers | undefined, { message }: Within): Headers | undefined {
  if (message === undefined) return own
  const { correlationId, id: causationId, traceparent, tracestate } = message
  const trace = traceparent === undefined ? {} : { traceparent, tracestate }
  return { ...messageHeaders({ correlationId, causationId, ...trace }), ...own }
}

/** Made when a handler asks for it; reads the headers when it is asked itself. */
export class ReceivedMessage implements Message {
  readonly #headers: Headers
  readonly #channel: Channel
  readonly #made: string
  readonly contentType: string

  /** @param made its id, if its sender gave it none */
  constructor(headers: Headers, channel: Channel, contentType: string, made: string) {
    this.#headers = headers
    this.#channel = channel
    this.contentType = contentType
    this.#made = made
  }

  get id(): string {
    return this.#said(names.id) ?? this.#made
  }

  get type(): MessageType {
    const said = types.find((type) => type === this.#headers[names.type])
    return said ?? (this.#channel.kind === 'event' ? 'event' : 'command')
  }

  get correlationId(): string {
    return this.#said(names.correlationId) ?? this.id
  }

  get causationId(): string | undefined {
    return this.#said(names.causationId)
  }

  #said(name: string): string | undefined {
    const said = this.#headers[name]
    return said !== undefined && said.length <= MAX_ID ? said : undefined
  }

  get timestamp(): number | undefined {
    const said = this.#headers[names.timestamp]
    const value = said === undefined ? Number.NaN : Number(said)
    return Number.isSafeInteger(value) ? value : undefined
  }

  get traceparent(): string | undefined {
    const said = this.#headers[names.traceparent]
    return said !== undefined && TRACE.test(said) ? said : undefined
  }

  get tracestate(): string | undefined {
    const said = this.#headers[names.tracestate]
    const isKept = said !== undefined && said.length <= MAX_TRACE
    return isKept && this.traceparent !== undefined ? said : undefined
  }
}

// Owns what a handler is told of an event besides its body.
// Hot path: one is made for each event, and nothing of it is worked out before it is asked for.

import type { CodecName } from '../codec/codec.ts'
import { contentTypeOf } from '../contract/content-type.ts'
import type { Heard } from '../mesh/heard.ts'
import type { From } from '../mesh/remote.ts'
import type { Headers } from './headers.ts'
import { type Message, ReceivedMessage } from './message.ts'

export interface EventContext {
  readonly from: From
  /** `shop.orders/1/placed` */
  readonly channel: string
  /** `placed` */
  readonly name: string
  /** The codec that was agreed with the publisher. */
  readonly codec: CodecName
  /** `application/vnd.shop.orders+avro; version=1` */
  readonly contentType: string
  readonly headers: Headers
  /** What the message says of itself: id, correlation, cause, trace. Made when it is asked for. */
  readonly message: Message
}

/** Made for each event, and small: all but its number is that of its publisher. */
export class HeardContext implements EventContext {
  readonly headers: Headers
  readonly #heard: Heard
  /** Of the event, in the count of its lane. */
  readonly #number: number
  #message: Message | undefined

  constructor(heard: Heard, headers: Headers) {
    this.#heard = heard
    this.headers = headers
    this.#number = heard.expected - 1
  }

  get from(): From {
    return this.#heard.from.label
  }

  get channel(): string {
    return this.#heard.channel.local.channel.key
  }

  get name(): string {
    return this.#heard.channel.local.channel.name
  }

  get codec(): CodecName {
    return this.#heard.codec.codec
  }

  get contentType(): string {
    return contentTypeOf(this.channel, this.codec)
  }

  get message(): Message {
    const { from, channel } = this.#heard
    const { local, key } = channel
    const lane = key === undefined ? local.channel.name : `${local.channel.name}?${key}`
    const made = `${from.id}.${from.epoch}.${lane}.${this.#number}`
    this.#message ??= new ReceivedMessage(this.headers, local.channel, this.contentType, made)
    return this.#message
  }
}

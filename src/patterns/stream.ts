// Owns streams and duplex talks as callers hold them.
// Never buffers what is said: the talk does, within its window.

import { EarshotError } from '../base/errors.ts'
import type { ChannelRoutes } from '../mesh/channel-routes.ts'
import type { Stoppable } from './call-options.ts'
import { Conversation, type StreamOptions } from './conversation.ts'
import type { Talks } from './talks.ts'

/**
 * Both ways with one peer: an async iterable of what is said there, for one reader. Leaving the
 * loop ends the talk both ways.
 */
export interface Duplex<Say, Said> extends AsyncIterableIterator<Said> {
  /**
   * Says one thing. True: go on. False: the other side is slow, wait for `ready()` before the next;
   * this one is taken.
   * @throws EARSHOT_NO_SERVER when nobody has been found yet (`await ready()` first),
   * EARSHOT_BODY_INVALID, EARSHOT_OVERLOADED when false was not heeded, EARSHOT_CLOSED after the
   * end, or what ended the talk
   */
  send(body: Say): boolean
  /** Resolves when the next thing may be said. @throws EARSHOT_NO_SERVER, what ended the talk */
  ready(): Promise<void>
  /** We have said all; what the other side says is still read. */
  end(): void
}

export class Streams {
  readonly #talks: Talks

  constructor(talks: Talks) {
    this.#talks = talks
  }

  /**
   * Nothing is sent before the first item is asked for.
   * @throws EARSHOT_OPTION_INVALID
   */
  read(
    routes: ChannelRoutes,
    body: unknown,
    timeoutMs: number,
    options: Stoppable<StreamOptions> = {},
  ): AsyncIterableIterator<unknown> {
    const conversation = new Conversation({ talks: this.#talks, routes, timeoutMs, options })
    return new ReadStream(conversation, body)
  }

  /** Begins at once. @throws EARSHOT_OPTION_INVALID */
  talk(
    routes: ChannelRoutes,
    timeoutMs: number,
    options: Stoppable<StreamOptions> = {},
  ): Duplex<unknown, unknown> {
    const conversation = new Conversation({ talks: this.#talks, routes, timeoutMs, options })
    return new CallerTalk(conversation, routes.local.channel.key)
  }

  /** Ends all that we read: nothing waits for ever. */
  close(): void {
    for (const talk of this.#talks.all('caller')) {
      const text = `the peer was closed in the middle of ${talk.parts.channel.key}`
      talk.leave(new EarshotError('EARSHOT_CLOSED', text, { sent: 'unknown' }))
    }
  }
}

class ReadStream implements AsyncIterableIterator<unknown> {
  readonly #conversation: Conversation
  #body: unknown
  #started = false

  constructor(conversation: Conversation, body: unknown) {
    this.#conversation = conversation
    this.#body = body
  }

  next(): Promise<IteratorResult<unknown>> {
    const next = this.#conversation.incoming.next()
    if (!this.#started) {
      this.#started = true
      void this.#conversation.start(this.#body, false)
      this.#body = undefined
    }
    return next
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#started = true
    return this.#conversation.incoming.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

class CallerTalk implements Duplex<unknown, unknown> {
  readonly #conversation: Conversation
  readonly #key: string
  readonly #opened: Promise<void>
  #ended = false

  constructor(conversation: Conversation, key: string) {
    this.#conversation = conversation
    this.#key = key
    this.#opened = conversation.start(undefined, true)
  }

  send(body: unknown): boolean {
    const { outgoing, error } = this.#conversation
    if (error) throw error
    if (this.#ended) throw new EarshotError('EARSHOT_CLOSED', `${this.#key} was ended on this side`)
    if (outgoing) return outgoing.write(body)
    const text = `nobody has taken up ${this.#key} yet: await ready() first`
    throw new EarshotError('EARSHOT_NO_SERVER', text)
  }

  async ready(): Promise<void> {
    await this.#opened
    const { outgoing, error } = this.#conversation
    if (error) throw error
    await outgoing?.ready()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const { outgoing } = this.#conversation
    if (outgoing) outgoing.end()
    else void this.#opened.then(() => this.#conversation.outgoing?.end())
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#conversation.incoming.next()
  }

  return(): Promise<IteratorResult<unknown>> {
    return this.#conversation.incoming.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

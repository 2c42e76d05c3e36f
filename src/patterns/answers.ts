// Owns what goes back to whoever asked: a reply, that it came, or why not.
// Never throws: what cannot be told is counted, and the caller's deadline ends the request.

import { reportFault } from '../base/diagnostics.ts'
import type { ErrorCode } from '../base/error-table.ts'
import { textOf, toEarshotError } from '../base/errors.ts'
import type { BodyCodec } from '../codec/codec.ts'
import { type Thrown, thrownError } from '../contract/declared-errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import { Kind } from '../wire/record.ts'
import { bytesOf, errorCodec, headersOf } from './failure.ts'
import { Refusal } from './refusal.ts'
import { reportFailed } from './said-aloud.ts'

export class Answers {
  readonly #mesh: Mesh

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  reply(
    link: Link,
    correlation: number,
    local: NumberedChannel,
    codec: BodyCodec,
    value: unknown,
  ): void {
    const { counters } = this.#mesh.parts
    if (link.closed) {
      counters.droppedReplies++
      return
    }
    try {
      link.outbound.reply(correlation, codec, value)
      counters.requestsServed++
    } catch (error) {
      const { code, message, path } = toEarshotError(error)
      if (code === 'EARSHOT_OVERLOADED') {
        counters.droppedReplies++
        return
      }
      const text = `the handler's answer does not fit: ${message}`
      reportFault({ area: 'handler', text: `${local.channel.key}: ${text}` })
      this.fail(link, correlation, 'EARSHOT_REMOTE', text, path)
    }
  }

  /** Whoever asked is told that it came, or that its handler is through. */
  confirm(link: Link, correlation: number): void {
    try {
      if (!link.closed) link.outbound.reply(correlation, undefined, undefined)
    } catch (error) {
      this.#unanswered(error)
    }
  }

  /**
   * @param tells correlation of who waits for the outcome, or 0
   * @param reply of a request: what its contract declares is told in the same codec
   */
  threw(
    link: Link,
    tells: number,
    local: NumberedChannel,
    error: unknown,
    reply: BodyCodec | undefined,
  ): void {
    if (Refusal.is(error)) {
      if (tells > 0) this.fail(link, tells, error.code, error.message)
      return
    }
    const thrown = reply && thrownError(local.channel, error)
    if (thrown) {
      this.#declared(link, tells, local, thrown, reply)
      return
    }
    this.#mesh.parts.counters.handlerErrors++
    reportFailed('the handler', local.channel.key, error)
    if (tells > 0) this.fail(link, tells, 'EARSHOT_REMOTE', textOf(error))
  }

  fail(link: Link, correlation: number, code: ErrorCode, text: string, path?: string): void {
    try {
      const failure = bytesOf({ code, message: text, path })
      if (!link.closed) link.outbound.failure(correlation, failure)
    } catch (thrown) {
      this.#unanswered(thrown)
    }
  }

  #declared(
    link: Link,
    correlation: number,
    local: NumberedChannel,
    thrown: Thrown,
    { codec }: BodyCodec,
  ): void {
    const headers = headersOf(thrown)
    try {
      const writer = errorCodec(local, codec)
      if (link.closed) return
      link.outbound.headed(Kind.failure, correlation, headers, writer, thrown.body)
      this.#mesh.parts.counters.errorsDeclared++
    } catch (error) {
      const { code, message, path } = toEarshotError(error)
      if (code === 'EARSHOT_OVERLOADED') {
        this.#unanswered(error)
        return
      }
      const text = `the handler's error ${thrown.name} does not fit: ${message}`
      reportFault({ area: 'handler', text: `${local.channel.key}: ${text}` })
      this.fail(link, correlation, 'EARSHOT_REMOTE', text, path)
    }
  }

  /** The link is full to the brim. */
  #unanswered(error: unknown): void {
    this.#mesh.parts.counters.droppedReplies++
    reportFault({ area: 'handler', text: toEarshotError(error).message })
  }
}

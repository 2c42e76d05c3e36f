// Owns one stream between two peers, on either side: what comes, what leaves, and how it ends.
// Never runs a handler and never chooses a peer.

import { EarshotError, isEarshotError, toEarshotError } from '../base/errors.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Channel } from '../contract/channel.ts'
import type { Thrown } from '../contract/declared-errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import { Kind, moreOf, type RecordWalker } from '../wire/record.ts'
import { bytesOf, failureOf, headersOf } from './failure.ts'
import type { Incoming } from './incoming.ts'
import type { Outgoing } from './outgoing.ts'

/** The caller's flows are even, those of who serves are odd. */
export type Side = 'caller' | 'server'

/** Reasons of a stop, as JSON. */
export const errorBytes: BodyCodec = bytesBody('json', { kind: 'bytes' })

/** The number of what `side` sends. */
export function flowOf(correlation: number, side: Side): number {
  return correlation * 2 + (side === 'server' ? 1 : 0)
}

export interface TalkParts {
  readonly mesh: Mesh
  readonly link: Link
  readonly side: Side
  readonly correlation: number
  readonly channel: Channel
  /** Reads the errors that the channel declares; none on the side that serves. */
  readonly errors: BodyReader | undefined
  /** Reads what comes; none where nothing may come. */
  readonly reader: BodyReader | undefined
  readonly incoming: Incoming
  /** None where nothing may leave. */
  readonly outgoing: Outgoing | undefined
  /** One more has come and been read. */
  readonly received: () => void
  /** Called once. */
  readonly onOver: (talk: Talk, error: EarshotError | undefined) => void
}

export class Talk {
  readonly parts: TalkParts
  /** The other side has taken it up. */
  begun = false
  over = false
  error: EarshotError | undefined
  #came = 0

  constructor(parts: TalkParts) {
    this.parts = parts
  }

  /** An item of the other side. */
  take(record: RecordWalker): void {
    const { reader, incoming, channel, mesh, link } = this.parts
    const { key } = channel
    const bytes = record.size
    if (!reader)
      throw new EarshotError('EARSHOT_BYTES_INVALID', `an item of ${key}, which has none`)
    let body: unknown
    try {
      incoming.admit(bytes)
      if (record.number() < 0) throw new EarshotError('EARSHOT_BYTES_INVALID', 'a cut item')
      body = reader.decode(record.buffer, record.start, record.end)
    } catch (error) {
      const { message, path } = toEarshotError(error)
      mesh.inbound.bad(link, `an item that does not fit ${key}: ${message}`)
      const where = path === undefined ? {} : { path }
      const text = `an item of ${key} cannot be read: ${message}`
      this.stop(new EarshotError('EARSHOT_BYTES_INVALID', text, { ...where, cause: error }))
      return
    }
    this.begun = true
    this.#came++
    this.parts.received()
    incoming.push(body, bytes)
  }

  /** The other side takes so many more. */
  granted(items: number, bytes: number): void {
    this.begun = true
    this.parts.outgoing?.grant(items, bytes)
  }

  /** We take so many more. */
  grant(items: number, bytes: number): void {
    const { link, side, correlation } = this.parts
    if (this.over || link.closed) return
    // The flow that the other side sends by.
    const flow = flowOf(correlation, side === 'caller' ? 'server' : 'caller')
    link.outbound.control(Kind.more, moreOf(flow, items, bytes))
  }

  /**
   * The other side has said all it has to say. With the word of who serves it is over.
   * @param items how many it sent: one in a frame that could not be read is missing here
   */
  theirEnd(items: number): void {
    this.begun = true
    if (items !== this.#came) {
      const text = `of ${items} items of ${this.parts.channel.key} ${this.#came} could be read`
      this.stop(new EarshotError('EARSHOT_BYTES_INVALID', text))
      return
    }
    this.parts.incoming.end()
    if (this.parts.side === 'caller') this.#finish(undefined)
  }

  /** Our end has left. */
  ourEnd(): void {
    if (this.parts.side === 'server') this.#finish(undefined)
  }

  /**
   * We end it, both ways, and say why.
   * @param thrown for an error that the contract declares, with its data as bytes
   */
  stop(error: EarshotError, thrown?: Thrown & { readonly bytes: Buffer }): void {
    if (this.over) return
    if (thrown) this.#tellStop(thrown.bytes, headersOf(thrown))
    else this.#tellStop(bytesOf(error))
    this.#finish(error)
  }

  /** We read no more; `error` says why on our side, and is nobody else's business. */
  leave(error: EarshotError | undefined): void {
    if (this.over) return
    this.#tellStop(undefined)
    this.#finish(error)
  }

  /** The other side has ended it, both ways. */
  stopped(record: RecordWalker): void {
    const { side, link, channel, mesh } = this.parts
    if (record.start === record.end) {
      const why = side === 'server' ? 'the caller no longer reads' : 'it stops'
      const text = `${channel.key} at ${link.remote?.name ?? 'a remote peer'}: ${why}`
      this.#finish(new EarshotError('EARSHOT_CANCELLED', text))
      return
    }
    // What has been heard of was sent, whatever the code says of a call that never left.
    const sent = this.begun ? 'unknown' : undefined
    this.#finish(failureOf(link, record, this.parts, mesh.parts.limits.maxHeaderBytes, sent))
  }

  /** There is nobody to tell: the link is lost, or the peer is closed. */
  lost(error: EarshotError): void {
    this.#finish(error)
  }

  #finish(error: EarshotError | undefined): void {
    if (this.over) return
    this.over = true
    this.error = error
    const { incoming, outgoing, onOver } = this.parts
    outgoing?.close(error)
    if (error) incoming.fail(error)
    else incoming.end()
    onOver(this, error)
  }

  /** On a link that is full to the brim it waits: otherwise the other side would wait for ever. */
  #tellStop(reason: Buffer | undefined, headers?: Buffer): void {
    const { link, side, correlation } = this.parts
    if (link.closed) return
    const flow = flowOf(correlation, side)
    try {
      if (headers) link.outbound.headed(Kind.stop, flow, headers, errorBytes, reason)
      else link.outbound.flow(Kind.stop, flow, reason && errorBytes, reason)
    } catch (error) {
      if (!isEarshotError(error)) throw error
      void link.outbound.ready().then(() => this.#tellStop(reason, headers))
    }
  }
}

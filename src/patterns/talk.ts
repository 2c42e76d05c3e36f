// Owns one stream between two peers, on either side: what comes, what leaves, and how it ends.
// Never runs a handler and never chooses a peer.

import type { ErrorCode } from '../base/error-table.ts'
import { errorTable } from '../base/error-table.ts'
import { EarshotError, isEarshotError, toEarshotError } from '../base/errors.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'
import { parseWireError } from '../wire/hello.ts'
import { Kind, moreOf, type RecordWalker } from '../wire/record.ts'
import type { Incoming } from './incoming.ts'
import type { Outgoing } from './outgoing.ts'

/** The caller's flows are even, those of who serves are odd. */
export type Side = 'caller' | 'server'

/** Reasons of a stop, as JSON. */
export const errorBytes: BodyCodec = bytesBody('json', { kind: 'bytes' })
const MAX_REASON = 2_000

/** The number of what `side` sends. */
export function flowOf(correlation: number, side: Side): number {
  return correlation * 2 + (side === 'server' ? 1 : 0)
}

export interface TalkParts {
  readonly mesh: Mesh
  readonly link: Link
  readonly side: Side
  readonly correlation: number
  /** `shop.orders/1/watch` */
  readonly key: string
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

  constructor(parts: TalkParts) {
    this.parts = parts
  }

  /** An item of the other side. */
  take(record: RecordWalker): void {
    const { reader, incoming, key, mesh, link } = this.parts
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

  /** The other side has said all it has to say. With the word of who serves it is over. */
  theirEnd(): void {
    this.begun = true
    this.parts.incoming.end()
    if (this.parts.side === 'caller') this.#finish(undefined)
  }

  /** Our end has left. */
  ourEnd(): void {
    if (this.parts.side === 'server') this.#finish(undefined)
  }

  /** We end it, both ways, and say why. */
  stop(error: EarshotError): void {
    if (this.over) return
    this.#tellStop(bytesOf(error))
    this.#finish(error)
  }

  /** We read no more; `error` says why on our side, and is nobody else's business. */
  leave(error: EarshotError | undefined): void {
    if (this.over) return
    this.#tellStop(undefined)
    this.#finish(error)
  }

  /** The other side has ended it, both ways. */
  stopped(reason: Buffer): void {
    const { side, link, key } = this.parts
    const who = link.remote?.label ?? { id: '', name: 'a remote peer' }
    if (reason.length === 0) {
      const why = side === 'server' ? 'the caller no longer reads' : 'it stops'
      const text = `${key} at ${who.name}: ${why}`
      this.#finish(new EarshotError('EARSHOT_CANCELLED', text))
      return
    }
    const { code, message, path } = parseWireError(reason)
    const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'EARSHOT_REMOTE'
    const details = { ...(path !== undefined && { path }), data: { remote: who } }
    const { sent } = errorTable[known]
    // What has been heard of was sent, whatever the code says of a call that never left.
    const heard = { sent: this.begun ? ('unknown' as const) : sent }
    const text = `${key} at ${who.name}: ${message}`
    this.#finish(new EarshotError(known, text, { ...details, ...heard }))
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
  #tellStop(reason: Buffer | undefined): void {
    const { link, side, correlation } = this.parts
    if (link.closed) return
    try {
      const codec = reason && errorBytes
      link.outbound.flow(Kind.stop, flowOf(correlation, side), codec, reason)
    } catch (error) {
      if (!isEarshotError(error)) throw error
      void link.outbound.ready().then(() => this.#tellStop(reason))
    }
  }
}

/** As a failure of a request says it. */
export function bytesOf({ code, message, path }: EarshotError): Buffer {
  const text = message.slice(0, MAX_REASON)
  return Buffer.from(JSON.stringify({ code, message: text, ...(path !== undefined && { path }) }))
}

// Owns what leaves by one stream: as much as the other side has granted, the rest waits here.
// Never buffers without bound: who does not heed `ready` is told.

import { BoundedQueue } from '../base/bounded-queue.ts'
import { type Deferred, deferred } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { LocalChannel } from '../mesh/local-channel.ts'
import type { Link } from '../mesh/remote.ts'
import { endOf, Kind } from '../wire/record.ts'

/** Bodies that wait are encoded when they come, so that nobody changes them meanwhile. */
const encoded = bytesBody('json', { kind: 'bytes' })

export interface OutgoingParts {
  readonly link: Link
  readonly flow: number
  readonly codec: BodyCodec
  readonly local: LocalChannel
  readonly limits: Limits
  /** One more has been handed to the link. */
  readonly sent: () => void
  /** The end has been handed to the link. */
  readonly ended: () => void
}

export class Outgoing {
  readonly #parts: OutgoingParts
  readonly #held: BoundedQueue<Buffer>
  #heldBytes = 0
  /** What the other side lets us send. */
  #items = 0
  #bytes = 0
  #sent = 0
  #news: Deferred | undefined
  #draining = false
  #ending = false
  #closed = false
  #error: EarshotError | undefined

  constructor(parts: OutgoingParts) {
    this.#parts = parts
    this.#held = new BoundedQueue(parts.limits.streamWindowItems, 'block')
  }

  /**
   * Sends one item, or keeps it until it may go. False: wait for `ready()` before the next.
   * @throws EARSHOT_BODY_INVALID, EARSHOT_OVERLOADED when false was not heeded, EARSHOT_CLOSED, or
   * what ended the stream
   */
  write(body: unknown): boolean {
    const { link, flow, codec, local, limits } = this.#parts
    if (this.#error) throw this.#error
    if (this.#closed || this.#ending) throw closed(local)
    if (this.#granted && this.#held.size === 0 && !link.outbound.full) {
      const { delayMs } = local.channel
      this.#spend(link.outbound.flow(Kind.item, flow, codec, body, delayMs))
      return this.#roomy
    }
    if (this.#held.full || this.#heldBytes >= limits.streamWindowBytes) {
      const text = `${this.#held.size} items of ${local.channel.key} wait for a slow reader already`
      throw new EarshotError('EARSHOT_OVERLOADED', `${text} (streamWindowItems, streamWindowBytes)`)
    }
    const bytes = local.encode(codec, body)
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    this.#drain()
    return false
  }

  /** Resolves when the next may be written. @throws what ended the stream */
  async ready(): Promise<void> {
    while (!this.#roomy && !this.#closed) {
      if (this.#granted && this.#held.size === 0) await this.#parts.link.outbound.ready()
      else {
        this.#news ??= deferred()
        await this.#news.promise
      }
    }
    if (this.#error) throw this.#error
  }

  /** The other side takes so many more. */
  grant(items: number, bytes: number): void {
    this.#items = Math.min(this.#items + items, Number.MAX_SAFE_INTEGER)
    this.#bytes = Math.min(this.#bytes + bytes, Number.MAX_SAFE_INTEGER)
    this.#drain()
    this.#tell()
  }

  /** Nothing follows; what waits still goes first. */
  end(): void {
    if (this.#ending || this.#closed) return
    this.#ending = true
    this.#drain()
  }

  /** The stream is over: nothing more leaves. */
  close(error: EarshotError | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    this.#held.clear()
    this.#tell()
  }

  get #granted(): boolean {
    return this.#items > 0 && this.#bytes > 0
  }

  get #roomy(): boolean {
    return this.#granted && this.#held.size === 0 && !this.#parts.link.outbound.full
  }

  #drain(): void {
    const { link, flow, local, ended } = this.#parts
    const { outbound } = link
    while (this.#held.size > 0 && this.#granted && !outbound.full && !this.#closed) {
      const bytes = this.#held.take()
      this.#heldBytes -= bytes.length
      this.#spend(outbound.flow(Kind.item, flow, encoded, bytes, local.channel.delayMs))
    }
    const isEmpty = this.#held.size === 0
    if (this.#closed || (isEmpty ? !this.#ending : !this.#granted)) return
    if (outbound.full) void this.#drainLater()
    else {
      this.#closed = true
      outbound.flow(Kind.end, flow, encoded, endOf(this.#sent))
      ended()
    }
  }

  async #drainLater(): Promise<void> {
    if (this.#draining) return
    this.#draining = true
    await this.#parts.link.outbound.ready()
    this.#draining = false
    this.#drain()
    this.#tell()
  }

  #spend(bytes: number): void {
    this.#items--
    this.#bytes -= bytes
    this.#sent++
    this.#parts.sent()
  }

  #tell(): void {
    this.#news?.resolve()
    this.#news = undefined
  }
}

function closed({ channel }: LocalChannel): EarshotError {
  return new EarshotError(
    'EARSHOT_CLOSED',
    `${channel.key} was ended on this side, or by the other`,
  )
}

// Owns the shapes of channels as other peers have them: asked for by id, kept while of use.
// Never trusts an answer: it is parsed with limits and must have the id that was asked for.

import type { Clock, Timer } from '../base/clock.ts'
import { type Awaited, awaited } from '../base/deferred.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { canonicalShape } from '../contract/canonical.ts'
import { channelKinds } from '../contract/channel.ts'
import { channelId } from '../contract/contract.ts'
import { parseErrors, parseShape } from '../contract/parse-shape.ts'
import type { ChannelTypes } from '../contract/shared-codecs.ts'
import { parseAsk, parseTell, type Tell } from '../wire/difference.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import type { Catalog } from './catalog.ts'
import type { Inbound } from './inbound.ts'
import type { Link, Remote } from './remote.ts'

interface Kept {
  readonly types: ChannelTypes
  readonly bytes: number
  /** Remote peers that have the channel so: while one is up it stays. */
  readonly holders: Set<Remote>
}

interface Asked {
  readonly remote: Remote
  readonly link: Link
  readonly answer: Awaited<ChannelTypes>
  readonly timer: Timer
}

export interface SchemasParts {
  readonly inbound: Inbound
  readonly catalog: Catalog
  readonly clock: Clock
  readonly limits: Limits
}

export class Schemas {
  readonly #parts: SchemasParts
  readonly #kept = new Map<string, Kept>()
  readonly #asked = new Map<string, Asked>()
  /** Asked for, and given up: an answer that still comes is kept for the next time. */
  readonly #late = new Set<string>()
  readonly #toldBytes = new WeakMap<Link, number>()
  #bytes = 0

  constructor(parts: SchemasParts) {
    this.#parts = parts
    parts.inbound.on(Kind.ask, (link, record) => this.#tell(link, parseAsk(payloadOf(record))))
    parts.inbound.on(Kind.tell, (link, record) => this.#told(link, record))
  }

  /**
   * The types of the channel that `remote` has under `id`.
   * @throws EARSHOT_BYTES_INVALID for an answer that is not it, EARSHOT_CONTRACT_MISMATCH when
   * there is none, EARSHOT_TIMEOUT, EARSHOT_OVERLOADED when there is no room for it,
   * EARSHOT_PEER_GONE without a link
   */
  async of(remote: Remote, id: string): Promise<ChannelTypes> {
    const own = this.#parts.catalog.typesOf(id)
    if (own) return own
    const kept = this.#kept.get(id)
    if (kept) {
      kept.holders.add(remote)
      // The one used last stands last: the first is the one to go.
      this.#kept.delete(id)
      this.#kept.set(id, kept)
      return kept.types
    }
    return (this.#asked.get(askKey(remote, id)) ?? this.#ask(remote, id)).answer.promise
  }

  /** What was asked over this link is not answered any more. */
  lost(link: Link): void {
    for (const [key, asked] of this.#asked) {
      if (asked.link === link) this.#fail(key, asked, gone(asked.remote))
    }
  }

  /** A remote peer is down: what only it had may go. */
  release(remote: Remote): void {
    for (const { holders } of this.#kept.values()) holders.delete(remote)
    for (const key of this.#late) if (key.startsWith(askKey(remote, ''))) this.#late.delete(key)
  }

  close(): void {
    for (const [key, asked] of this.#asked) this.#fail(key, asked, gone(asked.remote))
  }

  #ask(remote: Remote, id: string): Asked {
    const { clock, limits } = this.#parts
    const { link } = remote
    if (!link) throw gone(remote)
    if (this.#asked.size >= limits.maxSchemas) throw full(limits)
    const key = askKey(remote, id)
    const timer = clock.after(limits.schemaTimeoutMs, () => {
      const text = `${remote.name} did not say what its version is`
      if (this.#late.size < limits.maxSchemas) this.#late.add(key)
      this.#fail(key, asked, new EarshotError('EARSHOT_TIMEOUT', text, { sent: 'no' }))
    })
    const asked: Asked = { remote, link, answer: awaited<ChannelTypes>(), timer }
    this.#asked.set(key, asked)
    link.outbound.control(Kind.ask, Buffer.from(JSON.stringify({ id })))
    return asked
  }

  /** Somebody asks for one of ours. */
  #tell(link: Link, id: string): boolean {
    const { catalog, limits } = this.#parts
    const types = catalog.typesOf(id)
    const whole = Buffer.from(types ? textOfTypes(id, types) : '')
    const isKnown = whole.length > 0 && whole.length <= limits.maxSchemaBytes
    const answer = isKnown ? whole : Buffer.from(JSON.stringify({ id }))
    const bytes = (this.#toldBytes.get(link) ?? 0) + answer.length
    // These need no credit: who asks without end is told no more.
    if (bytes > limits.maxSchemaCacheBytes) {
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'more questions for shapes than are answered')
    }
    this.#toldBytes.set(link, bytes)
    link.outbound.control(Kind.tell, answer)
    return true
  }

  #told(link: Link, record: RecordWalker): boolean {
    const { limits } = this.#parts
    const bytes = record.end - record.start
    if (bytes > limits.maxSchemaBytes) {
      const text = `a shape of ${bytes} bytes, more than ${limits.maxSchemaBytes} (maxSchemaBytes)`
      throw new EarshotError('EARSHOT_BYTES_INVALID', text)
    }
    const tell = parseTell(payloadOf(record))
    const key = link.remote && askKey(link.remote, tell.id)
    if (!link.remote || key === undefined) return true
    const asked = this.#asked.get(key)
    if (!asked) {
      if (this.#late.delete(key)) {
        this.#keep(tell.id, typesOf(tell, link.remote), bytes, link.remote)
        return true
      }
      throw new EarshotError('EARSHOT_BYTES_INVALID', 'a shape that nobody asked for')
    }
    try {
      const types = typesOf(tell, asked.remote)
      this.#keep(tell.id, types, bytes, asked.remote)
      this.#asked.delete(key)
      asked.timer.cancel()
      asked.answer.resolve(types)
    } catch (error) {
      this.#fail(key, asked, error)
      if (error instanceof EarshotError && error.code === 'EARSHOT_BYTES_INVALID') throw error
    }
    return true
  }

  #keep(id: string, types: ChannelTypes, bytes: number, holder: Remote): void {
    const { limits } = this.#parts
    const known = this.#kept.get(id)
    if (known) {
      known.holders.add(holder)
      return
    }
    const hasRoom = () =>
      this.#kept.size < limits.maxSchemas && this.#bytes + bytes <= limits.maxSchemaCacheBytes
    for (const [oldest, kept] of this.#kept) {
      if (hasRoom()) break
      if (kept.holders.size > 0) continue
      this.#kept.delete(oldest)
      this.#bytes -= kept.bytes
    }
    if (!hasRoom()) throw full(limits)
    this.#kept.set(id, { types, bytes, holders: new Set([holder]) })
    this.#bytes += bytes
  }

  #fail(key: string, asked: Asked, error: unknown): void {
    this.#asked.delete(key)
    asked.timer.cancel()
    asked.answer.reject(error)
  }
}

/** What a tell says, without documentation. */
function textOfTypes(id: string, types: ChannelTypes): string {
  const { kind, shape, replyShape, errorShape } = types
  const reply = replyShape ? `,"replyShape":${canonicalShape(replyShape)}` : ''
  const errors = errorShape ? `,"errorShape":${canonicalShape(errorShape)}` : ''
  return `{"id":"${id}","kind":"${kind}","shape":${canonicalShape(shape)}${reply}${errors}}`
}

/** @throws EARSHOT_BYTES_INVALID, EARSHOT_CONTRACT_MISMATCH */
function typesOf(tell: Tell, remote: Remote): ChannelTypes {
  if (tell.shape === undefined) {
    const text = `${remote.name} cannot say what its version is: unknown there, or too large`
    throw new EarshotError('EARSHOT_CONTRACT_MISMATCH', text)
  }
  const kind = channelKinds.find((known) => known === tell.kind)
  const shape = parseShape(tell.shape)
  const replyShape = tell.replyShape === undefined ? undefined : parseShape(tell.replyShape)
  const errorShape = tell.errorShape === undefined ? undefined : parseErrors(tell.errorShape)
  if (kind && channelId(kind, shape, replyShape, errorShape) === tell.id) {
    return { kind, shape, replyShape, errorShape }
  }
  const text = `${remote.name} told of a shape that is not the one it offered`
  throw new EarshotError('EARSHOT_BYTES_INVALID', text)
}

function askKey(remote: Remote, id: string): string {
  return `${remote.id}/${remote.epoch}/${id}`
}

function payloadOf(record: RecordWalker): Buffer {
  return record.buffer.subarray(record.start, record.end)
}

function gone(remote: Remote): EarshotError {
  const text = `${remote.name} was lost before it said what its version is`
  return new EarshotError('EARSHOT_PEER_GONE', text)
}

function full({ maxSchemas, maxSchemaCacheBytes }: Limits): EarshotError {
  const text = `shapes of other versions fill what is kept of them (${maxSchemas} maxSchemas, `
  return new EarshotError(
    'EARSHOT_OVERLOADED',
    `${text}${maxSchemaCacheBytes} maxSchemaCacheBytes)`,
  )
}

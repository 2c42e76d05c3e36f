// Owns why a call or a stream failed, in the words of the wire: written by who serves, read by who
// asked.
// Never decides what is an error: handlers and the mesh do.

import type { ErrorCode, Sent } from '../base/error-table.ts'
import { errorTable } from '../base/error-table.ts'
import { EarshotError, toEarshotError } from '../base/errors.ts'
import { type BodyCodec, type CodecName, codecNames } from '../codec/codec.ts'
import type { BodyReader } from '../codec/resolve.ts'
import type { Channel } from '../contract/channel.ts'
import { errorIn, receivedError, type Thrown } from '../contract/declared-errors.ts'
import type { Link } from '../mesh/remote.ts'
import type { NumberedChannel } from '../mesh/written-channel.ts'
import { parseWireError } from '../wire/hello.ts'
import type { RecordWalker } from '../wire/record.ts'
import type { Headers } from './headers.ts'

const MAX_MESSAGE = 2_000
/** As JSON, in which a control character takes six. */
const MAX_MESSAGE_BYTES = 7_000
/** Of a name and a message: whoever takes fewer of callers reads these all the same. */
const FAILURE_HEADER_BYTES = 8_192

/** What was asked, as far as reading its failure goes. */
export interface Asked {
  readonly channel: Channel
  /** Reads the errors that the channel declares where it was asked. */
  readonly errors: BodyReader | undefined
}

/**
 * The error that a record tells of, from behind its number to its end.
 * @param sent what holds in any case; without it the code decides
 */
export function failureOf(
  link: Link,
  record: RecordWalker,
  asked: Asked,
  maxHeaderBytes: number,
  sent?: Sent,
): EarshotError {
  if (!record.hasHeaders) return plainIn(link, record, asked, sent)
  try {
    const most = Math.max(maxHeaderBytes, FAILURE_HEADER_BYTES)
    return declaredIn(link, record, asked, record.headers(most))
  } catch (error) {
    return unreadable(link, asked, error)
  }
}

/** A failure without data. */
export function plainIn(link: Link, record: RecordWalker, asked: Asked, sent?: Sent): EarshotError {
  const error = parseWireError(record.buffer.subarray(record.start, record.end))
  const known = Object.hasOwn(errorTable, error.code)
  const code = known ? (error.code as ErrorCode) : 'EARSHOT_REMOTE'
  const late = code === 'EARSHOT_DEADLINE' && ({ where: 'serving-queue' } as const)
  // It was offered when it was asked for: withdrawn since, and another peer may serve it.
  const retryable = code === 'EARSHOT_CHANNEL_UNKNOWN'
  return new EarshotError(code, `${placeOf(link, asked)}: ${error.message}`, {
    ...(error.path !== undefined && { path: error.path }),
    ...(sent !== undefined && { sent }),
    ...(retryable && { retryable }),
    data: { remote: whoOf(link), ...late },
  })
}

/**
 * One that the contract declares; where only a newer version of it does, a handler's failure.
 * @throws EARSHOT_BYTES_INVALID
 */
export function declaredIn(
  link: Link,
  record: RecordWalker,
  asked: Asked,
  { name = 'Error', message = name }: Headers,
): EarshotError {
  const { channel, errors } = asked
  const text = `${placeOf(link, asked)}: ${message}`
  if (errors && channel.errorShape) {
    const body = errors.decode(record.buffer, record.start, record.end)
    const found = errorIn(channel.errorShape, body)
    if (found) return receivedError(channel.key, found.name, found.data, text)
  }
  return new EarshotError('EARSHOT_REMOTE', text, { data: { remote: whoOf(link), name } })
}

/** An answer, or an error, that is not what it should be. */
export function unreadable(link: Link, asked: Asked, thrown: unknown): EarshotError {
  const { message, path } = toEarshotError(thrown)
  const details = { ...(path !== undefined && { path }), cause: thrown }
  const text = `what came from ${placeOf(link, asked)} cannot be read: ${message}`
  return new EarshotError('EARSHOT_BYTES_INVALID', text, {
    ...details,
    data: { remote: whoOf(link) },
  })
}

function placeOf({ remote }: Link, { channel }: Asked): string {
  return `${channel.key} at ${remote?.name ?? 'a remote peer'}`
}

function whoOf({ remote }: Link): { readonly id?: string; readonly name?: string } {
  return remote ? { id: remote.id, name: remote.name } : {}
}

/** The headers of an error that a contract declares; readers that do not know it show these. */
export function headersOf({ name, message }: Thrown): Buffer {
  return Buffer.from(JSON.stringify({ name, message: cutMessage(message) }))
}

/** As much of a message as fits into the headers of a failure. */
export function cutMessage(message: string): string {
  let cut = message.slice(0, MAX_MESSAGE)
  while (Buffer.byteLength(JSON.stringify(cut)) > MAX_MESSAGE_BYTES) {
    cut = cut.slice(0, Math.floor(cut.length / 2))
  }
  return cut
}

/** Writes the errors of a channel in the codec that its caller uses. */
export function errorCodec(local: Pick<NumberedChannel, 'errors'>, codec: CodecName): BodyCodec {
  return local.errors(codecNames.indexOf(codec)) as BodyCodec
}

/** A failure without data, as JSON. */
export function bytesOf(error: {
  readonly code: ErrorCode
  readonly message: string
  readonly path?: string | undefined
}): Buffer {
  const { code, message, path } = error
  const text = cutMessage(message)
  return Buffer.from(JSON.stringify({ code, message: text, ...(path !== undefined && { path }) }))
}

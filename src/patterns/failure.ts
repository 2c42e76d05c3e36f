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

const MAX_MESSAGE = 2_000

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
  const { channel } = asked
  const where = `${channel.key} at ${link.remote?.name ?? 'a remote peer'}`
  const remote = link.remote ? { id: link.remote.id, name: link.remote.name } : {}
  if (record.hasHeaders) return declaredIn(record, asked, where, remote, maxHeaderBytes)
  const error = parseWireError(record.buffer.subarray(record.start, record.end))
  const known = Object.hasOwn(errorTable, error.code)
  const code = known ? (error.code as ErrorCode) : 'EARSHOT_REMOTE'
  const late = code === 'EARSHOT_DEADLINE' && ({ where: 'serving-queue' } as const)
  return new EarshotError(code, `${where}: ${error.message}`, {
    ...(error.path !== undefined && { path: error.path }),
    ...(sent !== undefined && { sent }),
    data: { remote, ...late },
  })
}

/** One that only a newer version of the contract declares is a handler's failure here. */
function declaredIn(
  record: RecordWalker,
  { channel, errors }: Asked,
  where: string,
  remote: object,
  maxHeaderBytes: number,
): EarshotError {
  const { key, errorShape } = channel
  try {
    const { name = 'Error', message = name } = record.headers(maxHeaderBytes)
    const text = `${where}: ${message}`
    if (errors && errorShape) {
      const found = errorIn(errorShape, errors.decode(record.buffer, record.start, record.end))
      if (found) return receivedError(key, found.name, found.data, text)
    }
    return new EarshotError('EARSHOT_REMOTE', text, { data: { remote, name } })
  } catch (error) {
    const { message, path } = toEarshotError(error)
    const details = { ...(path !== undefined && { path }), cause: error, data: { remote } }
    return new EarshotError('EARSHOT_BYTES_INVALID', `the error of ${where}: ${message}`, details)
  }
}

/** The headers of an error that a contract declares; readers that do not know it show these. */
export function headersOf({ name, message }: Thrown): Buffer {
  return Buffer.from(JSON.stringify({ name, message: message.slice(0, MAX_MESSAGE) }))
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
  const text = message.slice(0, MAX_MESSAGE)
  return Buffer.from(JSON.stringify({ code, message: text, ...(path !== undefined && { path }) }))
}

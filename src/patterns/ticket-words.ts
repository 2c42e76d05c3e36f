// Owns what the records of tickets say beside their bodies: headers, out and in.
// Never keeps a ticket.

import { EarshotError, isEarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { Link } from '../mesh/remote.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import { encodeHeaders, type Headers } from './headers.ts'

const TICKET = 'earshot-ticket'
const CHANNEL = 'earshot-channel'
const BUDGET = 'earshot-budget'
const ID = /^[0-9a-f]{32}$/
const WHOLE = /^\d{1,15}$/

/** What is said beside the caller's headers takes less, names and all. */
const OWN_HEADER_BYTES = 256
/** Longer ones are read as far as this, so that whoever sent them can be told. */
const TOLD_HEADER_BYTES = 65_536

/** Bodies of tickets are encoded when they are made: they may leave more than once. */
const ticketBytes: BodyCodec = bytesBody('json', { kind: 'bytes' })

/** What an ask or a claim says beside the name of its ticket. */
export interface Wanted {
  /** Number and codec of the channel, as the receiver gave it. */
  readonly code: number
  readonly budgetMs: number
}

export interface TicketWord extends Wanted {
  readonly doing: number
  readonly id: string
  /** The caller's own. */
  readonly headers: Headers
  /** So many bytes of them are more than is taken here; 0 as a rule. */
  readonly tooManyBytes: number
}

/** @throws EARSHOT_BYTES_INVALID */
export function readWord(record: RecordWalker, maxHeaderBytes: number): TicketWord {
  const doing = record.number()
  const { start } = record
  const most = Math.max(maxHeaderBytes, TOLD_HEADER_BYTES) + OWN_HEADER_BYTES
  const all = record.hasHeaders ? record.headers(most) : {}
  const bytes = record.start - start
  const tooManyBytes = bytes > maxHeaderBytes + OWN_HEADER_BYTES ? bytes : 0
  const { [TICKET]: id = '', [CHANNEL]: code = '0', [BUDGET]: budget = '0', ...headers } = all
  if (doing < 0 || !ID.test(id) || !WHOLE.test(code) || !WHOLE.test(budget)) {
    throw new EarshotError('EARSHOT_BYTES_INVALID', 'a word about a ticket that names none')
  }
  return { doing, id, code: Number(code), budgetMs: Number(budget), headers, tooManyBytes }
}

/** @throws EARSHOT_OPTION_INVALID for headers of a caller that are not his to set, or too many */
export function checkHeaders(headers: Headers | undefined, limits: Limits): void {
  encodeHeaders(headers, limits)
  const taken = [TICKET, CHANNEL, BUDGET].find((name) => Object.hasOwn(headers ?? {}, name))
  if (taken === undefined) return
  const text = `the header "${taken}" is the ticket's own: choose another name`
  throw new EarshotError('EARSHOT_OPTION_INVALID', text, { path: `/headers/${taken}` })
}

export function wordOf(id: string, wanted?: Wanted, headers?: Headers): Buffer {
  const own = {
    [TICKET]: id,
    ...(wanted && { [CHANNEL]: String(wanted.code), [BUDGET]: String(wanted.budgetMs) }),
  }
  return Buffer.from(JSON.stringify({ ...headers, ...own }))
}

/** True when it was written; false on a link that is closed, or full to the brim. */
export function sayWord(link: Link, doing: number, word: Buffer, body?: Buffer): boolean {
  if (link.closed) return false
  try {
    link.outbound.headed(Kind.ticket, doing, word, body && ticketBytes, body)
    return true
  } catch (error) {
    if (!isEarshotError(error) || error.code !== 'EARSHOT_OVERLOADED') throw error
    return false
  }
}

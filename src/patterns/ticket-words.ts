// Owns what the records of tickets say beside their bodies: headers, out and in.
// Never keeps a ticket.

import { EarshotError, isEarshotError } from '../base/errors.ts'
import { bytesBody } from '../codec/bytes-body.ts'
import type { BodyCodec } from '../codec/codec.ts'
import type { Link } from '../mesh/remote.ts'
import { Kind, type RecordWalker } from '../wire/record.ts'
import type { Headers } from './headers.ts'

const TICKET = 'earshot-ticket'
const CHANNEL = 'earshot-channel'
const BUDGET = 'earshot-budget'
const ID = /^[0-9a-f]{32}$/
const WHOLE = /^\d{1,15}$/

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
}

/** @throws EARSHOT_BYTES_INVALID */
export function readWord(record: RecordWalker, maxHeaderBytes: number): TicketWord {
  const doing = record.number()
  const all = record.hasHeaders ? record.headers(maxHeaderBytes) : {}
  const { [TICKET]: id = '', [CHANNEL]: code = '0', [BUDGET]: budget = '0', ...headers } = all
  if (doing < 0 || !ID.test(id) || !WHOLE.test(code) || !WHOLE.test(budget)) {
    throw new EarshotError('EARSHOT_BYTES_INVALID', 'a word about a ticket that names none')
  }
  return { doing, id, code: Number(code), budgetMs: Number(budget), headers }
}

/** @throws EARSHOT_OPTION_INVALID for headers of the caller that are not his to set, or too many */
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

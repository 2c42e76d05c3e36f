// Owns what peers tell each other of channels that they have in different versions: from JSON.
// Never trusts it, and never reads a shape: the contract does.

import { json, object, pattern, text, whole } from './fields.ts'
import { parseWireError, type WireError } from './hello.ts'

/** The sender uses a channel of the receiver in a version of its own. */
export interface Differ {
  /** `contract/major/channel` */
  readonly channel: string
  /** The receiver's; 0 for an event. */
  readonly number: number
  /** Of the channel as the sender has it. */
  readonly id: string
  readonly version: string
}

/** The answer: the number to send to in that version, or why it cannot be. */
export interface Differs {
  readonly channel: string
  readonly id: string
  readonly number: number
  readonly error?: WireError
}

/** What the channel of an id looks like; without `shape` the sender does not know it. */
export interface Tell {
  readonly id: string
  readonly kind?: unknown
  readonly shape?: unknown
  readonly replyShape?: unknown
  readonly errorShape?: unknown
}

/** As a topic's name. */
const MAX_KEY = 247
const ID = /^[0-9a-f]{64}$/
const VERSION = /^\d{1,9}\.\d{1,9}\.\d{1,9}$/

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseAsk(bytes: Buffer): string {
  return pattern(object(json(bytes), '').id, '/id', ID)
}

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseTell(bytes: Buffer): Tell {
  const { id, kind, shape, replyShape, errorShape } = object(json(bytes), '')
  return { id: pattern(id, '/id', ID), kind, shape, replyShape, errorShape }
}

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseDiffer(bytes: Buffer): Differ {
  const value = object(json(bytes), '')
  return {
    channel: text(value.channel, '/channel', MAX_KEY),
    number: whole(value.number, '/number'),
    id: pattern(value.id, '/id', ID),
    version: pattern(value.version, '/version', VERSION),
  }
}

/** @throws EARSHOT_BYTES_INVALID naming the field. */
export function parseDiffers(bytes: Buffer): Differs {
  const value = object(json(bytes), '')
  const { error } = value
  return {
    channel: text(value.channel, '/channel', MAX_KEY),
    id: pattern(value.id, '/id', ID),
    number: whole(value.number, '/number'),
    ...(error !== undefined && { error: parseWireError(Buffer.from(JSON.stringify(error))) }),
  }
}

// Owns what one record of gossip says, as bytes and back.
// Never trusts it: ids, endpoints and counts are checked before anybody reads them.

import { createHash } from 'node:crypto'
import { isObject } from '../base/arguments.ts'
import { EarshotError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { PeerRecord } from './provider.ts'

/** Any of these. */
export interface Rumour {
  /** Who speaks. */
  readonly me?: PeerRecord
  /** Stands for all whom the sender speaks for: equal sums, equal views. */
  readonly sum?: string
  /** All whom the sender speaks for, in short; with `answer` it wants the other's as well. */
  readonly have?: readonly string[]
  readonly answer?: boolean
  /** Whom the receiver did not name. */
  readonly peers?: readonly PeerRecord[]
}

const MAX_ENDPOINTS = 16
const ID = /^[0-9a-f]{32}$/
const SHORT = /^[0-9a-f]{16}$/
const ENDPOINT = /^(?:ipc:\/\/\/[^\0]{1,120}|tcp:\/\/[^\s\0]{3,120})$/

/** 64 bits of an incarnation. */
export function shortId({ id, epoch }: PeerRecord): string {
  return `${id.slice(0, 8)}${(epoch % 0x1_0000_0000).toString(16).padStart(8, '0')}`
}

/** Of a set of incarnations, in whatever order. */
export function sumOf(records: readonly PeerRecord[]): string {
  const hash = createHash('sha256')
  for (const short of records.map(shortId).sort()) hash.update(short)
  return hash.digest('hex').slice(0, 16)
}

export function encodeRumour({ me, peers, ...rest }: Rumour): Buffer {
  const said = { ...rest, ...(me && { me: plain(me) }), ...(peers && { peers: peers.map(plain) }) }
  return Buffer.from(JSON.stringify(said))
}

/** @throws EARSHOT_BYTES_INVALID naming the field */
export function parseRumour(
  bytes: Buffer,
  mesh: string,
  { maxGossipBytes, maxGossipPeers }: Pick<Limits, 'maxGossipBytes' | 'maxGossipPeers'>,
): Rumour {
  if (bytes.length > maxGossipBytes) throw bad('', `has more than ${maxGossipBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (cause) {
    throw bad('', 'is no JSON', cause)
  }
  if (!isObject(value)) throw bad('', 'is no object')
  const { me, sum, have, answer, peers } = value
  return {
    ...(me !== undefined && { me: recordOf(me, '/me', mesh) }),
    ...(sum !== undefined && { sum: matching(sum, '/sum', SHORT) }),
    ...(have !== undefined && {
      // The sender itself comes on top.
      have: listOf(have, '/have', maxGossipPeers + 1).map((one, at) =>
        matching(one, `/have/${at}`, SHORT),
      ),
    }),
    ...(answer === true && { answer }),
    ...(peers !== undefined && {
      peers: listOf(peers, '/peers', maxGossipPeers).map((one, at) =>
        recordOf(one, `/peers/${at}`, mesh),
      ),
    }),
  }
}

function plain({ id, epoch, seq, name, inbox, door }: PeerRecord): object {
  return { id, epoch, seq, name, inbox, door }
}

function recordOf(value: unknown, path: string, mesh: string): PeerRecord {
  if (!isObject(value)) throw bad(path, 'is no object')
  const { id, epoch, seq, name, inbox, door } = value
  return {
    id: matching(id, `${path}/id`, ID),
    epoch: whole(epoch, `${path}/epoch`),
    seq: whole(seq, `${path}/seq`),
    mesh,
    ...(name !== undefined && { name: matching(name, `${path}/name`, /^[^\0]{1,100}$/) }),
    inbox: endpointsOf(inbox, `${path}/inbox`),
    door: endpointsOf(door, `${path}/door`),
  }
}

function endpointsOf(value: unknown, path: string): string[] {
  return listOf(value, path, MAX_ENDPOINTS).map((one, at) =>
    matching(one, `${path}/${at}`, ENDPOINT),
  )
}

function listOf(value: unknown, path: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw bad(path, `is no list of at most ${most}`)
  return value
}

function whole(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(path, 'is no whole number')
  return value as number
}

function matching(value: unknown, path: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw bad(path, 'is not what belongs here')
  return value
}

function bad(path: string, what: string, cause?: unknown): EarshotError {
  return new EarshotError('EARSHOT_BYTES_INVALID', `gossip: ${path || 'the record'} ${what}`, {
    path,
    cause,
  })
}

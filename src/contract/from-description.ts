// Owns contracts that came as JSON: from a door, a file, a tool without the source.
// Never trusts them: every shape is checked before anything is compiled from it.

import { overflows } from '../base/bounded-queue.ts'
import { EarshotError, isEarshotError } from '../base/errors.ts'
import { type Channel, type CodecLabel, channelKinds, isAnswered } from './channel.ts'
import { type AnyContract, assemble, checkNames, createChannel } from './contract.ts'
import { parseErrors, parseShape } from './parse-shape.ts'

const MAX_CHANNELS = 1_024

/**
 * Rebuilds the contract that the door's `describe` told of. Its channels are in `channels`.
 * @throws EARSHOT_BYTES_INVALID with the path of what cannot be
 */
export function contractFromDescription(json: unknown): AnyContract {
  const { name, version, channels } = object(json, '')
  if (!Array.isArray(channels) || channels.length > MAX_CHANNELS) {
    throw invalid('/channels', `is no list of up to ${MAX_CHANNELS}`)
  }
  const contract = text(name, '/name')
  const number = text(version, '/version')
  const built = channels.map((channel, index) =>
    readChannel(contract, number, channel, `/channels/${index}`),
  )
  const names = Object.fromEntries(built.map((channel) => [channel.name, true]))
  refuseAs('', () => checkNames(contract, number, names))
  return assemble(contract, number, built)
}

function readChannel(contract: string, version: string, json: unknown, path: string): Channel {
  const given = object(json, path)
  const kind = channelKinds.find((known) => known === given.kind)
  if (!kind) throw invalid(`${path}/kind`, `must be one of ${channelKinds.join(', ')}`)
  if (isAnswered(kind) && given.replyShape === undefined) {
    throw invalid(`${path}/replyShape`, 'is missing')
  }
  const name = text(given.name, `${path}/name`)
  const shape = refuseAs(`${path}/shape`, () => parseShape(given.shape))
  const reply =
    given.replyShape === undefined
      ? {}
      : { replyShape: refuseAs(`${path}/replyShape`, () => parseShape(given.replyShape)) }
  const errors =
    given.errorShape === undefined
      ? {}
      : { errorShape: refuseAs(`${path}/errorShape`, () => parseErrors(given.errorShape)) }
  // A later version may know more of them: how others queue is not our business.
  const overflow =
    kind === 'stream' || kind === 'duplex'
      ? undefined
      : overflows.find((known) => known === given.overflow)
  return refuseAs(path, () =>
    createChannel(contract, version, {
      ...{ name, kind, shape, ...reply, ...errors },
      ...(Array.isArray(given.codecs) && { codecs: given.codecs as CodecLabel[] }),
      ...(given.idempotent === true && { idempotent: true }),
      ...(typeof given.key === 'string' && { key: given.key }),
      ...(overflow !== undefined && { overflow }),
      ...(typeof given.delayMs === 'number' && { delayMs: given.delayMs }),
    }),
  )
}

/** What was wrong in a contract of ours is wrong bytes in one that came from elsewhere. */
function refuseAs<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isEarshotError(error)) throw error
    throw invalid(`${path}${error.path ?? ''}`, error.message, error)
  }
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw invalid(path, 'is no object')
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw invalid(path, 'is no text')
}

function invalid(path: string, what: string, cause?: unknown): EarshotError {
  const where = path === '' ? 'it' : path
  const message = `a description of a contract cannot be read: ${where} ${what}`
  return new EarshotError('EARSHOT_BYTES_INVALID', message, { path, cause })
}

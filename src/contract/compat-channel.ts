// Owns the comparison of channels and of contracts: kinds, promises, what came and what went.
// Never looks into a shape.

import type { Change, Direction } from './change.ts'
import type { Channel, CodecLabel } from './channel.ts'
import { compareShapes } from './compat-shape.ts'
import type { AnyContract } from './contract.ts'
import { noErrors } from './declared-errors.ts'
import type { RecordShape } from './shape.ts'
import type { Level } from './versions.ts'

const allCodecs: readonly CodecLabel[] = ['json', 'msgpack', 'avro', 'protobuf']

/** The changes of a contract; its version is not one of them. */
export function compareContracts(old: AnyContract, next: AnyContract): readonly Change[] {
  const changes: Change[] = []
  if (old.name !== next.name) {
    const reason = `"${old.name}" and "${next.name}" are two contracts: peers do not look for it`
    changes.push(change('', 'both', 'major', reason))
  }
  const later = new Map(next.channels.map((channel) => [channel.name, channel]))
  for (const channel of old.channels) {
    const path = `/${channel.name}`
    const other = later.get(channel.name)
    later.delete(channel.name)
    if (other) changes.push(...compareChannels(channel, other, path))
    else changes.push(change(path, 'both', 'major', 'the channel is gone'))
  }
  for (const name of later.keys())
    changes.push(change(`/${name}`, 'none', 'minor', 'a new channel'))
  return changes
}

/** The changes of a channel, under a path. */
export function compareChannels(old: Channel, next: Channel, path: string): readonly Change[] {
  const changes: Change[] = []
  if (old.kind !== next.kind) {
    changes.push(change(path, 'both', 'major', `${old.kind} becomes ${next.kind}`))
  }
  const codecs = compareCodecs(old, next, path, changes)
  changes.push(...comparePromises(old, next, path))
  changes.push(...compareShapes(old.shape, next.shape, `${path}/body`, codecs))
  if (old.replyShape && next.replyShape) {
    // What is written is read by the other side of the call, but both sides upgrade in any order.
    changes.push(...compareShapes(old.replyShape, next.replyShape, `${path}/reply`, codecs))
  } else if (old.replyShape || next.replyShape) {
    const what = old.replyShape ? 'the reply is gone' : 'a reply is expected'
    changes.push(change(`${path}/reply`, 'both', 'major', what))
  }
  changes.push(...compareErrors(old.errorShape, next.errorShape, `${path}/errors`, codecs))
  return changes
}

/** One more is read by an old caller as a handler's failure, one less is never told. */
export function compareErrors(
  old: RecordShape | undefined,
  next: RecordShape | undefined,
  path: string,
  codecs: readonly CodecLabel[],
): readonly Change[] {
  const either = old ?? next
  if (!either) return []
  return compareShapes(old ?? noErrors(either), next ?? noErrors(either), path, codecs)
}

/** Codecs that both promise; one that is promised no more cuts off who speaks no other. */
function compareCodecs(
  old: Channel,
  next: Channel,
  path: string,
  changes: Change[],
): readonly CodecLabel[] {
  const [was, is] = [old.codecs ?? allCodecs, next.codecs ?? allCodecs]
  for (const codec of was.filter((one) => !is.includes(one))) {
    const reason = `${codec} is promised no more`
    changes.push({ path, codec, direction: 'both', level: 'major', reason })
  }
  for (const codec of is.filter((one) => !was.includes(one))) {
    changes.push({ path, codec, direction: 'none', level: 'minor', reason: `${codec} is promised` })
  }
  return was.filter((codec) => is.includes(codec))
}

function comparePromises(old: Channel, next: Channel, path: string): Change[] {
  const changes: Change[] = []
  if (old.idempotent && !next.idempotent) {
    const reason = 'no longer idempotent: old callers may do the work twice'
    changes.push(change(path, 'old to new', 'major', reason))
  } else if (next.idempotent && !old.idempotent) {
    const reason = 'idempotent from now on: only where the server says so, too'
    changes.push(change(path, 'new to old', 'minor', reason))
  }
  if (old.keyField !== next.keyField) {
    const reason = `order is kept by ${keyText(next)}, not by ${keyText(old)}`
    changes.push(change(path, 'both', old.keyField === undefined ? 'minor' : 'major', reason))
  }
  return changes
}

function keyText({ keyField }: Channel): string {
  return keyField === undefined ? 'no key' : `"${keyField}"`
}

function change(path: string, direction: Direction, level: Level, reason: string): Change {
  return { path, codec: 'all', direction, level, reason }
}

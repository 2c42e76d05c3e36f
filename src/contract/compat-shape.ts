// Owns the changes between two versions of a shape: faults of both directions, with their level.
// Never looks at channels: the codecs that count are handed in.

import { canonicalShape } from './canonical.ts'
import type { Change, Direction, Fault } from './change.ts'
import type { CodecLabel } from './channel.ts'
import { faultsBetween } from './faults.ts'
import type { Shape } from './shape.ts'
import type { Level } from './versions.ts'

/**
 * The changes of a shape, under a path; of `codecs` alone where a channel promises fewer than all.
 */
export function compareShapes(
  old: Shape,
  next: Shape,
  path: string,
  codecs: readonly CodecLabel[] | undefined,
): readonly Change[] {
  if (canonicalShape(old) === canonicalShape(next)) {
    if (JSON.stringify(old) === JSON.stringify(next)) return []
    const reason = 'documentation'
    return [{ path, codec: 'all', direction: 'none', level: 'patch', reason }]
  }
  const isPromised = ({ codec }: Fault): boolean => {
    return codec === 'all' || codecs === undefined || codecs.includes(codec)
  }
  const backward = faultsBetween(old, next).filter(isPromised)
  const forward = faultsBetween(next, old).filter(isPromised)
  const changes = [
    ...backward.map((fault) => changeOf(fault, 'old to new', path)),
    ...forward.map((fault) => changeOf(fault, 'new to old', path)),
  ]
  const all = joined(changes)
  if (all.length > 0) return all
  return [{ path, codec: 'all', direction: 'none', level: 'minor', reason: 'names of types' }]
}

function changeOf(fault: Fault, direction: Direction, path: string): Change {
  const { codec, reason } = fault
  return { path: path + fault.path, codec, direction, level: levelOf(fault, direction), reason }
}

function levelOf({ healing }: Fault, direction: Direction): Level {
  if (healing === 'not needed') return 'minor'
  return healing === 'by bounds' && direction === 'new to old' ? 'minor' : 'major'
}

/** One change where both directions say the same of one place. */
function joined(changes: readonly Change[]): readonly Change[] {
  const kept = new Map<string, Change>()
  for (const change of changes) {
    const key = JSON.stringify([change.path, change.codec, change.level, change.reason])
    const other = kept.get(key)
    kept.set(key, other ? { ...other, direction: 'both' } : change)
  }
  return [...kept.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

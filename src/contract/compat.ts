// Owns the verdict on two versions of a shape, a channel or a contract: patch, minor or major.
// Never mild: within a major both directions hold, because peers upgrade in any order.

import { checkArgument, isObject } from '../base/arguments.ts'
import type { Change } from './change.ts'
import type { Channel } from './channel.ts'
import { compareChannels, compareContracts } from './compat-channel.ts'
import { compareShapes } from './compat-shape.ts'
import type { AnyContract } from './contract.ts'
import { checkShape } from './given.ts'
import type { Shape } from './shape.ts'
import { type Level, worse } from './versions.ts'

export interface Compatibility {
  /** What the version must rise by: the worst of the changes; patch when there is none. */
  readonly verdict: Level
  readonly changes: readonly Change[]
}

/**
 * How two versions of a contract, a channel or a shape go together. Minor: peers of both
 * understand each other both ways, in every codec that both promise. Major: they do not.
 * Bounds (`maximum`, `maxLength`, `pattern` and the like) are the writer's promise: loosening them
 * is minor, since an old reader takes what the new version allows; tightening them is major.
 */
export function compat(old: AnyContract, next: AnyContract): Compatibility
export function compat(old: Channel, next: Channel): Compatibility
export function compat(old: Shape, next: Shape): Compatibility
export function compat(
  old: AnyContract | Channel | Shape,
  next: AnyContract | Channel | Shape,
): Compatibility {
  for (const [path, given] of Object.entries({ '/old': old, '/next': next })) {
    checkArgument(isObject(given), path, 'a contract, a channel or a shape', given)
  }
  if ('channels' in old && 'channels' in next) return judged(compareContracts(old, next))
  if ('shape' in old && 'shape' in next) return judged(compareChannels(old, next, ''))
  checkShape(old, '/old')
  checkShape(next, '/next')
  return judged(compareShapes(old as Shape, next as Shape, '', undefined))
}

function judged(changes: readonly Change[]): Compatibility {
  const verdict = changes.reduce<Level>((level, change) => worse(level, change.level), 'patch')
  return { verdict, changes }
}

// Owns what all who serve or hear a channel say in the same words: who may not, and what failed.
// Never answers anybody.

import { promiseOf } from '../base/deferred.ts'
import { reportFault } from '../base/diagnostics.ts'
import { EarshotError, textOf } from '../base/errors.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Link } from '../mesh/remote.ts'

/**
 * Why who speaks on this link may not use a channel; undefined when it may.
 * @param rule what closes the channel
 */
export function deniedTo(
  { parts }: Mesh,
  link: Link,
  rule: string | undefined,
  key: string,
): EarshotError | undefined {
  if (rule === undefined || parts.access.passes(rule, link.remote?.who)) return undefined
  parts.counters.denied++
  return new EarshotError('EARSHOT_DENIED', `${key} is closed to your key`)
}

/** Something that users handed us has failed. */
export function reportFailed(what: string, key: string, error: unknown): void {
  const text = `${what} of ${key} failed: ${textOf(error)}`
  reportFault({ area: 'handler', text, data: { error } })
}

/**
 * Tells users by a function of theirs, which may be none. That it fails is said aloud, and costs
 * nobody the call that is under way.
 */
export function tellBy<T>(
  listener: ((told: T) => unknown) | undefined,
  what: string,
  key: string,
  told: T,
): void {
  const failed = (error: unknown) => reportFailed(what, key, error)
  try {
    promiseOf(listener?.(told))?.catch(failed)
  } catch (error) {
    failed(error)
  }
}

// Owns what a caller gets instead of an error: a value, what a function makes, or the last good
// answer.
// Never hides whose fault it was: errors of the caller's own, and cancelling, pass through.

import type { Clock } from '../base/clock.ts'
import { reportFault } from '../base/diagnostics.ts'
import { type EarshotError, isEarshotError, textOf } from '../base/errors.ts'

export interface CacheFallback<B = never> {
  /**
   * Last good answers that are kept, one for each body; the oldest goes. Default 100. They are kept
   * as they were given: who changes an answer changes what is given instead of an error later.
   */
  readonly maxItems?: number
  /** Older answers are not given. Default 60 000. */
  readonly maxAgeMs?: number
  /** Bodies with the same text share an answer. Default: all of the body, as JSON. */
  readonly keyOf?: (body: B) => string
}

/** A value, a function of error and body, or the last good answer to the same body. */
export type Fallback<R = unknown, B = never> =
  | { readonly value: R }
  | { readonly from: (error: EarshotError, body: B) => R | Promise<R> }
  | { readonly cache: true | CacheFallback<B> }

/** What was given instead of an error. */
export interface FallbackUsed {
  readonly error: EarshotError
  /** For the last good answer: how old it is. */
  readonly ageMs?: number
}

const MAX_ITEMS = 100
const MAX_AGE_MS = 60_000

/** Wraps calls, each with its body. `used` is told of each fallback that is given. */
export function createFallback(
  fallback: Fallback,
  clock: Clock,
  used: (what: FallbackUsed) => void,
): (work: Promise<unknown>, body: unknown) => Promise<unknown> {
  if ('cache' in fallback) {
    return cached(fallback.cache === true ? {} : fallback.cache, clock, used)
  }
  const make = 'from' in fallback ? fallback.from : () => fallback.value
  return (work, body) =>
    work.catch((error: unknown) => {
      if (!isFailure(error)) throw error
      used({ error })
      return make(error, body as never)
    })
}

function cached(
  { maxItems = MAX_ITEMS, maxAgeMs = MAX_AGE_MS, keyOf = jsonOf }: CacheFallback,
  clock: Clock,
  used: (what: FallbackUsed) => void,
) {
  const answers = new Map<string, { readonly answer: unknown; readonly atMs: number }>()
  const keep = (key: string, answer: unknown) => {
    // What is set anew goes to the end: the first is the one that was good the longest ago.
    answers.delete(key)
    answers.set(key, { answer, atMs: clock.nowMs() })
    if (answers.size > maxItems) answers.delete(answers.keys().next().value as string)
    return answer
  }
  /** Without a key the call is as without a cache: what is wrong with its body it says itself. */
  const keyFor = (body: unknown) => {
    try {
      return keyOf(body as never)
    } catch (error) {
      reportFault({
        area: 'fallback',
        text: `no key for a body: ${textOf(error)}`,
        data: { error },
      })
      return undefined
    }
  }
  return (work: Promise<unknown>, body: unknown) => {
    const key = keyFor(body)
    return work.then(
      (answer) => (key === undefined ? answer : keep(key, answer)),
      (error: unknown) => {
        const known = key === undefined ? undefined : answers.get(key)
        const ageMs = known ? clock.nowMs() - known.atMs : Number.POSITIVE_INFINITY
        if (!isFailure(error) || !known || ageMs > maxAgeMs) throw error
        used({ error, ageMs })
        return known.answer
      },
    )
  }
}

/** The service failed, or could not be reached; not: the caller asked for something wrong. */
function isFailure(error: unknown): error is EarshotError {
  if (!isEarshotError(error)) return false
  const { code, retryable } = error
  return retryable || code === 'EARSHOT_REMOTE' || code === 'EARSHOT_BYTES_INVALID'
}

function jsonOf(body: unknown): string {
  return JSON.stringify(body, (_name, value) =>
    typeof value === 'bigint' ? `${value}n` : (value as unknown),
  )
}

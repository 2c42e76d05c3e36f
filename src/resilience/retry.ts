// Owns whether a failed call may be tried again, and after how long.
// Never tries by itself, and never twice what may not be done twice.

import type { EarshotError } from '../base/errors.ts'

export interface RetrySettings {
  /** Tries in all, the first included. Default 3. */
  readonly tries: number
  /** The first wait is up to this; the next up to twice as much, and so on. Default 25. */
  readonly baseMs: number
  /** No wait is longer. Default 1 000. */
  readonly maxMs: number
  /**
   * How long one try of an idempotent channel may take before another peer is asked. Default: as
   * long as the whole call.
   */
  readonly tryTimeoutMs: number
}

export const retryDefaults: RetrySettings = {
  tries: 3,
  baseMs: 25,
  maxMs: 1_000,
  tryTimeoutMs: Number.POSITIVE_INFINITY,
}

/** Would a repeat be harmless, and could it help? */
export function mayRetry(error: EarshotError, idempotent: boolean): boolean {
  return error.retryable && (idempotent || error.sent === 'no')
}

/**
 * Exponential back-off with full jitter: anything from 0 to the bound, so that those who failed
 * together do not come back together.
 *
 * @param tried how many tries there were
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015
 */
export function backoffMs(
  tried: number,
  { baseMs, maxMs }: RetrySettings,
  random: () => number,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** (tried - 1))
}
